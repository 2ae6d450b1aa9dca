"""Quality numbers of a summary: how far a reviewer changed it, how long it is, how much of it is in doubt."""

from __future__ import annotations

import numpy as np

from brevity.common.events import SummaryCompleted

MAX_WORDS = 2_000


def edit_distance(summary: str, edited: str) -> float:
    """Words inserted, deleted or replaced, as a share of the longer text: 0 unchanged, 1 all new.

    Levenshtein distance over words (Wagner & Fischer 1974), by rows: the running minimum carries insertions. The
    first 2,000 words of each are compared.
    """
    old, new = summary.split()[:MAX_WORDS], edited.split()[:MAX_WORDS]
    if not old or not new:
        return float(bool(old) != bool(new))
    numbers: dict[str, int] = {}
    left = [numbers.setdefault(word, len(numbers)) for word in old]
    right = np.array([numbers.setdefault(word, len(numbers)) for word in new])
    steps = np.arange(len(new) + 1)
    row = steps.copy()
    for word in left:
        changed = np.minimum(row[1:] + 1, row[:-1] + (right != word))
        row = np.minimum.accumulate(np.concatenate(([row[0] + 1], changed)) - steps) + steps
    return float(row[-1]) / max(len(old), len(new))


def warning_share(summary: SummaryCompleted) -> float:
    """Faithfulness warnings a sentence; `partial_coverage` concerns the source's length and is left out."""
    doubtful = sum(warning.code != "partial_coverage" for warning in summary.warnings)
    return doubtful / max(1, len(summary.sentences))


def length_ratio(summary: SummaryCompleted) -> float:
    """Words of the summary to words wanted; to a tenth of the source's where no number was asked for."""
    wanted = summary.request.words or max(1.0, summary.usage.source_words / 10)
    return summary.usage.summary_words / wanted
