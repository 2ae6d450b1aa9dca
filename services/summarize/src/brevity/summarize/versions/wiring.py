"""Puts together a live engine from the settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from brevity.common.storage.s3 import S3ObjectStore
from brevity.summarize.engines.port import SummaryEngine
from brevity.summarize.settings import SummarizeSettings
from brevity.summarize.versions.address import engine_of
from brevity.summarize.versions.cache import ModelCache, default_folder
from brevity.summarize.versions.comparison import Comparison
from brevity.summarize.versions.follow import Follower
from brevity.summarize.versions.lineup import Lineup
from brevity.summarize.versions.live import LiveEngine
from brevity.summarize.versions.reports import Reporter
from brevity.summarize.versions.shadow import Shadow
from brevity.summarize.versions.switch import Switch, Tell

_FLUSH_SECONDS = 3.0


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


def live_engine(settings: SummarizeSettings, load: Callable[[str], SummaryEngine]) -> Serving:
    """The engine of the settings, following promotions if they say so.

    Raises:
        Fatal, Unavailable: The engine's own model cannot be loaded, and promotions are not followed. With promotions
            followed it returns at once, and the engine is ready when it is known what to serve.
    """
    block = settings.summarize
    cache = model_cache(settings)
    name = engine_of(block.engine)
    if not block.follow_promotions:
        live = LiveEngine(name)
        _switch(settings, live, load, cache, lambda *_: None).apply(None)
        return Serving(live, lambda: None)
    reporter = Reporter(settings.kafka)

    def compared(lineup: Lineup, counts: Comparison) -> None:
        if lineup.promotion is not None and lineup.challenger is not None:
            reporter.report(
                lineup.promotion, "compared", lineup.challenger.engine.model_version, counts.metrics()
            )

    shadow = Shadow(compared)
    live = LiveEngine(name, shadow.watch)
    switch = _switch(settings, live, load, cache, reporter.report)
    follower = Follower(settings.kafka, name, switch.apply, reporter.poll)
    shadow.start()
    follower.start()

    def stop() -> None:
        follower.stop()
        shadow.stop()
        reporter.flush(_FLUSH_SECONDS)

    return Serving(live, stop)


def _switch(
    settings: SummarizeSettings,
    live: LiveEngine,
    load: Callable[[str], SummaryEngine],
    cache: ModelCache,
    tell: Tell,
) -> Switch:
    block = settings.summarize
    return Switch(live, block.engine, load, cache, tell, limit_seconds=block.call_timeout_seconds)
