"""The audit log: appended to, never changed."""

from __future__ import annotations

from collections.abc import Sequence

from brevity.common.storage.mongo import translated
from brevity.feedback.model import AuditEntry
from brevity.feedback.mongo import collections as names


class Audit:
    def __init__(self, database: names.Database) -> None:
        self._audit = database[names.AUDIT]

    async def note(self, entries: Sequence[AuditEntry]) -> None:
        if entries:
            with translated():
                await self._audit.insert_many(
                    [{"schema_version": names.SCHEMA_VERSION, **entry.model_dump()} for entry in entries]
                )

    async def audit(self, tenant: str, *, limit: int = 100) -> list[AuditEntry]:
        with translated():
            records = await self._audit.find({"tenant": tenant}).sort([("at", -1)]).limit(limit).to_list()
        return [AuditEntry.model_validate(record) for record in records]
