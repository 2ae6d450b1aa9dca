"""Fine-tuning of a sequence-to-sequence model (BART, PEGASUS, T5, mBART), readable top to bottom.

Pairs of texts and a base model in, a folder of safetensors out. Whatever ends the process, the next call with the same
folder of checkpoints goes on from the last evaluation. The same pairs, recipe and library versions give the same bytes
on one CPU, interrupted or not; on a GPU that is not promised.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import torch
from transformers import (
    AutoModelForSeq2SeqLM,
    AutoTokenizer,
    DataCollatorForSeq2Seq,
    EvalPrediction,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    Seq2SeqTrainer,
    Seq2SeqTrainingArguments,
    set_seed,
)

from brevity.neural.recipes import Seq2SeqRecipe
from brevity.neural.tuning import (
    LEAST_PAIRS,
    Batches,
    Encoded,
    Example,
    Report,
    Singles,
    Trained,
    arguments,
    callbacks,
    flattened,
    go_on,
    measured,
    too_few,
)
from brevity.nlp.rouge import rouge_n, tokens


def finetune(
    base: Path,
    train: Sequence[Example],
    validation: Sequence[Example],
    recipe: Seq2SeqRecipe,
    out: Path,
    checkpoints: Path,
    report: Report,
) -> Trained:
    """Make `base` better at the pairs in `train` and write it to the folder `out`.

    Args:
        base: Folder with the model to begin with, in safetensors.
        validation: Pairs that choose the best evaluation and stop early; without any, the last step is kept.
        checkpoints: Folder of its own for this training; what an interrupted one left there is taken up.

    Raises:
        TuningError: `too_few_documents`, `bad_model`.
    """
    set_seed(recipe.seed)
    tokenizer = AutoTokenizer.from_pretrained(base, local_files_only=True)
    model = AutoModelForSeq2SeqLM.from_pretrained(
        base, local_files_only=True, use_safetensors=True, dtype=torch.float32
    )
    return fit(model, tokenizer, train, validation, recipe, out, checkpoints, report)


def fit(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    train: Sequence[Example],
    validation: Sequence[Example],
    recipe: Seq2SeqRecipe,
    out: Path,
    checkpoints: Path,
    report: Report,
) -> Trained:
    """`finetune` with a model that is loaded already."""
    pairs = encoded(tokenizer, model, train, recipe)
    held = encoded(tokenizer, model, validation[: recipe.validation_documents], recipe)
    if len(pairs) < LEAST_PAIRS:
        raise too_few(len(pairs))
    trainer = Seq2SeqTrainer(
        model=model,
        args=Seq2SeqTrainingArguments(
            **arguments(recipe, checkpoints, evaluates=bool(held), best="rouge2"),
            label_smoothing_factor=recipe.label_smoothing,
            predict_with_generate=True,
            generation_max_length=recipe.max_target_tokens,
            generation_num_beams=recipe.beams,
        ),
        train_dataset=Batches(pairs, recipe),
        eval_dataset=Singles(held) if held else None,
        data_collator=flattened(DataCollatorForSeq2Seq(tokenizer, model=model)),
        processing_class=tokenizer,
        compute_metrics=lambda prediction: _rouge(prediction, tokenizer),
        callbacks=callbacks(recipe, report, evaluates=bool(held)),
    )
    steps = go_on(trainer, checkpoints)
    model.save_pretrained(out)  # the best evaluation's weights; safetensors is all that transformers 5 writes
    tokenizer.save_pretrained(out)
    return Trained(len(pairs), steps, measured(trainer))


def encoded(
    tokenizer: PreTrainedTokenizerBase,
    model: PreTrainedModel,
    examples: Sequence[Example],
    recipe: Seq2SeqRecipe,
) -> list[Encoded]:
    """Token numbers of sources and targets, cut at the recipe's limits or the model's context."""
    context = getattr(model.config, "max_position_embeddings", None) or recipe.max_source_tokens
    out: list[Encoded] = []
    for example in examples:
        source = tokenizer(example.text, truncation=True, max_length=min(context, recipe.max_source_tokens))
        target = tokenizer(
            text_target=example.summary, truncation=True, max_length=min(context, recipe.max_target_tokens)
        )
        out.append(
            {
                "input_ids": list(source["input_ids"]),
                "attention_mask": list(source["attention_mask"]),
                "labels": list(target["input_ids"]),
            }
        )
    return out


def _rouge(prediction: EvalPrediction, tokenizer: PreTrainedTokenizerBase) -> dict[str, float]:
    """Mean ROUGE-1 and ROUGE-2 of what was generated."""
    pad: Any = tokenizer.pad_token_id

    def texts(ids: np.ndarray) -> list[list[str]]:
        kept = np.where(ids < 0, pad, ids)
        return [tokens(text) for text in tokenizer.batch_decode(kept, skip_special_tokens=True)]

    written, wanted = texts(np.asarray(prediction.predictions)), texts(np.asarray(prediction.label_ids))
    return {
        f"rouge{n}": fmean(rouge_n(ours, theirs, n) for ours, theirs in zip(written, wanted, strict=True))
        for n in (1, 2)
    }
