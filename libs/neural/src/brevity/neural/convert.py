"""A sequence-to-sequence model for CTranslate2: smaller, and several times faster on a CPU.

The weights are read from safetensors alone. Whether the result is as good as its parent is measured where it is used.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from transformers import AutoTokenizer

from brevity.neural.archive import BadModel, files
from brevity.neural.recipes import Quantization

_WEIGHTS = "model.safetensors"
_KEPT = ("generation_config.json",)


def convert(parent: Path, out: Path, quantization: Quantization) -> None:
    """Write the model in the folder `parent` to the new folder `out`, with its tokenizer.

    Raises:
        BadModel: Its weights are not safetensors, or CTranslate2 has no form for it.
    """
    import ctranslate2.converters  # only this and the engine need it

    class SafeConverter(ctranslate2.converters.TransformersConverter):
        def load_model(self, model_class: Any, model_name_or_path: str, **options: Any) -> Any:
            model = model_class.from_pretrained(
                model_name_or_path, **options, use_safetensors=True, local_files_only=True
            )
            _describe(model)
            return model

    files(parent)
    unfinished = out.with_name(f"{out.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        SafeConverter(str(parent)).convert(str(unfinished), quantization=quantization)
    except (ValueError, NotImplementedError) as error:
        raise BadModel(
            f"CTranslate2 cannot have this model: {error}",
            code="bad_model",
            remedy="It takes BART, PEGASUS, T5, mBART, M2M100 and NLLB.",
        ) from error
    AutoTokenizer.from_pretrained(parent, local_files_only=True).save_pretrained(unfinished)
    # One configuration for both: CTranslate2 reads its own names, the engine the model's window, prefix and family.
    described = [json.loads((folder / "config.json").read_text("utf-8")) for folder in (parent, unfinished)]
    (unfinished / "config.json").write_text(json.dumps(described[0] | described[1], indent=2) + "\n", "utf-8")
    for name in _KEPT:
        if (parent / name).exists():
            shutil.copyfile(parent / name, unfinished / name)
    unfinished.rename(out)


def _describe(model: Any) -> None:
    """Say in the configuration what CTranslate2's converter looks for there, and transformers 5 no longer writes."""
    encoder = model.get_encoder()
    if model.config.model_type in {"bart", "mbart", "pegasus"}:
        model.config.normalize_before = hasattr(encoder, "layer_norm")
        model.config.normalize_embedding = hasattr(encoder, "layernorm_embedding")
    if (
        model.config.model_type == "mbart"
        and model.config.decoder_start_token_id == model.config.eos_token_id
    ):
        model.config.tokenizer_class = (
            "MBart50Tokenizer"  # mBART-50 begins with the end sign, then the language
        )
