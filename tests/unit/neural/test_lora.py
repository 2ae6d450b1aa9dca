"""LoRA on a small Llama: only the answer is learned, and what is written is a plain model."""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from brevity.neural.lora import finetune_chat, masked
from brevity.neural.recipes import LoraRecipe
from brevity.neural.tuning import Progress
from tests.support.neural_task import council, tiny_llama

RECIPE = LoraRecipe(
    steps=60,
    learning_rate=1e-2,
    batch_documents=16,
    dropout=0.0,
    max_source_tokens=64,
    max_target_tokens=24,
    evaluate_every=30,
)


def test_the_loss_falls_and_the_adapters_are_merged(tmp_path: Path) -> None:
    base = tiny_llama(tmp_path / "base")
    seen: list[Progress] = []
    trained = finetune_chat(
        base, council(400, 1), council(24, 2), RECIPE, tmp_path / "out", tmp_path / "work", seen.append
    )
    losses = [p.metrics["loss"] for p in seen if "loss" in p.metrics]
    assert losses[-1] < losses[0] / 2
    assert trained.metrics["validation_loss"] < losses[0] / 2

    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert "model.safetensors" in names
    assert not [name for name in names if "adapter" in name]
    plain = AutoModelForCausalLM.from_pretrained(
        tmp_path / "out", local_files_only=True, use_safetensors=True
    )
    before = AutoModelForCausalLM.from_pretrained(base, local_files_only=True, use_safetensors=True)
    assert plain.state_dict().keys() == before.state_dict().keys()
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "out", local_files_only=True)
    held = [masked(tokenizer, pair, RECIPE) for pair in council(16, 5)]
    assert loss(plain, held) < loss(before, held) / 2


def loss(model: torch.nn.Module, pairs: list[dict[str, list[int]]]) -> float:
    with torch.inference_mode():
        found = [model(**{name: torch.tensor([ids]) for name, ids in pair.items()}).loss for pair in pairs]
    return float(torch.stack(found).mean())


def test_only_the_answer_counts_and_a_long_document_is_cut_inside_the_prompt(tmp_path: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(tiny_llama(tmp_path), local_files_only=True)
    (pair,) = council(1, 1)
    for limit in (64, 16):
        encoded = masked(tokenizer, pair, RECIPE.model_copy(update={"max_source_tokens": limit}))
        learned = [label for label in encoded["labels"] if label != -100]
        assert tokenizer.decode(learned).removesuffix(" </s>") == pair.summary
        hidden = encoded["labels"].count(-100)
        assert encoded["input_ids"][hidden:] == learned
        read = tokenizer.decode(encoded["input_ids"][:hidden])
        assert read.endswith("assistant :")
        assert " ".join(pair.text.split()[:16]) in read
        assert (pair.text in read) == (limit == 64)
