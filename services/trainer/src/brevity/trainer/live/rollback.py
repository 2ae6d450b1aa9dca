"""Carrying out a rollback that ratings ask for: on the version, in the registry, as an event; once."""

from __future__ import annotations

from brevity.common.contracts.vocabulary import Decision
from brevity.common.events import ModelPromoted
from brevity.trainer.live.watch import BY
from brevity.trainer.promotion import Promotions
from brevity.trainer.registry import Registry


class Rollback:
    """Callable as a `LiveWatch`'s `RollBack`."""

    def __init__(self, registry: Registry, promotions: Promotions) -> None:
        self._registry = registry
        self._promotions = promotions

    def __call__(self, promotion: ModelPromoted, reason: str) -> None:
        """Bring back the version before `promotion`. Raises Unavailable; may be called again then, and does it once."""
        if promotion.previous_version is None:
            return
        worse = self._registry.version(promotion.model, promotion.version)
        before = self._registry.version(promotion.model, promotion.previous_version)
        self._registry.decide(worse, Decision.ROLLED_BACK, reason, dict(worse.evidence))
        self._promotions.promote(
            before,
            reason=f"rolled back: {reason}",
            decided_by=BY,
            evidence=promotion.evidence,
            once=f"rollback-{promotion.promotion_id}",
        )
