"""Looks at the ratings of what was promoted last, and rolls it back when they are worse than before."""

from __future__ import annotations

import time
from collections.abc import Callable

from brevity.common.events import ModelPromoted
from brevity.common.observability.logging import get_logger
from brevity.trainer.live.ratings import Ratings
from brevity.trainer.live.sequential import Evidence, evidence

log = get_logger(__name__)

ALPHA = 0.01
"""Chance that a version which is no worse is ever rolled back."""
BY = "rollback"
"""Who decides, as `decided_by` names it."""
_LOOK_SECONDS = 5.0

Last = Callable[[], ModelPromoted | None]
RollBack = Callable[[ModelPromoted, str], object]
"""Brings back the version before the promotion, for the reason given; once, however often it is called."""


class LiveWatch:
    """`turn` is a chore of the trainer's housekeeping.

    Args:
        last: The promotion that is in force.
    """

    def __init__(self, ratings: Ratings, last: Last, roll_back: RollBack, *, alpha: float = ALPHA) -> None:
        self._ratings = ratings
        self._last = last
        self._roll_back = roll_back
        self._alpha = alpha
        self._due = 0.0

    def turn(self) -> None:
        """Look, if it is time. Raises Unavailable."""
        if time.monotonic() < self._due:
            return
        self._due = time.monotonic() + _LOOK_SECONDS
        promotion = self._last()
        if promotion is None or promotion.decided_by == BY:
            return  # what was brought back is not sent away by the same ratings
        found = self.look(promotion)
        if found is not None and found.worse(self._alpha):
            reason = (
                f"rated worse than {promotion.previous_model_version}: of {found.pairs} pairs of ratings it lost"
                f" {found.lost} and won {found.won} (evidence {found.peak:.3g}, needed {1 / self._alpha:g})"
            )
            log.warning("a version is rolled back", model_version=promotion.model_version, reason=reason)
            self._roll_back(promotion, reason)

    def look(self, promotion: ModelPromoted) -> Evidence | None:
        """What the ratings say of the promotion; None when there is nothing to compare with."""
        new, old = promotion.model_version, promotion.previous_model_version
        if new is None or old is None or new == old:
            return None
        since = promotion.promoted_at
        return evidence(self._ratings.around(old, since), self._ratings.after(new, since))
