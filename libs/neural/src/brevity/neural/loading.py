"""Loads sequence-to-sequence models: weights from safetensors alone, no code of the model's own, offline when told."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer
from transformers.utils import logging

from brevity.neural.archive import KINDS, BadModel, files, model_version

Dtype = Literal["auto", "float32", "bfloat16", "float16"]
_OPTIONS = {"local_files_only": True, "trust_remote_code": False}
_HUB_FILES = [f"*{kind}" for kind in KINDS]


@dataclass(frozen=True, slots=True)
class LoadSettings:
    """Where and how a model is put.

    `device` is `auto` (a GPU if there is one), `cpu`, `cuda` or `cuda:N`. `dtype` `auto` is float32 on a CPU and bfloat16
    on a GPU that has it. `device_map` (`auto`) spreads a model over several GPUs; accelerate does it. `compile` lets
    torch.compile make kernels for it, which takes a minute at the first batches.
    """

    device: str = "auto"
    dtype: Dtype = "auto"
    device_map: str | None = None
    compile: bool = False


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model ready to generate, its tokenizer, and what it is called."""

    model: Any
    tokenizer: Any
    model_version: str


def open_seq2seq(name: str | Path, settings: LoadSettings | None = None) -> Loaded:
    """Load the encoder-decoder model in the folder `name`, or the one that the hub has by that name.

    Raises:
        BadModel: `model_missing`, `pickled_weights`, `not_a_model`, `bad_model`.
    """
    return _open(AutoModelForSeq2SeqLM, name, settings)


def open_causal(name: str | Path, settings: LoadSettings | None = None) -> Loaded:
    """As `open_seq2seq`, for a decoder-only model such as Llama."""
    return _open(AutoModelForCausalLM, name, settings)


def _open(kind: Any, name: str | Path, settings: LoadSettings | None) -> Loaded:
    chosen = settings or LoadSettings()
    folder = folder_of(name)
    files(folder)
    logging.disable_progress_bar()
    device = device_of(chosen.device)
    try:
        config = AutoConfig.from_pretrained(folder, **_OPTIONS)
        tokenizer = AutoTokenizer.from_pretrained(folder, **_OPTIONS)
        model: Any = kind.from_pretrained(
            folder,
            config=config,
            use_safetensors=True,
            dtype=dtype_of(chosen.dtype, device),
            device_map=chosen.device_map,
            **_OPTIONS,
        )
    except (OSError, ValueError, KeyError, RuntimeError, ImportError) as error:
        raise BadModel(
            f"the model {folder.name} cannot be loaded: {error}",
            code="bad_model",
            remedy=f"It must be one of those that {kind.__name__} of transformers takes, saved by `save_pretrained`.",
        ) from error
    if chosen.device_map is None:
        model = model.to(device)
    model.eval()
    if chosen.compile:
        model.forward = torch.compile(model.forward, dynamic=True)
    return Loaded(model, tokenizer, model_version(folder))


def folder_of(name: str | Path) -> Path:
    """The folder `name`, or the one into which the hub's model by that name was fetched.

    With HF_HUB_OFFLINE set only what was fetched before is taken. Raises BadModel: `model_missing`.
    """
    path = Path(name)
    if path.is_dir() or path.is_absolute():
        if path.is_dir():
            return path
        raise _missing(str(name), "there is no such folder")
    import huggingface_hub
    from huggingface_hub import errors

    offline = os.environ.get("HF_HUB_OFFLINE", "").lower() in {"1", "true", "yes", "on"}
    try:
        return Path(
            huggingface_hub.snapshot_download(str(name), allow_patterns=_HUB_FILES, local_files_only=offline)
        )
    except (errors.HfHubHTTPError, errors.HFValidationError, OSError) as error:
        raise _missing(str(name), type(error).__name__) from error


def device_of(name: str) -> torch.device:
    if name != "auto":
        return torch.device(name)
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def dtype_of(name: Dtype, device: torch.device) -> torch.dtype:
    """`auto`: half precision would be slower on a CPU; on a GPU bfloat16 has float32's range, which T5 needs."""
    if name != "auto":
        return {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}[name]
    half = device.type == "cuda" and torch.cuda.is_bf16_supported()
    return torch.bfloat16 if half else torch.float32


def _missing(name: str, why: str) -> BadModel:
    return BadModel(
        f"the model {name!r} is no folder here, and the hub does not give it: {why}",
        code="model_missing",
        remedy="Correct the name. Offline (HF_HUB_OFFLINE=1), fetch the model first or give its folder.",
    )
