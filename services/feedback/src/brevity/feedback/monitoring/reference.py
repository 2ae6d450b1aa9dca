"""What a model version was trained on, asked of the trainer."""

from __future__ import annotations

import asyncio

from brevity.common.errors import Rejected
from brevity.feedback.drift import ReferenceDocument, measure
from brevity.feedback.registry.door import RegistryDoor
from brevity.feedback.registry.versions import Trained
from brevity.nlp.words import count_words


class TrainingWindows:
    """The documents that the monitors may take as reference."""

    def __init__(self, door: RegistryDoor) -> None:
        self._door = door

    async def of(self, model_version: str) -> list[ReferenceDocument]:
        """Documents of its training data; empty when there is no trainer, or it knows neither version nor data.

        Raises Unavailable when the trainer is away: ask again later.
        """
        if not self._door.configured:
            return []
        try:
            versions = await self._door.versions()
            version = next((v for v in versions if v.model_version == model_version), None)
            if version is None:
                return []
            trained = await self._door.trained_on(version.model, version.version)
        except Rejected:  # its data are gone, or the door is not ours to ask
            return []
        return await asyncio.to_thread(lambda: [_measured(document) for document in trained])


def _measured(document: Trained) -> ReferenceDocument:
    words = max(1, count_words(document.text, document.language))
    statistics = measure(document.text, words=words, language=document.language)
    return ReferenceDocument(document.id, "", document.language, document.at, statistics)
