"""What the drift monitors learn from the trainer of the documents that a version was trained on."""

from __future__ import annotations

from typing import Any

import pytest

from brevity.common.errors import Unavailable
from brevity.feedback.monitoring.reference import TrainingWindows
from brevity.feedback.registry.door import RegistryDoor
from tests.support.data import real_rows
from tests.support.stack import Stack
from tests.support.trainer_service import TrainerService

pytestmark = [pytest.mark.stack, pytest.mark.timeout(420)]


async def test_the_monitors_take_the_training_documents_of_a_version_that_has_some(
    service: TrainerService, refused: dict[str, Any]
) -> None:
    windows = TrainingWindows(RegistryDoor(f"http://127.0.0.1:{service.port}"))
    version = service.get(f"/v1/models/extractive/versions/{refused['version']}")
    found = await windows.of(version["model_version"])
    given = real_rows("clinic-dialogue", "train", 260)
    longest = max(len(item["text"].split()) for item in given)
    assert 150 < len(found) < len(given)  # the test and validation parts were not trained on
    assert len({document.document_id for document in found}) == len(found)
    assert all(0 < document.statistics.words <= 2 * longest for document in found)
    assert {document.language for document in found} == {"en"}

    [bundled] = [v for v in service.get("/v1/models") if v["version"] == "1" and v["model"] == "extractive"]
    assert await windows.of(bundled["model_version"]) == []
    assert await windows.of("extractive-nobody-knows") == []


async def test_without_a_trainer_there_is_nothing_and_one_that_is_away_is_asked_again(stack: Stack) -> None:
    assert await TrainingWindows(RegistryDoor(None)).of("extractive-1") == []
    with pytest.raises(Unavailable):
        await TrainingWindows(RegistryDoor(f"http://127.0.0.1:{stack.free_port()}")).of("extractive-1")
