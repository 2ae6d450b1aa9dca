"""What a comparison says in means, over all documents and over each kind of group. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from statistics import fmean

from brevity.trainer.gate.scores import Pair, Score

MEASURES = ("rouge1", "rouge2", "rouge_l", "faithfulness", "length", "seconds")
"""Fields of a score, as they are named in records."""

_KINDS: Mapping[str, Callable[[Pair], str]] = {
    "set": lambda pair: pair.set,
    "language": lambda pair: pair.language,
    "length": lambda pair: pair.bucket,
    "origin": lambda pair: "recent feedback" if pair.recent else "frozen",
}


def means(scores: Sequence[Score]) -> dict[str, float]:
    """The mean of each measure; 0 of nothing."""
    return {name: fmean(getattr(score, name) for score in scores) if scores else 0.0 for name in MEASURES}


def both(pairs: Sequence[Pair]) -> tuple[dict[str, float], dict[str, float]]:
    """Means of the candidate and of the other model."""
    return means([pair.candidate for pair in pairs]), means([pair.champion for pair in pairs])


def grouped(pairs: Sequence[Pair]) -> Iterator[tuple[str, str, list[Pair]]]:
    """Kind, name and members of each group: sets, languages, lengths, and where the documents come from."""
    for kind, of in _KINDS.items():
        for name in sorted({of(pair) for pair in pairs}):
            yield kind, name, [pair for pair in pairs if of(pair) == name]


def metrics_by_group(pairs: Sequence[Pair]) -> dict[str, float]:
    """Every measure of both models in every group, as `set.NAME.rouge2` and `set.NAME.rouge2_champion`."""
    out: dict[str, float] = {}
    for kind, name, members in grouped(pairs):
        ours, theirs = both(members)
        for measure in MEASURES:
            out[f"{kind}.{name}.{measure}"] = ours[measure]
            out[f"{kind}.{name}.{measure}_champion"] = theirs[measure]
    return out
