"""Every hyperparameter of a fine-tuning in one typed value, logged as it is. Imports no model library."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Quantization = Literal["int8", "int8_float16", "float16", "float32"]
"""How CTranslate2 stores weights. A device without float16 computes what is stored so in float32."""

_BASE: Any = Field(
    default=None,
    pattern=r"^models:/[\w.-]+/[\w.-]+$",
    description="Registered version to begin with, `models:/NAME/VERSION`; None for what the installation begins with.",
)


class TuningRecipe(BaseModel):
    """What all fine-tunings have in common. Tokens are the model's own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = Field(
        default=7, ge=0, le=2**31 - 1, description="Of the order, of dropout and of new weights."
    )
    epochs: float = Field(default=3.0, gt=0, le=1_000)
    steps: int | None = Field(
        default=None, ge=1, description="Optimizer steps in all, instead of the epochs; None to go by epochs."
    )
    learning_rate: float = Field(
        default=5e-5, gt=0, le=1, description="At its peak; it falls to 0 in a line."
    )
    warmup: float = Field(default=0.05, ge=0, lt=1, description="Share of the steps in which the rate rises.")
    weight_decay: float = Field(default=0.01, ge=0, le=1)
    max_grad_norm: float = Field(default=1.0, gt=0)
    batch_documents: int = Field(default=16, ge=1, le=4_096, description="Most documents of a batch.")
    batch_tokens: int = Field(
        default=16_384,
        ge=64,
        description="Most source tokens of a batch, padding counted; a longer document is a batch of its own.",
    )
    accumulate: int = Field(default=1, ge=1, le=1_024, description="Batches for each optimizer step.")
    max_source_tokens: int = Field(
        default=1_024, ge=16, description="What is longer is cut there, or at the model's own context."
    )
    max_target_tokens: int = Field(default=256, ge=4)
    evaluate_every: int | None = Field(
        default=None, ge=1, description="Steps between evaluations and checkpoints; None for each epoch."
    )
    validation_documents: int = Field(default=200, ge=1, description="Most documents of an evaluation.")
    patience: int = Field(
        default=3, ge=1, description="Evaluations without a better one after which training stops."
    )
    bf16: bool = Field(default=True, description="Compute in bfloat16 where the device has it.")
    gradient_checkpointing: bool = Field(
        default=False,
        description="Compute activations twice instead of keeping them: slower, far less memory.",
    )


class GenerationTuning(TuningRecipe):
    """Models with an encoder and a decoder; the best evaluation by ROUGE-2 is kept."""

    label_smoothing: float = Field(default=0.1, ge=0, lt=1)
    beams: int = Field(default=1, ge=1, le=16, description="Beams with which an evaluation generates.")


class Seq2SeqRecipe(GenerationTuning):
    """Fine-tune BART, PEGASUS, T5, mBART and the like."""

    base: str | None = _BASE


class LoraRecipe(TuningRecipe):
    """Low-rank adapters of a causal chat model (Hu et al. 2021); the evaluation of least loss is kept."""

    base: str | None = _BASE
    learning_rate: float = Field(default=2e-4, gt=0, le=1)
    max_source_tokens: int = Field(
        default=3_072, ge=16, description="Prompt and document; what is longer is cut."
    )
    batch_documents: int = Field(default=4, ge=1, le=4_096)
    rank: int = Field(default=16, ge=1, le=512)
    alpha: float = Field(default=32.0, gt=0, description="The adapters' product is scaled by alpha / rank.")
    dropout: float = Field(default=0.05, ge=0, lt=1)
    targets: tuple[str, ...] | Literal["all-linear"] = Field(
        default="all-linear", description="Names of the layers that get adapters."
    )


class DistillRecipe(GenerationTuning):
    """Shrink and fine-tune (Shleifer and Rush 2020)."""

    decoder_layers: int | None = Field(
        default=None, ge=1, description="Of the student; None for half the teacher's."
    )
    teacher_beams: int = Field(
        default=4, ge=1, le=16, description="Beams with which the teacher writes the labels."
    )
    references: bool = Field(
        default=False, description="Learn from the references too, beside the teacher's summaries."
    )


class ConvertRecipe(BaseModel):
    """Quantize for CTranslate2."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    quantization: Quantization = "int8"
