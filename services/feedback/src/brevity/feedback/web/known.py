"""Languages, engines and model versions of a tenant's summaries, to choose from."""

from __future__ import annotations

from dataclasses import dataclass

from brevity.feedback.repository import Repository


@dataclass(frozen=True, slots=True)
class Choices:
    languages: tuple[str, ...]
    engines: tuple[str, ...]
    model_versions: tuple[str, ...]


class Known:
    """What there is to choose from."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository

    async def of(self, tenant: str) -> Choices:
        """Raises Unavailable."""
        kinds = await self._repository.kinds(tenant)
        return Choices(
            tuple(sorted({kind.language for kind in kinds})),
            tuple(sorted({kind.engine for kind in kinds})),
            tuple(sorted({kind.model_version for kind in kinds})),
        )
