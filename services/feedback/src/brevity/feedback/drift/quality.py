"""Quality numbers of a summary: how long it is, how much of it is in doubt."""

from __future__ import annotations

from brevity.common.events import SummaryCompleted


def warning_share(summary: SummaryCompleted) -> float:
    """Faithfulness warnings a sentence; `partial_coverage` concerns the source's length and is left out."""
    doubtful = sum(warning.code != "partial_coverage" for warning in summary.warnings)
    return doubtful / max(1, len(summary.sentences))


def length_ratio(summary: SummaryCompleted) -> float:
    """Words of the summary to words wanted; to a tenth of the source's where no number was asked for."""
    wanted = summary.request.words or max(1.0, summary.usage.source_words / 10)
    return summary.usage.summary_words / wanted
