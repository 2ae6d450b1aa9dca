"""Whether the platform keeps its promises: the objectives, their error budgets, and the present."""

from __future__ import annotations

from deploy.grafana.panels import Dashboard, Panel, Query, Row
from deploy.grafana.queries import DOORS, FINISHED, INGEST, ORANGE, RED, SUBMITTED, budget_left, quantiles


def _objectives() -> Row:
    served = f'{FINISHED}{{outcome=~"done|dead_letter"}}'
    left = [(0.0, RED), (0.001, ORANGE), (0.5, "green")]
    return Row(
        "Objectives",
        [
            Panel(
                "Documents that ended in a summary",
                "Share of accepted documents that were summarized and not given up on, over the time range. Objective: 99.9 %.",
                "percentunit",
                [
                    Query(
                        f'sum(increase({FINISHED}{{outcome="done"}}[$__range])) / sum(increase({served}[$__range]))'
                    )
                ],
                [(0.995, ORANGE), (0.999, "green")],
                kind="stat",
                width=6,
                base=RED,
                decimals=3,
            ),
            Panel(
                "Summaries within 30 s",
                "Share of summaries that came within 30 s of the submission, over the time range. Objective: 95 %.",
                "percentunit",
                [
                    Query(
                        f'sum(increase({SUBMITTED}_bucket{{le="30.0"}}[$__range])) / sum(increase({SUBMITTED}_count[$__range]))'
                    )
                ],
                [(0.9, ORANGE), (0.95, "green")],
                kind="stat",
                width=6,
                base=RED,
                decimals=2,
            ),
            Panel(
                "Requests answered",
                "Share of HTTP requests that were not answered with 5xx, probes left out. Objective: 99.9 %.",
                "percentunit",
                [
                    Query(
                        f'1 - (sum(increase({{{DOORS}, status="5xx"}}[$__range])) or vector(0)) / sum(increase({{{DOORS}}}[$__range]))'
                    )
                ],
                [(0.995, ORANGE), (0.999, "green")],
                kind="stat",
                width=6,
                base=RED,
                decimals=3,
            ),
            Panel(
                "Alerts",
                "Alerts of this platform that are firing now.",
                "short",
                [Query('count(ALERTS{alertname=~"Brevity.+", alertstate="firing"}) or vector(0)')],
                [(1, ORANGE), (5, RED)],
                kind="stat",
                width=6,
            ),
            Panel(
                "Budget left: documents",
                "What the time range has left of its 0.1 % of documents that may be given up on; below 0 it is overdrawn.",
                "percentunit",
                [Query(budget_left(f'{FINISHED}{{outcome="dead_letter"}}', served, 0.001))],
                left,
                kind="stat",
                base=RED,
                low=None,
            ),
            Panel(
                "Budget left: latency",
                "What the time range has left of its 5 % of summaries that may take over 30 s.",
                "percentunit",
                [
                    Query(
                        f'1 - (1 - sum(increase({SUBMITTED}_bucket{{le="30.0"}}[$__range])) / sum(increase({SUBMITTED}_count[$__range]))) / 0.05'
                    )
                ],
                left,
                kind="stat",
                base=RED,
                low=None,
            ),
            Panel(
                "Budget left: requests",
                "What the time range has left of its 0.1 % of requests that may fail.",
                "percentunit",
                [Query(budget_left(f'{{{DOORS}, status="5xx"}}', f"{{{DOORS}}}", 0.001))],
                left,
                kind="stat",
                base=RED,
                low=None,
            ),
            Panel(
                "Burn rate, one hour",
                "How many times faster than allowed the error budgets are being spent. 14.4 spends 2 % of a month's budget in an hour and wakes somebody.",
                "short",
                [
                    Query('brevity:slo_errors:ratio1h{slo=~"pipeline|doors"} / 0.001', "{{slo}}"),
                    Query('brevity:slo_errors:ratio1h{slo="latency"} / 0.05', "{{slo}}"),
                ],
                [(6, ORANGE), (14.4, RED)],
                width=12,
            ),
            Panel(
                "From submission to summary",
                "Time from a document's submission to its summary being visible.",
                "s",
                quantiles(SUBMITTED),
                [(30, RED)],
                width=12,
            ),
        ],
    )


OVERVIEW = Dashboard(
    "brevity-overview",
    "Brevity: overview",
    "Whether the platform keeps its promises, and where to look when it does not.",
    [
        _objectives(),
        Row(
            "Now",
            [
                Panel(
                    "Documents a second",
                    "Submissions taken in, summaries made, and documents given up on.",
                    "short",
                    [
                        Query(
                            f"sum(rate({INGEST}_records_consumed_total[$__rate_interval]))",
                            "submissions read",
                        ),
                        Query(f'sum(rate({FINISHED}{{outcome="done"}}[$__rate_interval]))', "summarized"),
                        Query(
                            f'sum(rate({FINISHED}{{outcome="dead_letter"}}[$__rate_interval]))', "given up on"
                        ),
                    ],
                ),
                Panel(
                    "Backlog",
                    "Records that wait, by the consumer they wait for.",
                    "short",
                    [Query("sum by (consumer) (brevity:lag_records)", "{{consumer}}")],
                ),
                Panel(
                    "What answers",
                    "1 while a process, or what it depends on, answers; 0 when it does not.",
                    "short",
                    [
                        Query('min by (job) (up{job=~"(.+/)?brevity-.+"})', "{{job}}"),
                        Query(
                            'min by (dependency) ({__name__=~"brevity_.+_dependency_up"})', "{{dependency}}"
                        ),
                    ],
                    high=1,
                ),
            ],
        ),
    ],
    span="now-24h",
)
