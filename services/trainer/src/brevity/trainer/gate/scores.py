"""What a model makes of each evaluation document, as numbers. Pure but for the clock."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from brevity.common.errors import Rejected
from brevity.nlp.extractive import ExtractiveSummarizer
from brevity.nlp.faithfulness import check
from brevity.nlp.ranker import BadModel
from brevity.nlp.rouge import rouge_l, rouge_n, tokens
from brevity.nlp.words import count_words
from brevity.trainer.data.rows import Row
from brevity.trainer.gate.port import Summarizer, Written

BUCKETS = ((300, "short"), (1_500, "medium"))
"""Lengths of documents in words, below each bound; `long` above."""


@dataclass(frozen=True, slots=True)
class Score:
    """One model on one document; the reference's length is what was asked for.

    Attributes:
        rouge1, rouge2, rouge_l: F1 against the reference, 0 to 1.
        faithfulness: Share of the summary's sentences that the source supports and nothing is flagged in, 0 to 1.
        length: Words of the summary for each word of the reference.
        seconds: Time to summarize.
    """

    rouge1: float
    rouge2: float
    rouge_l: float
    faithfulness: float
    length: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Pair:
    """Both models on one document."""

    document: str
    set: str
    recent: bool
    language: str
    bucket: str
    candidate: Score
    champion: Score

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def summarizer_of(file: Path, engine: str = "extractive") -> Summarizer:
    """The model in a file, as `engine` serves it. Raises Rejected `bad_model`."""
    if engine == "extractive":
        return _extractive(file)
    from brevity.trainer.gate.generating import generating  # an extra, and seconds to import

    return generating(file, engine)


def _extractive(file: Path) -> Summarizer:
    try:
        model = ExtractiveSummarizer.load(file)
    except BadModel as error:
        raise Rejected(
            f"the model cannot be used: {error}", code="bad_model", remedy="Train it again."
        ) from error

    def write(text: str, language: str, words: int) -> Written:
        summary = model.summarize(text, language=language, words=words, style="paragraph")
        return Written(summary.text, [(s.start, s.end) for s in summary.sentences])

    return write


def compare(candidate: Summarizer, champion: Summarizer, rows: Sequence[Row]) -> Iterator[Pair]:
    """Both models on each row, by turns, so that a busy machine slows both alike."""
    for number, row in enumerate(rows):
        order = (candidate, champion) if number % 2 else (champion, candidate)
        scores = [score(model, row) for model in order]
        ours, theirs = scores if number % 2 else reversed(scores)
        yield Pair(
            document=row.content_hash[:16],
            set=row.set,
            recent=row.origin != "file",
            language=row.language,
            bucket=bucket_of(row.text),
            candidate=ours,
            champion=theirs,
        )


def score(model: Summarizer, row: Row) -> Score:
    """One model on one row."""
    wanted = max(5, count_words(row.summary, row.language))
    began = time.perf_counter()
    summary = model(row.text, row.language, wanted)
    took = time.perf_counter() - began
    ours, theirs = tokens(summary.text), tokens(row.summary)
    places = summary.places
    report = check(row.text, summary.text, places, row.language)
    flagged = {
        i
        for i, (start, end) in enumerate(places)
        for flag in report.flags
        if flag.start is not None and start <= flag.start < end
    }
    good = sum(s.support for i, s in enumerate(report.sentences) if i not in flagged)
    return Score(
        rouge1=rouge_n(ours, theirs, 1),
        rouge2=rouge_n(ours, theirs, 2),
        rouge_l=rouge_l(ours, theirs),
        faithfulness=good / len(places) if places else 0.0,
        length=count_words(summary.text, row.language) / wanted,
        seconds=took,
    )


def bucket_of(text: str) -> str:
    """`short`, `medium` or `long`."""
    words = len(text.split())
    return next((name for bound, name in BUCKETS if words < bound), "long")
