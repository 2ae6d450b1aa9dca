"""Bucket sets shared by the histograms, so that dashboards can add services up, and the build metric.

Names are `brevity_<service>_<what>_<unit>` in base units. Labels come from closed sets, never from ids. Process
metrics (CPU, memory, descriptors) come with prometheus_client.
"""

from __future__ import annotations

from functools import cache

from prometheus_client import REGISTRY, CollectorRegistry, Gauge, Info

from brevity.common.observability.tracing import service_version

REQUEST_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""An HTTP answer: from a cached read to the limit at which a client gives up."""

WORK_SECONDS = (0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0)
"""One batch or one document's work: extractive takes milliseconds, a large model up to a minute."""

END_TO_END_SECONDS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1_800.0, 7_200.0)
"""From submission to a visible result: sub-second when idle, hours when a backlog is being worked off."""

BATCH_RECORDS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024)
"""Records in a batch, in powers of two because batch limits are set that way."""

SIZE_BYTES = (256, 1_024, 4_096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216, 67_108_864)
"""A document or a request body: from a headline to beyond the largest that is accepted."""

WORDS = (10, 25, 50, 100, 250, 500, 1_000, 2_500, 10_000, 50_000, 250_000)
"""Words of a document or a summary."""


@cache
def build_info(service: str, registry: CollectorRegistry = REGISTRY) -> Info:
    """`brevity_<service>_build_info{version=...} 1`: which version runs, to lay over every other graph."""
    info = Info(f"brevity_{service}_build", "Version of the running service.", registry=registry)
    info.info({"version": service_version(service)})
    return info


@cache
def dependency_up(service: str, registry: CollectorRegistry = REGISTRY) -> Gauge:
    """`brevity_<service>_dependency_up{dependency=...}`: 1 while what readiness asks for answers, else 0."""
    return Gauge(
        f"brevity_{service}_dependency_up",
        "Whether a dependency answers, as readiness sees it.",
        ["dependency"],
        registry=registry,
    )
