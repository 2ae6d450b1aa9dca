"""PromQL that several dashboards share."""

from __future__ import annotations

from deploy.grafana.panels import Query

SUMMARIZE, INGEST = "brevity_summarize", "brevity_ingest"
FINISHED = f"{SUMMARIZE}_records_finished_total"
SUBMITTED = f"{SUMMARIZE}_since_submission_seconds"
DOORS = '__name__=~"brevity_.+_http_request_seconds_count", route!~"/(healthz|readyz|metrics)"'
ENGINE = 'application="summarize"'
RED, ORANGE = "red", "orange"


def quantiles(histogram: str, *, by: str = "", matching: str = "") -> list[Query]:
    """The median and the 95th percentile of a histogram, by the labels `by`."""
    labels = f"le, {by}" if by else "le"
    name = f"{{{{{by}}}}} " if by else ""
    return [
        Query(
            f"histogram_quantile({q}, sum by ({labels}) (rate({histogram}_bucket{matching}[$__rate_interval])))",
            f"{name}p{int(q * 100)}",
        )
        for q in (0.5, 0.95)
    ]


def budget_left(bad: str, total: str, budget: float) -> str:
    """The share of the error budget that the dashboard's time range has left."""
    return (
        f"1 - ((sum(increase({bad}[$__range])) or vector(0)) / sum(increase({total}[$__range]))) / {budget}"
    )


def mean(histogram: str) -> str:
    return f"sum(rate({histogram}_sum[$__rate_interval])) / sum(rate({histogram}_count[$__rate_interval]))"
