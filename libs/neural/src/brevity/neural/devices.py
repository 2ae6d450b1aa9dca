"""What a batch takes of a device's memory, what is free, and how one learns that it was not enough."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

_ACTIVATIONS = 10
"""Vectors of the model's width that one source token takes in an encoder layer: input, norm, the four of attention,
its output, and what the next operation writes before these are released."""
_SCORES_COPIES = 3
"""Attention's scores, their softmax and the mask or bias that is added, where they are held at all."""
_FLOAT32 = 4
_ROWS_A_STEP, _ROWS_A_STEP_ON_GPU = 40, 1_000
"""Rows whose own work in a step of the decoder equals what the step costs for any number of them: reading the weights
on a CPU (BART-large on two cores: 100 ms a step and 2.3 ms a row), starting the kernels on a GPU."""
_TOKENS_A_CALL, _TOKENS_A_CALL_ON_GPU = 40, 4_000
"""The same of a pass of the encoder, in tokens."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of an encoder-decoder model that its memory depends on; `item_bytes` is one number's.

    `holds_scores` is True when attention keeps source times source numbers, as T5 with its learned bias does.
    """

    decoder_layers: int
    width: int
    inner: int
    attention: int
    heads: int
    vocabulary: int
    item_bytes: int
    holds_scores: bool


def shape_of(model: Any) -> Shape:
    """The shape of a transformers model."""
    config = model.config
    width = int(config.hidden_size)
    heads = int(config.num_attention_heads)
    head_width = getattr(config, "d_kv", None) or width // heads
    return Shape(
        decoder_layers=_first(config, "decoder_layers", "num_decoder_layers", "num_hidden_layers"),
        width=width,
        inner=_first(config, "encoder_ffn_dim", "d_ff"),
        attention=heads * int(head_width),
        heads=heads,
        vocabulary=int(config.vocab_size),
        item_bytes=torch.finfo(model.dtype).bits // 8,
        holds_scores=getattr(config, "_attn_implementation", "eager") == "eager",
    )


def batch_bytes(shape: Shape, rows: int, source: int, output: int, beams: int) -> int:
    """Most memory, weights aside, of generating `output` tokens for `rows` texts of `source` tokens.

    The encoder's activations and the decoder's cache of the source never stand at their height together; the cache of
    what is written is there twice while beams are put in order.
    """
    item = shape.item_bytes
    tokens = rows * source
    encoder = tokens * item * (2 * shape.inner + _ACTIVATIONS * shape.width)
    if shape.holds_scores:
        encoder += rows * shape.heads * source * source * item * _SCORES_COPIES
    cached = 2 * shape.decoder_layers * shape.attention * item * rows * beams
    logits = rows * beams * shape.vocabulary * (item + 3 * _FLOAT32)
    states = tokens * beams * shape.width * item
    return max(encoder, cached * source) + states + 2 * cached * output + logits


def free_bytes(device: torch.device, *, share: float, cpu_bytes: int) -> int:
    """What a batch may take now: a share of the GPU's free memory, what torch holds unused included; on a CPU `cpu_bytes`."""
    if device.type != "cuda":
        return cpu_bytes
    free, _ = torch.cuda.mem_get_info(device)
    unused = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return int(share * (free + unused))


def rows_a_step(device: str) -> int:
    """How many rows a step of the decoder costs beside the rows it has; `device` is a type of torch's, such as `cuda` or `mps`."""
    return _ROWS_A_STEP if device == "cpu" else _ROWS_A_STEP_ON_GPU


def tokens_a_call(device: str) -> int:
    """How many tokens a pass of the encoder costs beside those it reads."""
    return _TOKENS_A_CALL if device == "cpu" else _TOKENS_A_CALL_ON_GPU


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory did not suffice; on a CPU torch says so in words alone, and CTranslate2 always does."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    said = str(error)
    return isinstance(error, RuntimeError) and ("can't allocate memory" in said or "out of memory" in said)


def release(device: torch.device) -> None:
    """Give back what torch keeps for later, so that a smaller batch finds it in one piece."""
    if device.type == "cuda":
        torch.cuda.empty_cache()


def _first(config: Any, *names: str) -> int:
    return int(next(value for name in names if (value := getattr(config, name, None)) is not None))
