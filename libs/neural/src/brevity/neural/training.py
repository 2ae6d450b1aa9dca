"""Fine-tuning of a sequence-to-sequence model (BART, PEGASUS, T5, mBART), readable top to bottom.

Pairs of texts and a base model in, a folder of safetensors out. Whatever ends the process, the next call with the same
folder of checkpoints goes on from the last evaluation. The same pairs, recipe and library versions give the same bytes
on one CPU, interrupted or not; on a GPU that is not promised.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import torch
from transformers import (
    AutoModelForSeq2SeqLM,
    AutoTokenizer,
    DataCollatorForSeq2Seq,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    Seq2SeqTrainer,
    Seq2SeqTrainingArguments,
    set_seed,
)

from brevity.neural.batched import Decoding
from brevity.neural.encoding import Encoder
from brevity.neural.languages import CODES, code_of
from brevity.neural.port import Generated, GenerationError, Generator, Request
from brevity.neural.recipes import GenerationTuning, Seq2SeqRecipe
from brevity.neural.seq2seq import Seq2SeqGenerator, Seq2SeqSettings
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
    can_be_saved,
    flattened,
    go_on,
    measured,
    too_few,
)
from brevity.nlp.rouge import rouge_n, tokens
from brevity.nlp.words import count_words


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
    recipe: GenerationTuning,
    out: Path,
    checkpoints: Path,
    report: Report,
) -> Trained:
    """`finetune` with a model that is loaded already."""
    pairs = encoded(tokenizer, model, train, recipe)
    chosen = validation[: recipe.validation_documents]
    held = encoded(tokenizer, model, chosen, recipe)
    if len(pairs) < LEAST_PAIRS:
        raise too_few(len(pairs))
    can_be_saved(model)
    decoding = copy.deepcopy(model.generation_config)  # evaluations replace it
    trainer = Seq2SeqTrainer(
        model=model,
        args=Seq2SeqTrainingArguments(
            **arguments(recipe, checkpoints, evaluates=bool(held), best="rouge2"),
            label_smoothing_factor=recipe.label_smoothing,
        ),
        train_dataset=Batches(pairs, recipe),
        eval_dataset=Singles(held) if held else None,
        data_collator=flattened(DataCollatorForSeq2Seq(tokenizer, model=model)),
        processing_class=tokenizer,
        preprocess_logits_for_metrics=lambda logits, labels: labels[:, :0],  # only the loss is wanted of them
        compute_metrics=lambda _: rouge(writer(model, tokenizer, recipe, recipe.beams), chosen),
        callbacks=callbacks(recipe, report, evaluates=bool(held)),
    )
    steps = go_on(trainer, checkpoints)
    model.generation_config = decoding
    model.save_pretrained(out)  # the best evaluation's weights; safetensors is all that transformers 5 writes
    tokenizer.save_pretrained(out)
    return Trained(len(pairs), steps, measured(trainer))


def encoded(
    tokenizer: Any, model: PreTrainedModel, examples: Sequence[Example], recipe: GenerationTuning
) -> list[Encoded]:
    """Token numbers as the engine reads them, and of the summaries, both cut at the recipe's limits or the model's.

    What is in a language that the model has no code for is left out.
    """
    encoder = Encoder(tokenizer, model.config, context=recipe.max_source_tokens)
    longest = min(recipe.max_target_tokens, encoder.context_tokens)
    family: Any = encoder.family
    out: list[Encoded] = []
    for example, source in zip(examples, encoder.encode(_requests(examples)), strict=True):
        if isinstance(source, GenerationError):
            continue
        if family is not None:
            tokenizer.tgt_lang = code_of(example.language, family) or CODES[family]["en"]
        target = tokenizer(text_target=example.summary, truncation=True, max_length=longest)
        ids = list(source.ids)
        out.append({"input_ids": ids, "attention_mask": [1] * len(ids), "labels": list(target["input_ids"])})
    return out


def writer(model: PreTrainedModel, tokenizer: Any, recipe: GenerationTuning, beams: int) -> Seq2SeqGenerator:
    """The model as it would serve: language codes, lengths and all."""
    settings = Seq2SeqSettings(decoding=Decoding(beams=beams), context_tokens=recipe.max_source_tokens)
    return Seq2SeqGenerator(model, tokenizer, model_version="in-training", settings=settings)


def written(generator: Generator, examples: Sequence[Example]) -> list[str]:
    """What the model writes about each document, at its reference's length; nothing where it cannot."""
    answers = generator.generate(_requests(examples))
    return [answer.text if isinstance(answer, Generated) else "" for answer in answers]


def rouge(generator: Generator, examples: Sequence[Example]) -> dict[str, float]:
    """Mean ROUGE-1 and ROUGE-2 of what the model writes."""
    pairs = [
        (tokens(text), tokens(example.summary))
        for text, example in zip(written(generator, examples), examples, strict=True)
    ]
    return {f"rouge{n}": fmean(rouge_n(ours, theirs, n) for ours, theirs in pairs) for n in (1, 2)}


def _requests(examples: Sequence[Example]) -> list[Request]:
    return [
        Request(example.text, example.language, max(1, count_words(example.summary, example.language)))
        for example in examples
    ]
