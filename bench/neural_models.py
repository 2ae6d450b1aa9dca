"""Models for the neural benchmark: true shapes with random weights, a tokenizer trained on real text."""

from __future__ import annotations

import importlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from bench.corpus import documents

_hf: Any = importlib.import_module("transformers")  # its lazy names are unknown to type checkers


@dataclass(frozen=True, slots=True)
class Model:
    """A shape: `config` are the sizes that its published configuration has."""

    name: str
    family: str
    vocabulary: int
    config: dict[str, Any]


def _sizes(width: int, layers: int, inner: int, heads: int) -> dict[str, Any]:
    return {
        "d_model": width,
        "encoder_layers": layers,
        "decoder_layers": layers,
        "encoder_ffn_dim": inner,
        "decoder_ffn_dim": inner,
        "encoder_attention_heads": heads,
        "decoder_attention_heads": heads,
        "max_position_embeddings": 1_024,
    }


# Sizes from the configurations published with facebook/bart-large-cnn and google/pegasus-large.
BART_LARGE = Model("BART-large", "Bart", 50_264, _sizes(1_024, 12, 4_096, 16))
PEGASUS_LARGE = Model("PEGASUS-large", "Pegasus", 96_103, _sizes(1_024, 16, 4_096, 16))
SMALL = Model("a small BART", "Bart", 8_000, _sizes(384, 4, 1_536, 6))


def build(model: Model, folder: Path) -> Path:
    """The model's folder: random weights from seed 7, its tokenizer filled up to the whole vocabulary."""
    tokenizer = _tokenizer(model.vocabulary)
    torch.manual_seed(7)
    config = getattr(_hf, f"{model.family}Config")(
        vocab_size=model.vocabulary,
        **model.config,
        bos_token_id=tokenizer.bos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        decoder_start_token_id=tokenizer.eos_token_id,
        forced_eos_token_id=None,
    )
    network = getattr(_hf, f"{model.family}ForConditionalGeneration")(config)
    network.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def parameters(network: Any) -> int:
    return sum(weights.numel() for weights in network.parameters())


def _tokenizer(vocabulary: int) -> Any:
    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    _, texts = documents(100)
    raw.train_from_iterator(
        texts,
        trainers.BpeTrainer(
            vocab_size=min(vocabulary, 8_000),
            special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    learned = json.loads(raw.to_str())["model"]
    tokenizer = _hf.BartTokenizerFast(
        vocab=learned["vocab"], merges=[tuple(pair) for pair in learned["merges"]], model_max_length=1_024
    )
    tokenizer.add_tokens([f"unused{number}" for number in range(vocabulary - len(tokenizer))])
    return tokenizer
