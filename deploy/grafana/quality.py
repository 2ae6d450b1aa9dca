"""How good summaries are, by the faithfulness check and by readers, and whether anything drifts."""

from __future__ import annotations

from deploy.grafana.panels import Dashboard, Panel, Query, Row
from deploy.grafana.queries import ORANGE, RED, SUMMARIZE, mean

SUMMARIES = f"sum(rate({SUMMARIZE}_summaries_total[$__rate_interval]))"

QUALITY = Dashboard(
    "brevity-quality",
    "Brevity: quality and drift",
    "How good summaries are, by the faithfulness check and by readers, and whether documents or ratings change.",
    [
        Row(
            "Summaries",
            [
                Panel(
                    "Support of a sentence",
                    "Mean support of summary sentences by their source; 1 for sentences taken word for word.",
                    "percentunit",
                    [Query(mean(f"{SUMMARIZE}_sentence_support_ratio"), "support")],
                    high=1,
                ),
                Panel(
                    "Warnings a summary",
                    "Numbers, dates or names that the source does not hold, and documents not seen in full, by code.",
                    "percentunit",
                    [
                        Query(
                            f"sum by (code) (rate({SUMMARIZE}_warnings_total[$__rate_interval])) / on () group_left () {SUMMARIES}",
                            "{{code}}",
                        ),
                        Query(
                            f"(sum(rate({SUMMARIZE}_warnings_total[$__rate_interval])) or vector(0)) / {SUMMARIES}",
                            "all",
                        ),
                    ],
                ),
                Panel(
                    "Share of a document seen",
                    "Mean coverage: what part of a document the engine read.",
                    "percent",
                    [Query(mean(f"{SUMMARIZE}_coverage_percent"), "coverage")],
                    high=100,
                ),
                Panel(
                    "Words",
                    "Mean words of a document and of a summary.",
                    "short",
                    [
                        Query(mean(f"{SUMMARIZE}_source_words"), "document"),
                        Query(mean(f"{SUMMARIZE}_summary_words"), "summary"),
                    ],
                ),
                Panel(
                    "Summaries by engine",
                    "A second, by engine and style.",
                    "short",
                    [
                        Query(
                            f"sum by (engine, style) (rate({SUMMARIZE}_summaries_total[$__rate_interval]))",
                            "{{engine}} {{style}}",
                        )
                    ],
                    stacked=True,
                ),
                Panel(
                    "Documents passed through",
                    "Share of documents that were no longer than the summary wanted.",
                    "percentunit",
                    [
                        Query(
                            f"(sum(rate({SUMMARIZE}_passed_through_total[$__rate_interval])) or vector(0)) / {SUMMARIES}",
                            "passed through",
                        )
                    ],
                    high=1,
                ),
            ],
        ),
        Row(
            "Readers",
            [
                Panel(
                    "Approval",
                    "Share of ratings that are thumbs up, over the time range.",
                    "percentunit",
                    [
                        Query(
                            'sum(increase(brevity_feedback_recorded_total{kind="up"}[$__range])) / sum(increase(brevity_feedback_recorded_total{kind=~"up|down"}[$__range]))'
                        )
                    ],
                    [(0.5, ORANGE), (0.75, "green")],
                    kind="stat",
                    width=6,
                    base=RED,
                ),
                Panel(
                    "Feedback",
                    "Ratings and corrections over the time range.",
                    "short",
                    [
                        Query(
                            "sum by (kind) (increase(brevity_feedback_recorded_total[$__range]))", "{{kind}}"
                        )
                    ],
                    kind="stat",
                    width=9,
                ),
                Panel(
                    "Feedback not yet published",
                    "Kept in the store, on its way to the topic.",
                    "short",
                    [Query("max(brevity_feedback_outbox_pending)")],
                    [(1, ORANGE), (10, RED)],
                    kind="stat",
                    width=9,
                ),
            ],
        ),
        Row(
            "Drift",
            [
                Panel(
                    "Evidence of drift",
                    "Where each test over all documents stands, as a share of its threshold; an alarm at 1.",
                    "percentunit",
                    [Query("max by (family) (brevity_feedback_drift_evidence_ratio)", "{{family}}")],
                    [(0.5, ORANGE), (1, RED)],
                ),
                Panel(
                    "Alarms",
                    "Drifts found, by monitor and scope; all series at 0 is the usual picture.",
                    "short",
                    [
                        Query(
                            "sum by (monitor, scope) (increase(brevity_feedback_drift_alarms_total[$__rate_interval]))",
                            "{{monitor}} {{scope}}",
                        )
                    ],
                ),
                Panel(
                    "Events watched",
                    "Events given to the monitors, and those no monitor could use.",
                    "short",
                    [
                        Query(
                            "sum by (topic) (rate(brevity_feedback_drift_observed_total[$__rate_interval]))",
                            "{{topic}}",
                        ),
                        Query(
                            "sum(rate(brevity_feedback_drift_skipped_total[$__rate_interval])) or vector(0)",
                            "skipped",
                        ),
                    ],
                ),
            ],
        ),
    ],
    span="now-7d",
)
