"""What a thousand summaries cost, at prices that the reader may change."""

from __future__ import annotations

from deploy.grafana.panels import Dashboard, Panel, Price, Query, Row
from deploy.grafana.queries import ENGINE, SUMMARIZE

SUMMARIES = f"sum(rate({SUMMARIZE}_summaries_total[$__rate_interval]))"
MADE = f"sum(increase({SUMMARIZE}_summaries_total[$__range]))"
REPLICAS = f"sum(ray_serve_deployment_replica_healthy{{{ENGINE}}})"
CPU = 'process_cpu_seconds_total{job=~"(.+/)?brevity-.+"}'


COST = Dashboard(
    "brevity-cost",
    "Brevity: cost per thousand documents",
    "What summaries cost at the prices above: the replicas' machines by the hour, the services' CPU time, and tokens of a hosted model.",
    [
        Row(
            "Per thousand documents",
            [
                Panel(
                    "Replicas",
                    "Hours of the engine's replicas over the time range, idle ones included, at the price of a replica's hour.",
                    "currencyUSD",
                    [
                        Query(
                            f"1000 * ${{replica_hour}} * avg_over_time({REPLICAS}[$__range:]) * $__range_s / 3600 / {MADE}"
                        )
                    ],
                    kind="stat",
                    width=6,
                    decimals=4,
                ),
                Panel(
                    "Services",
                    "CPU time of the services' processes over the time range, at the price of a CPU's hour.",
                    "currencyUSD",
                    [Query(f"1000 * ${{cpu_hour}} * sum(increase({CPU}[$__range])) / 3600 / {MADE}")],
                    kind="stat",
                    width=6,
                    decimals=4,
                ),
                Panel(
                    "Tokens",
                    "Tokens read and written at their prices, for a hosted model; 0 for engines of one's own.",
                    "currencyUSD",
                    [
                        Query(
                            f'1000 * (${{token_in}} * sum(increase({SUMMARIZE}_tokens_total{{side="source"}}[$__range]))'
                            f' + ${{token_out}} * sum(increase({SUMMARIZE}_tokens_total{{side="summary"}}[$__range]))) / 1e6 / {MADE}'
                        )
                    ],
                    kind="stat",
                    width=6,
                    decimals=4,
                ),
                Panel(
                    "Documents summarized",
                    "Over the time range: what the costs are divided by.",
                    "short",
                    [Query(MADE)],
                    kind="stat",
                    width=6,
                ),
                Panel(
                    "Cost over time",
                    "Replicas and services for a thousand documents at the rate of the moment; high when replicas idle.",
                    "currencyUSD",
                    [
                        Query(
                            f"1000 * ${{replica_hour}} * {REPLICAS} / 3600 / ({SUMMARIES} > 0)", "replicas"
                        ),
                        Query(
                            f"1000 * ${{cpu_hour}} * sum(rate({CPU}[$__rate_interval])) / 3600 / ({SUMMARIES} > 0)",
                            "services",
                        ),
                    ],
                    width=12,
                ),
                Panel(
                    "The engine's time for a document",
                    "Seconds of a replica for one document, waiting in the queue included.",
                    "s",
                    [
                        Query(
                            f"sum(rate({SUMMARIZE}_engine_seconds_sum[$__rate_interval])) / ({SUMMARIES} > 0)",
                            "engine",
                        )
                    ],
                    width=12,
                ),
            ],
        ),
        Row(
            "Where the CPU time goes",
            [
                Panel(
                    "CPU seconds for a thousand documents",
                    "By process.",
                    "s",
                    [
                        Query(
                            f"1000 * sum by (job) (rate({CPU}[$__rate_interval])) / on () group_left () ({SUMMARIES} > 0)",
                            "{{job}}",
                        )
                    ],
                    width=12,
                    stacked=True,
                ),
                Panel(
                    "Training",
                    "Hours of training over the time range; they come on top.",
                    "h",
                    [Query("sum(increase(brevity_trainer_job_seconds_sum[$__range])) / 3600", "training")],
                    width=12,
                ),
            ],
        ),
    ],
    prices=[
        Price("replica_hour", "A replica's hour (USD)", "0.10"),
        Price("cpu_hour", "A CPU's hour (USD)", "0.04"),
        Price("token_in", "A million tokens read (USD)", "0"),
        Price("token_out", "A million tokens written (USD)", "0"),
    ],
    span="now-24h",
)
