"""The trainer's own metrics."""

from __future__ import annotations

from itertools import product
from typing import get_args

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram

from brevity.common.contracts.vocabulary import ENDED_JOBS, TrainingReason
from brevity.common.kafka.metrics import ConsumerMetrics

_JOB_SECONDS = (1, 5, 15, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200, 21_600)


class TrainerMetrics:
    """Make it once in a process for each registry."""

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        self.consumer = ConsumerMetrics("trainer", registry)
        self.jobs = Counter(
            "brevity_trainer_jobs_total", "Jobs that ended, by how.", ["state", "reason"], registry=registry
        )
        for state, reason in product(sorted(ENDED_JOBS), get_args(TrainingReason)):
            self.jobs.labels(state, reason)  # there from the start, so that the first failure is an increase
        self.job_seconds = Histogram(
            "brevity_trainer_job_seconds", "A job's time.", buckets=_JOB_SECONDS, registry=registry
        )
        self.running = Gauge("brevity_trainer_running_jobs", "Jobs this instance runs.", registry=registry)
        self.resumed = Counter(
            "brevity_trainer_jobs_resumed_total", "Jobs taken up after a stop.", registry=registry
        )
        self.memory = Gauge(
            "brevity_trainer_job_memory_bytes", "Memory the running job holds.", registry=registry
        )
        self.triggers = Counter(
            "brevity_trainer_triggers_total",
            "Occasions to train, by kind and what was decided.",
            ["reason", "decision"],
            registry=registry,
        )
        self.unreadable = Counter(
            "brevity_trainer_events_unreadable_total",
            "Events left out because they cannot be read.",
            ["topic"],
            registry=registry,
        )
        self.promotions = Counter(
            "brevity_trainer_promotions_total",
            "Promotions finished, by who decided.",
            ["decided_by"],
            registry=registry,
        )
        for who in ("gate", "person", "rollback"):
            self.promotions.labels(who)
