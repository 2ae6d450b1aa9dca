"""LoRA fine-tuning of a Llama-class chat model (Hu et al. 2021), readable top to bottom.

The model learns only the answer: the prompt, in the model's own chat template, is masked out of the loss. At the end
the adapters are merged into the weights, so that what is registered is one plain folder of safetensors: every engine
and every other server loads it without knowing of adapters, it is as fast as its base, and a version needs no other
version to work. It is as large as its base: that is the price.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    DataCollatorForSeq2Seq,
    PreTrainedTokenizerBase,
    Trainer,
    TrainingArguments,
    set_seed,
)

from brevity.neural.llm import around, document_of
from brevity.neural.port import Request
from brevity.neural.prompts import MARK, messages
from brevity.neural.recipes import LoraRecipe
from brevity.neural.tuning import (
    LEAST_PAIRS,
    Batches,
    Encoded,
    Example,
    Report,
    Singles,
    Trained,
    TuningError,
    arguments,
    callbacks,
    can_be_saved,
    flattened,
    go_on,
    measured,
    too_few,
)


def finetune_chat(
    base: Path,
    train: Sequence[Example],
    validation: Sequence[Example],
    recipe: LoraRecipe,
    out: Path,
    checkpoints: Path,
    report: Report,
) -> Trained:
    """Make the chat model in the folder `base` better at the pairs in `train`; writes it, adapters merged, to `out`.

    Args:
        validation: Pairs that choose the best evaluation, by loss, and stop early; without any, the last step is kept.
        checkpoints: Folder of its own for this training; what an interrupted one left there is taken up.

    Raises:
        TuningError: `too_few_documents`, `bad_model` when it has no chat template that can be learned from.
    """
    set_seed(recipe.seed)
    halved = recipe.bf16 and torch.cuda.is_available() and torch.cuda.is_bf16_supported()
    tokenizer = AutoTokenizer.from_pretrained(base, local_files_only=True)
    if tokenizer.pad_token_id is None:  # Llama has none; what is padded is masked, so any will do
        tokenizer.pad_token = tokenizer.eos_token
    model = AutoModelForCausalLM.from_pretrained(
        base,
        local_files_only=True,
        use_safetensors=True,
        dtype=torch.bfloat16 if halved else torch.float32,
    )
    pairs = [masked(tokenizer, example, recipe) for example in train]
    held = [masked(tokenizer, example, recipe) for example in validation[: recipe.validation_documents]]
    if len(pairs) < LEAST_PAIRS:
        raise too_few(len(pairs))
    can_be_saved(model)
    if recipe.gradient_checkpointing:
        model.enable_input_require_grads()
    targets = recipe.targets if isinstance(recipe.targets, str) else list(recipe.targets)
    adapted = get_peft_model(
        model,
        LoraConfig(
            task_type="CAUSAL_LM",
            r=recipe.rank,
            lora_alpha=recipe.alpha,  # pyright: ignore[reportArgumentType] - any number will do
            lora_dropout=recipe.dropout,
            target_modules=targets,
        ),
    )
    trainer = Trainer(
        model=adapted,
        args=TrainingArguments(**arguments(recipe, checkpoints, evaluates=bool(held), best="loss")),
        train_dataset=Batches(pairs, recipe),
        eval_dataset=Singles(held) if held else None,
        data_collator=flattened(DataCollatorForSeq2Seq(tokenizer)),
        processing_class=tokenizer,
        callbacks=callbacks(recipe, report, evaluates=bool(held)),
    )
    steps = go_on(trainer, checkpoints)
    merged: Any = adapted.merge_and_unload()  # pyright: ignore[reportCallIssue] - peft types it as a tensor
    merged.save_pretrained(out)
    tokenizer.save_pretrained(out)
    return Trained(len(pairs), steps, measured(trainer))


def masked(tokenizer: PreTrainedTokenizerBase, example: Example, recipe: LoraRecipe) -> Encoded:
    """The whole conversation as token numbers; labels of -100 where the prompt is, so that nothing is learned from it.

    The prompt is the one that is served, token by token. A document over the recipe's limit is cut at its end, never the prompt around it.
    """
    request = Request(example.text, example.language, len(example.summary.split()))
    before, after = around(tokenizer, request)
    read = document_of(tokenizer, example.text)["input_ids"][: recipe.max_source_tokens]
    prompt = [*before, *read, *after]
    answer = _answer(tokenizer, request, example.summary)[: recipe.max_target_tokens]
    return {
        "input_ids": prompt + answer,
        "attention_mask": [1] * len(prompt + answer),
        "labels": [-100] * len(prompt) + answer,
    }


def _answer(tokenizer: Any, request: Request, summary: str) -> list[int]:
    """What the template makes of the answer, its end included."""
    asked = messages(request, MARK)
    begun: str = tokenizer.apply_chat_template(asked, tokenize=False, add_generation_prompt=True)
    answered = [*asked, {"role": "assistant", "content": summary}]
    whole: str = tokenizer.apply_chat_template(answered, tokenize=False)
    if not whole.startswith(begun):
        raise TuningError(
            "the model's chat template writes a conversation otherwise once it is answered",
            code="bad_model",
            remedy="Use a base model whose template keeps the prompt as it was, as Llama 3's does.",
        )
    return tokenizer(whole.removeprefix(begun), add_special_tokens=False)["input_ids"]
