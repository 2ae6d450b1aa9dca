"""Carries out promotions: load beside, try, swap, drain; a version that fails is refused and nothing changes."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from brevity.common.contracts.vocabulary import ServedState
from brevity.common.errors import BrevityError, Fatal, Unavailable
from brevity.common.events import ModelPromoted, ObjectRef
from brevity.common.observability.logging import get_logger
from brevity.summarize.engines.port import SummaryEngine
from brevity.summarize.versions.address import engine_of, object_of
from brevity.summarize.versions.cache import ModelCache
from brevity.summarize.versions.lineup import Lineup, Loaded
from brevity.summarize.versions.live import LiveEngine
from brevity.summarize.versions.plan import OWN_MODEL, Plan, Source, plan_of, previous
from brevity.summarize.versions.trial import bundled_texts, try_out

log = get_logger(__name__)

_GAP_SECONDS = 0.25
"""Longest wait for a moment without a batch; an engine that never rests is tried beside its work."""

Tell = Callable[[ModelPromoted, ServedState, str | None, Mapping[str, float], BrevityError | None], None]
"""Called with the promotion, what became of it, the model version, seconds and, when refused, why."""


class Switch:
    """Used by one thread; the `LiveEngine` it changes is used by others.

    Args:
        uri: The engine as configured: its name, and the model that is its own.
        load: Loads an engine from `NAME` or `NAME:/path`.
        limit_seconds: Longest time for a trial, and for the last batches of a version that leaves.
    """

    def __init__(
        self,
        live: LiveEngine,
        uri: str,
        load: Callable[[str], SummaryEngine],
        cache: ModelCache,
        tell: Tell,
        *,
        limit_seconds: float,
    ) -> None:
        self._live = live
        self._uri = uri
        self._load = load
        self._cache = cache
        self._tell = tell
        self._limit = limit_seconds

    def apply(self, promotion: ModelPromoted | None) -> bool:
        """Serve what `promotion` asks for; whether it does. None is the engine's own model.

        A version that cannot be used is refused: what is in service goes on, and a process that has nothing in service
        yet takes the previous version, else the engine's own.

        Raises:
            Unavailable: The object store is away; nothing has changed, and it may be tried again.
            Fatal: Nothing is in service, and not even the engine's own model can be loaded.
        """
        try:
            self._serve(plan_of(promotion), promotion)
        except Fatal as error:
            if promotion is None:
                raise
            log.error(
                "model version refused",
                model=promotion.model,
                version=promotion.version,
                code=error.code,
                reason=error.message,
                remedy=error.remedy,
            )
            self._tell(promotion, "refused", None, {}, error)
            if not self._live.ready:
                self._fall_back(promotion)
            return False
        return True

    def _fall_back(self, promotion: ModelPromoted) -> None:
        try:
            self._serve(Plan(previous(promotion)), None)
        except Fatal as error:
            log.error("the previous version cannot be used either", code=error.code, reason=error.message)
            self._serve(Plan(OWN_MODEL), None)

    def _serve(self, plan: Plan, promotion: ModelPromoted | None) -> None:
        now = self._live.lineup
        if now is not None and now.plan == plan:
            return
        known = {member.source.identity: member for member in now.members} if now is not None else {}
        seconds = {"load_seconds": 0.0, "trial_seconds": 0.0}
        champion = self._member(plan.champion, known, seconds)
        challenger = self._member(plan.challenger, known, seconds) if plan.challenger else None
        lineup = Lineup(plan, champion, challenger, promotion)
        before = self._live.swap(lineup)
        newcomer = challenger or champion
        log.info(
            "model version in service",
            engine=self._live.name,
            version=plan.newcomer.version,
            model_version=newcomer.engine.model_version,
            mode=plan.rollout.mode,
            share=plan.rollout.share,
            **seconds,
        )
        if promotion is not None:
            self._tell(promotion, "in_service", newcomer.engine.model_version, seconds, None)
        if before is not None:
            self._retire(before, lineup)
        self._cache.hold(self, self._in_use(lineup, promotion))

    def _in_use(self, lineup: Lineup, promotion: ModelPromoted | None) -> list[ObjectRef]:
        """What is served, what it would be rolled back to, and the engine's own model."""
        own = object_of(self._uri)
        found = [member.source.artifact for member in lineup.members]
        return [
            reference
            for reference in (*found, promotion.previous_artifact if promotion else None, own)
            if reference is not None
        ]

    def _member(self, source: Source, known: Mapping[str, Loaded], seconds: dict[str, float]) -> Loaded:
        there = known.get(source.identity)
        if there is not None:
            return Loaded(source, there.engine)
        self._gap()
        began = time.perf_counter()
        engine = self._engine(source)
        seconds["load_seconds"] += time.perf_counter() - began
        texts = [*bundled_texts(), *self._live.recent()]
        seconds["trial_seconds"] += try_out(engine, texts, seconds=self._limit, gap=self._gap)
        return Loaded(source, engine)

    def _gap(self) -> None:
        """Return when no batch is at work, or after a moment: so a swap costs the batches as little as can be."""
        if self._live.lineup is not None:
            self._live.lineup.at_work.over(_GAP_SECONDS)

    def _engine(self, source: Source) -> SummaryEngine:
        try:
            if source.artifact is None:
                return self._load(self._cache.local(self._uri))
            engine = engine_of(self._uri)
            return self._load(f"{engine}:{self._cache.fetch(engine, source.artifact)}")
        except (Fatal, Unavailable):
            raise
        except Exception as error:
            log.exception("a model cannot be loaded", version=source.version)
            raise Fatal(
                f"version {source.version} cannot be loaded: an unexpected {type(error).__name__}",
                code="model_unusable",
                remedy="See the log; the version before it goes on.",
            ) from error

    def _retire(self, before: Lineup, after: Lineup) -> None:
        """Wait for the last batches of what has left, and say so."""
        if not before.at_work.over(self._limit):
            log.warning("a version that was replaced is still at work", seconds=self._limit)
            return
        staying = {member.source.identity for member in after.members}
        for member in before.members:
            if member.source.identity not in staying and before.promotion is not None:
                log.info("model version retired", model_version=member.engine.model_version)
                self._tell(before.promotion, "retired", member.engine.model_version, {}, None)
