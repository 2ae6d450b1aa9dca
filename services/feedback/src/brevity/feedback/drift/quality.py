"""Quality numbers of a summary: how long it is, how much of it is in doubt."""

from __future__ import annotations

from brevity.common.contracts.vocabulary import Severity, severity_of
from brevity.common.events import SummaryCompleted


def warning_share(summary: SummaryCompleted) -> float:
    """Warnings a sentence, of those that doubt what it says; notices are left out."""
    doubtful = sum(severity_of(warning.code) is not Severity.NOTICE for warning in summary.warnings)
    return doubtful / max(1, len(summary.sentences))


def length_ratio(summary: SummaryCompleted) -> float:
    """Words of the summary to words wanted; to a tenth of the source's where no number was asked for."""
    wanted = summary.request.words or max(1.0, summary.usage.source_words / 10)
    return summary.usage.summary_words / wanted
