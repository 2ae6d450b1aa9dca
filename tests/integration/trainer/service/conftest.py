"""One trainer with real data, for all tests of the whole service."""

from __future__ import annotations

import random
from collections.abc import Generator
from typing import Any

import pytest
from deploy.local.tracking import MlflowServer

from tests.support.data import real_rows
from tests.support.stack import Stack
from tests.support.trainer_service import BAD, TrainerService, rows_file, trained


@pytest.fixture(scope="package")
def service(
    stack: Stack, mlflow_server: MlflowServer, tmp_path_factory: pytest.TempPathFactory
) -> Generator[TrainerService]:
    """A running trainer with two good sources, a bad one, and a frozen evaluation set."""
    folder = tmp_path_factory.mktemp("trainer")
    made = TrainerService(stack, mlflow_server, folder)
    with made.running({"BREVITY_TRAINER_DRIFT_QUIET_SECONDS": "1"}):
        clinic, tldr = real_rows("clinic-dialogue", "train", 260), real_rows("science-tldr", "train", 260)
        summaries = [item["summary"] for item in clinic]
        random.Random(5).shuffle(summaries)
        shuffled = [{**item, "summary": other} for item, other in zip(clinic, summaries, strict=True)]
        for name, rows in (("clinic", clinic), ("tldr", tldr), ("shuffled", shuffled)):
            assert made.brevity("data", "add", str(rows_file(folder, name, rows))).returncode == 0
        held = rows_file(folder, "c", real_rows("clinic-dialogue", "validation", 60))
        others = rows_file(folder, "t", real_rows("science-tldr", "validation", 60))
        assert made.brevity("data", "freeze", str(held), str(others)).returncode == 0
        yield made


@pytest.fixture(scope="package")
def refused(service: TrainerService) -> dict[str, Any]:
    """The job of a version that learned from shuffled references, and was compared with the bundled one."""
    return trained(service, BAD)
