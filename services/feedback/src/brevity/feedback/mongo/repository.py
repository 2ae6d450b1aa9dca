"""The adapter: its parts put together over one database."""

from __future__ import annotations

from typing import Any

from pymongo import AsyncMongoClient

from brevity.common.storage.mongo import translated
from brevity.feedback.mongo.audit import Audit
from brevity.feedback.mongo.collections import apply_indexes
from brevity.feedback.mongo.days import Days
from brevity.feedback.mongo.entries import Entries
from brevity.feedback.mongo.erasing import Erasing
from brevity.feedback.mongo.gathering import gather_days
from brevity.feedback.mongo.kinds import Kinds
from brevity.feedback.mongo.pipeline import PipelineWrites
from brevity.feedback.mongo.reading import Reading
from brevity.feedback.settings import FeedbackBlock


class MongoRepository(PipelineWrites, Reading, Kinds, Days, Entries, Erasing, Audit):
    """`Repository` on MongoDB, within what MongoDB and the local wire server both have."""

    def __init__(
        self, client: AsyncMongoClient[dict[str, Any]], database: str, settings: FeedbackBlock
    ) -> None:
        self._client = client
        self._settings = settings
        for part in (PipelineWrites, Reading, Kinds, Days, Entries, Erasing, Audit):
            part.__init__(self, client[database])

    async def prepare(self) -> None:
        await apply_indexes(self._database, self._settings)
        await self.gather_kinds()
        await gather_days(self._database)

    async def ping(self) -> None:
        with translated():
            await self._client.admin.command("ping")
