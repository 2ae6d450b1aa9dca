"""Languages, engines and model versions of a tenant's summaries, to choose from."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass

from brevity.feedback.model import SummaryFilter
from brevity.feedback.repository import Repository

_FRESH_SECONDS = 30.0
_MOST_TENANTS = 1_000


@dataclass(frozen=True, slots=True)
class Choices:
    languages: tuple[str, ...]
    engines: tuple[str, ...]
    model_versions: tuple[str, ...]


class Known:
    """What there is to choose from; counted anew after half a minute, since counting reads every summary."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._found: OrderedDict[str, tuple[float, Choices]] = OrderedDict()

    async def of(self, tenant: str) -> Choices:
        """Raises Unavailable."""
        at, choices = self._found.get(tenant, (0.0, None))
        if choices is not None and time.monotonic() - at < _FRESH_SECONDS:
            return choices
        groups = await self._repository.statistics(tenant, SummaryFilter())
        choices = Choices(
            tuple(sorted({group.language for group in groups})),
            tuple(sorted({group.engine for group in groups})),
            tuple(sorted({group.model_version for group in groups})),
        )
        self._found[tenant] = (time.monotonic(), choices)
        self._found.move_to_end(tenant)
        if len(self._found) > _MOST_TENANTS:
            self._found.popitem(last=False)
        return choices
