"""The autoscaling policy as Ray Serve calls it: what replicas, handles and stages report in, a number of replicas out.

Serve's controller makes one `DrainPolicy` for the deployment and calls it ten times a second. Replicas report every ten
seconds, so what is seen here is up to so old.
"""

from __future__ import annotations

import logging
import statistics
from collections.abc import Iterable, Mapping
from typing import Any

from ray.serve.config import AutoscalingContext
from ray.util.metrics import Gauge

from brevity.summarize.serving.autoscaling import (
    Highest,
    Load,
    Replicas,
    needed_to_keep_up,
    wanted_replicas,
)
from brevity.summarize.serving.workload import BEHIND

log = logging.getLogger("ray.serve")

GAUGES = {
    "brevity_summarize_engine_backlog_tokens": "Tokens (words, of engines that count none) that wait or are in work.",
    "brevity_summarize_engine_drain_seconds": "Time that the replicas which are ready take for that.",
    "brevity_summarize_engine_tokens_per_second": "Tokens a second of one replica while it works.",
    "brevity_summarize_engine_load_seconds": "From a replica's start until it can work.",
}
"""Among Ray's own metrics, where each name begins with `ray_`."""

_SILENT_SECONDS = 60.0
"""A stage that has not called for so long, and the time of two calls, has nothing waiting."""

Reported = Mapping[str, Mapping[Any, list[Any]]]
"""By figure and replica, what was reported lately, oldest first."""


class DrainPolicy:
    """Replicas by the time to drain the backlog.

    Args:
        drain_seconds: Time in which what waits should be done.
    """

    def __init__(self, drain_seconds: float) -> None:
        if not drain_seconds > 0:
            raise ValueError("drain_seconds must be above 0")
        self._drain_seconds = drain_seconds
        self._latest: dict[str, float] = {}
        self._stages: dict[str, tuple[float, float]] = {}
        self._needed = Highest()
        self._said = 0
        self._gauges = {
            name: Gauge(name, text, tag_keys=("application", "deployment")) for name, text in GAUGES.items()
        }

    def __call__(self, context: AutoscalingContext) -> tuple[int, dict[str, Any]]:
        now = context.current_time or 0.0
        reported: Reported = context.raw_metrics or {}
        load = self._load(context, reported, now)
        ready = len(list(_last(reported, "load_seconds")))
        needed = self._needed(needed_to_keep_up(load, self._drain_seconds), now, load.load_seconds or 0.0)
        wanted = wanted_replicas(
            load,
            Replicas(
                ready,
                context.target_num_replicas,
                context.capacity_adjusted_min_replicas,
                context.capacity_adjusted_max_replicas,
            ),
            drain_seconds=self._drain_seconds,
            needed_lately=needed,
        )
        self._tell(context, load, ready, wanted)
        return wanted, {}

    def _load(self, context: AutoscalingContext, reported: Reported, now: float) -> Load:
        # The last known figures stand for a moment in which no replica has any: all have just been replaced.
        for name in ("tokens_per_second", "tokens_per_document", "tokens_per_call", "load_seconds"):
            if found := list(_last(reported, name)):
                self._latest[name] = statistics.median(found)
        a_document = self._latest.get("tokens_per_document", 0.0)
        a_call = self._latest.get("tokens_per_call", 0.0)
        queued = context.total_queued_requests * a_call
        return Load(
            waiting_tokens=queued + self._behind(reported, now) * a_document,
            tokens_in_work=tuple(_last(reported, "tokens_in_work")),
            ongoing=context.total_num_requests,
            busy=sum(_last(reported, "busy_ratio")),
            tokens_per_second=self._latest.get("tokens_per_second"),
            load_seconds=self._latest.get("load_seconds"),
        )

    def _behind(self, reported: Reported, now: float) -> float:
        """Documents that wait at the stages, by what each has said last, whichever replica it said it to."""
        for name, by_replica in reported.items():
            if name.startswith(BEHIND):
                for points in by_replica.values():
                    for point in points[-1:]:
                        said = point.timestamp, point.value
                        self._stages[name] = max(said, self._stages.get(name, said))
        speed = self._latest.get("tokens_per_second")
        a_call = self._latest["tokens_per_call"] / speed if speed else 0.0
        oldest = now - _SILENT_SECONDS - 2 * a_call
        self._stages = {name: said for name, said in self._stages.items() if said[0] >= oldest}
        return sum(documents for _, documents in self._stages.values())

    def _tell(self, context: AutoscalingContext, load: Load, ready: int, wanted: int) -> None:
        figures = {"backlog_tokens": load.backlog_tokens, "load_seconds": load.load_seconds}
        figures["tokens_per_second"] = load.tokens_per_second
        if load.tokens_per_second and ready:
            figures["drain_seconds"] = load.backlog_tokens / (load.tokens_per_second * ready)
        tags = {"application": context.app_name or "", "deployment": context.deployment_name}
        for name, value in figures.items():
            if value is not None:
                self._gauges[f"brevity_summarize_engine_{name}"].set(value, tags=tags)
        if wanted not in (context.target_num_replicas, self._said):
            log.info(
                "%d replicas wanted, %d ready: %.0f tokens wait, %.0f are in work, at %s a second and replica; %s s to load",
                *(wanted, ready, load.waiting_tokens, sum(load.tokens_in_work)),
                *(_rounded(load.tokens_per_second), _rounded(load.load_seconds)),
            )
        self._said = wanted


def _last(reported: Reported, name: str) -> Iterable[float]:
    return (points[-1].value for points in reported.get(name, {}).values() if points)


def _rounded(value: float | None) -> str:
    return "?" if value is None else f"{value:.3g}"
