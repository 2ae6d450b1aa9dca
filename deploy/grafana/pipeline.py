"""Each stage from a submission to the store: rates, backlog, latency, trouble."""

from __future__ import annotations

from deploy.grafana.panels import Dashboard, Panel, Query, Row
from deploy.grafana.queries import DOORS, INGEST, ORANGE, RED, SUMMARIZE, quantiles

PIPELINE = Dashboard(
    "brevity-pipeline",
    "Brevity: pipeline and backlog",
    "Each stage from a submission to the store: rates, backlog, latency, and what is retried or given up on.",
    [
        Row(
            "Backlog",
            [
                Panel(
                    "Records that wait",
                    "By consumer and topic. A backlog is no fault while it drains.",
                    "short",
                    [Query("brevity:lag_records", "{{consumer}}: {{topic}}")],
                ),
                Panel(
                    "Records on halted partitions",
                    "Part of the backlog; they wait until somebody has looked and the stage is restarted.",
                    "short",
                    [Query("brevity:halted_records", "{{consumer}}: {{topic}}")],
                    [(1, RED)],
                ),
                Panel(
                    "Time to drain",
                    "The backlog of each stage over its present rate: how long it would take if nothing more came.",
                    "s",
                    [
                        Query(
                            'sum by (consumer) (brevity:lag_records{consumer=~"ingest|summarize"}) / sum by (consumer) (brevity:finished:rate5m)',
                            "{{consumer}}",
                        )
                    ],
                    [(7200, RED)],
                ),
                Panel(
                    "Oldest unfinished record",
                    "Its age by its own timestamp, on each stage; 0 when nothing is in hand.",
                    "s",
                    [
                        Query('max by (job) ({__name__=~"brevity_.+_oldest_record_age_seconds"})', "{{job}}"),
                    ],
                    [(900, RED)],
                ),
            ],
        ),
        Row(
            "Stages",
            [
                Panel(
                    "Records finished",
                    "By stage and outcome: done, sent to the retry topic, or given up on.",
                    "short",
                    [Query("brevity:finished:rate5m", "{{consumer}} {{outcome}}")],
                ),
                Panel(
                    "Rejected submissions",
                    "What ingest could not accept, by reason, with the accepted ones beside it.",
                    "short",
                    [
                        Query(
                            f"sum by (outcome) (rate({INGEST}_documents_total[$__rate_interval]))",
                            "{{outcome}}",
                        )
                    ],
                    stacked=True,
                ),
                Panel(
                    "Partitions",
                    "Assigned partitions by instance and topic, which should be shared out evenly; a halted one waits for a person.",
                    "short",
                    [
                        Query(
                            'sum by (job, instance, topic, state) ({__name__=~"brevity_.+_partitions"}) > 0',
                            "{{job}} {{instance}} {{topic}} {{state}}",
                        )
                    ],
                ),
                Panel(
                    "A batch's work",
                    "The handlers' time for one batch.",
                    "s",
                    [
                        *quantiles(f"{INGEST}_transform_seconds", by="job"),
                        *quantiles(f"{SUMMARIZE}_transform_seconds", by="job"),
                    ],
                ),
                Panel(
                    "A transaction",
                    "From begin to committed; the broker's own latency shows here first.",
                    "s",
                    [
                        *quantiles(f"{INGEST}_commit_seconds", by="job"),
                        *quantiles(f"{SUMMARIZE}_commit_seconds", by="job"),
                    ],
                    [(1, ORANGE)],
                ),
                Panel(
                    "Records in a batch",
                    "Small batches under load mean that something else is slow.",
                    "short",
                    [
                        *quantiles(f"{INGEST}_batch_records", by="job"),
                        *quantiles(f"{SUMMARIZE}_batch_records", by="job"),
                    ],
                ),
            ],
        ),
        Row(
            "Trouble",
            [
                Panel(
                    "Held batches",
                    "Batches that wait because something is away or full. Nothing is lost by it.",
                    "short",
                    [Query('sum by (job) ({__name__=~"brevity_.+_held_batches"})', "{{job}}")],
                    [(1, ORANGE)],
                ),
                Panel(
                    "Work done again",
                    "Records whose work was thrown away with a lost partition or an aborted transaction.",
                    "short",
                    [
                        Query(f"sum(rate({INGEST}_records_discarded_total[$__rate_interval]))", "ingest"),
                        Query(
                            f"sum(rate({SUMMARIZE}_records_discarded_total[$__rate_interval]))", "summarize"
                        ),
                    ],
                ),
                Panel(
                    "Records lost unread",
                    "By topic, over the time range: deleted before they were read, by retention or with their topic.",
                    "short",
                    [
                        Query(
                            'sum by (job, topic) (increase({__name__=~"brevity_.+_records_expired_total"}[$__range]))',
                            "{{job}}: {{topic}}",
                        )
                    ],
                    [(1, RED)],
                ),
                Panel(
                    "Logs that went back",
                    "Partitions, over the time range, whose topic was made again, cut or restored: the broker lost records.",
                    "short",
                    [
                        Query(
                            'sum by (job, topic) (increase({__name__=~"brevity_.+_log_resets_total"}[$__range]))',
                            "{{job}}: {{topic}}",
                        )
                    ],
                    [(1, RED)],
                ),
                Panel(
                    "Records passed over",
                    "Over the time range: headers that cannot be read, batches that cannot be unpacked, events that a store will not hold.",
                    "short",
                    [
                        Query(
                            'sum by (job, topic) (increase({__name__=~"brevity_.+_records_(unreadable|left_out)_total"}[$__range]))',
                            "{{job}}: {{topic}}",
                        ),
                        Query(
                            'sum by (job) (increase({__name__=~"brevity_(ingest|summarize)_dead_letters_total", code="unreadable_record"}[$__range]))',
                            "{{job}}: dead letters",
                        ),
                    ],
                    [(1, ORANGE)],
                ),
                Panel(
                    "Rebalances",
                    "Changes of the assignment, by kind; lost ones cost work.",
                    "short",
                    [
                        Query(
                            'sum by (kind) (increase({__name__=~"brevity_(ingest|summarize)_rebalances_total"}[$__rate_interval]))',
                            "{{kind}}",
                        )
                    ],
                ),
            ],
        ),
        Row(
            "Store and doors",
            [
                Panel(
                    "Events kept",
                    "Events that feedback has written to the store, by topic.",
                    "short",
                    [
                        Query(
                            "sum by (topic) (rate(brevity_feedback_events_total[$__rate_interval]))",
                            "{{topic}}",
                        )
                    ],
                ),
                Panel(
                    "Requests",
                    "HTTP requests by service and class of status, probes left out.",
                    "reqps",
                    [
                        Query(
                            f"sum by (job, status) (rate({{{DOORS}}}[$__rate_interval]))",
                            "{{job}} {{status}}",
                        )
                    ],
                ),
                Panel(
                    "Answer time of the doors",
                    "95th percentile by service, probes left out.",
                    "s",
                    [
                        Query(
                            f"histogram_quantile(0.95, sum by (le, job) (rate({{{DOORS.replace('_count', '_bucket')}}}[$__rate_interval])))",
                            "{{job}}",
                        )
                    ],
                ),
            ],
        ),
    ],
)
