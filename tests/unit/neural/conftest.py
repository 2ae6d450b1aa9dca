"""A teacher for all tests here: a small BART made from scratch that has learned a task of its own."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from brevity.neural.recipes import Seq2SeqRecipe
from brevity.neural.training import finetune
from brevity.neural.tuning import Progress, Trained
from tests.support.neural_task import council, tiny_bart


@dataclass(frozen=True)
class Taught:
    """The untrained model, the trained one, and how the training went."""

    base: Path
    folder: Path
    trained: Trained
    seen: list[Progress]


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Generator[None]:
    """Models this small are no faster with more, and a busy machine slows them less."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def teacher(tmp_path_factory: pytest.TempPathFactory, one_thread: None) -> Taught:
    folder = tmp_path_factory.mktemp("teacher")
    base = tiny_bart(folder / "base")
    seen: list[Progress] = []
    recipe = Seq2SeqRecipe(
        steps=120,
        learning_rate=3e-3,
        warmup=0.2,
        batch_documents=32,
        label_smoothing=0.0,
        max_target_tokens=24,
        evaluate_every=60,
    )
    trained = finetune(
        base, council(1_200, 1), council(48, 2), recipe, folder / "model", folder / "work", seen.append
    )
    return Taught(base, folder / "model", trained, seen)
