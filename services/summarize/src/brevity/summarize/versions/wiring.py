"""Puts together a live engine from the settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from brevity.common.errors import Fatal
from brevity.common.events import ModelPromoted
from brevity.common.observability.logging import get_logger
from brevity.common.storage.s3 import S3ObjectStore
from brevity.summarize.engines.port import SummaryEngine
from brevity.summarize.engines.router import RouterEngine, configured_policy
from brevity.summarize.engines.routing import Policy
from brevity.summarize.settings import SummarizeSettings
from brevity.summarize.versions.address import engine_of, object_of
from brevity.summarize.versions.cache import ModelCache, default_folder
from brevity.summarize.versions.comparison import Comparison
from brevity.summarize.versions.follow import Apply, Follower
from brevity.summarize.versions.lineup import Lineup, Loaded
from brevity.summarize.versions.live import LiveEngine
from brevity.summarize.versions.plan import OWN_MODEL, Plan
from brevity.summarize.versions.reports import Reporter
from brevity.summarize.versions.shadow import Shadow
from brevity.summarize.versions.switch import Switch
from brevity.summarize.versions.trial import bundled_texts, try_out

log = get_logger(__name__)

_FLUSH_SECONDS = 3.0

LoadEngine = Callable[[str], SummaryEngine]


@dataclass(frozen=True)
class Serving:
    """A live engine and what keeps it up to date."""

    live: LiveEngine
    stop: Callable[[], None]


def model_cache(settings: SummarizeSettings) -> ModelCache:
    block = settings.summarize
    return ModelCache(
        S3ObjectStore(settings.s3),
        block.model_cache or default_folder(),
        max_bytes=block.max_model_bytes,
        kept_bytes=block.model_cache_bytes,
    )


def live_engine(settings: SummarizeSettings, load: LoadEngine) -> Serving:
    """The engine of the settings, following promotions if they say so; in a router each engine by itself.

    Raises:
        Fatal, Unavailable: A model that does not follow promotions cannot be loaded. With promotions followed it returns
            at once, and the engine is ready when it is known what to serve.
    """
    block = settings.summarize
    name, _, location = block.engine.partition(":")
    if name == "router":
        return _routed(settings, load, configured_policy(location, settings))
    if not block.follow_promotions:
        live, cache = LiveEngine(name), model_cache(settings)
        limit = block.call_timeout_seconds
        Switch(live, block.engine, load, cache, lambda *_: None, limit_seconds=limit).apply(None)
        return Serving(live, lambda: None)
    following = _Following(settings, load)
    live = following.engine(block.engine)
    return Serving(live, following.start(following.cache.prune))


def _routed(settings: SummarizeSettings, load: LoadEngine, policy: Policy) -> Serving:
    """A router over live engines, each swapped as a single one is; it serves when all know what to serve."""
    following = _Following(settings, load) if settings.summarize.follow_promotions else None
    followed: dict[str, LiveEngine] = {}
    pinned: dict[str, SummaryEngine] = {}
    cache = following.cache if following else model_cache(settings)
    for route in policy.routes:
        if following is not None and policy.follows(route):
            followed[route.name] = following.engine(route.engine)
        else:
            pinned[route.name] = _pinned(route.engine, settings, load, cache)
    live = LiveEngine("router")
    lineup = Lineup(Plan(OWN_MODEL), Loaded(OWN_MODEL, RouterEngine(policy, {**pinned, **followed})))

    def applied() -> None:
        if all(engine.ready for engine in followed.values()):
            if not live.ready:
                live.swap(lineup)
            cache.prune()

    if following is None or not followed:
        applied()
        return Serving(live, lambda: None)
    return Serving(live, following.start(applied))


def _pinned(uri: str, settings: SummarizeSettings, load: LoadEngine, cache: ModelCache) -> SummaryEngine:
    """An engine that keeps the model it is configured with, warmed up.

    One that fails on texts that are known to work, say because its server is away, is passed over by the router for as
    long as it does.
    """
    reference = object_of(uri)
    if reference is not None:
        cache.hold(uri, [reference])
    engine = load(cache.local(uri))
    try:
        try_out(engine, bundled_texts(), seconds=settings.summarize.call_timeout_seconds)
    except Fatal as error:
        log.warning("a route's engine failed its trial", engine=engine.name, reason=error.message)
    return engine


class _Following:
    """Live engines that follow promotions: they share the cache, the reports, and the thread that carries them out."""

    def __init__(self, settings: SummarizeSettings, load: LoadEngine) -> None:
        self.cache = model_cache(settings)
        self._settings = settings
        self._load = load
        self._reporter = Reporter(settings.kafka)
        self._shadows: list[Shadow] = []
        self._switches: list[tuple[str, Switch]] = []

    def engine(self, uri: str) -> LiveEngine:
        """One that is ready once `start` was called and its promotions are known."""
        name = engine_of(uri)
        shadow = Shadow(self._compared)
        live = LiveEngine(name, shadow.watch)
        limit = self._settings.summarize.call_timeout_seconds
        switch = Switch(live, uri, self._load, self.cache, self._reporter.report, limit_seconds=limit)
        self._shadows.append(shadow)
        self._switches.append((name, switch))
        return live

    def start(self, applied: Callable[[], None]) -> Callable[[], None]:
        """Begin to follow, and call `applied` after each promotion; returns what ends it."""
        applies = [(name, _then(switch, applied)) for name, switch in self._switches]
        follower = Follower(self._settings.kafka, applies, self._reporter.poll)
        for shadow in self._shadows:
            shadow.start()
        follower.start()

        def stop() -> None:
            follower.stop()
            for shadow in self._shadows:
                shadow.stop()
            self._reporter.flush(_FLUSH_SECONDS)

        return stop

    def _compared(self, lineup: Lineup, counts: Comparison) -> None:
        if lineup.promotion is not None and lineup.challenger is not None:
            version = lineup.challenger.engine.model_version
            self._reporter.report(lineup.promotion, "compared", version, counts.metrics())


def _then(switch: Switch, applied: Callable[[], None]) -> Apply:
    def apply(promotion: ModelPromoted | None) -> None:
        switch.apply(promotion)
        applied()

    return apply
