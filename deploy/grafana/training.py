"""Trainings, promotions, and what became of them."""

from __future__ import annotations

from deploy.grafana.panels import Dashboard, Panel, Query, Row
from deploy.grafana.queries import ORANGE, RED

TRAINING = Dashboard(
    "brevity-training",
    "Brevity: training and registry",
    "Trainings, what the gate made of them, promotions, and what serving processes made of those.",
    [
        Row(
            "Trainings",
            [
                Panel(
                    "Jobs ended",
                    "Over the time range, by how they ended.",
                    "short",
                    [Query("sum by (state) (increase(brevity_trainer_jobs_total[$__range]))", "{{state}}")],
                    kind="stat",
                    width=9,
                ),
                Panel(
                    "Running",
                    "Jobs in work now.",
                    "short",
                    [Query("sum(brevity_trainer_running_jobs)")],
                    kind="stat",
                    width=5,
                ),
                Panel(
                    "Promotions",
                    "Over the time range, by who decided.",
                    "short",
                    [
                        Query(
                            "sum by (decided_by) (increase(brevity_trainer_promotions_total[$__range]))",
                            "{{decided_by}}",
                        )
                    ],
                    kind="stat",
                    width=10,
                ),
                Panel(
                    "A job's time",
                    "Mean time of the jobs that ended.",
                    "s",
                    [
                        Query(
                            "sum(increase(brevity_trainer_job_seconds_sum[$__range])) / sum(increase(brevity_trainer_job_seconds_count[$__range]))",
                            "mean",
                        )
                    ],
                    [(3600, ORANGE)],
                ),
                Panel(
                    "Memory of the running job",
                    "Its process and its children together.",
                    "bytes",
                    [Query("max(brevity_trainer_job_memory_bytes)", "job")],
                    [(4e9, RED)],
                ),
                Panel(
                    "Jobs taken up again",
                    "Jobs whose instance was lost, resumed by another.",
                    "short",
                    [Query("sum(increase(brevity_trainer_jobs_resumed_total[$__rate_interval]))", "resumed")],
                ),
            ],
        ),
        Row(
            "Occasions and registry",
            [
                Panel(
                    "Occasions to train",
                    "Over the time range, by kind and by what the cost rule decided.",
                    "short",
                    [
                        Query(
                            "sum by (reason, decision) (increase(brevity_trainer_triggers_total[$__range]))",
                            "{{reason}} {{decision}}",
                        )
                    ],
                ),
                Panel(
                    "What became of promotions",
                    "Reports of serving processes over the time range: in service, refused, retired, compared.",
                    "short",
                    [
                        Query(
                            "sum by (state) (increase(brevity_feedback_model_reports_total[$__range]))",
                            "{{state}}",
                        )
                    ],
                ),
                Panel(
                    "Dependencies of the trainer",
                    "1 while it answers: the broker, the store, the bucket, MLflow.",
                    "short",
                    [Query("min by (dependency) (brevity_trainer_dependency_up)", "{{dependency}}")],
                    high=1,
                ),
            ],
        ),
    ],
    span="now-30d",
)
