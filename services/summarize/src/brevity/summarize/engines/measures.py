"""What every engine says of a summary in the same way: coverage, warnings, and texts that are their own summary."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from brevity.common.errors import Rejected
from brevity.nlp.faithfulness import Report
from brevity.nlp.language import UNDETERMINED
from brevity.nlp.sentences import split_sentences
from brevity.nlp.types import Span
from brevity.nlp.words import count_words
from brevity.summarize.engines.port import Flag, Job, Summary, SummarySentence


def words_of(job: Job) -> int:
    """The words of the document. Raises Rejected when it holds none."""
    words = count_words(job.text, job.language)
    if words == 0:
        raise Rejected("The document holds no words", code="no_text", remedy="Submit a text with words.")
    return words


def passed_through(
    job: Job, source_words: int, *, engine: str, model_version: str, decoding: dict[str, Any]
) -> Summary:
    """The document as its own summary, every sentence supported by itself."""
    return Summary(
        text=job.text,
        sentences=tuple(
            SummarySentence(job.text[span.start : span.end], span.start, span.end, (span,), 1.0)
            for span in split_sentences(job.text, job.language)
        ),
        seen=(Span(0, len(job.text)),),
        coverage_percent=100.0,
        engine=engine,
        model_version=model_version,
        passed_through=True,
        warnings=source_flags(job, 100.0),
        decoding=decoding,
        source_words=source_words,
        summary_words=source_words,
    )


def coverage_percent(seen: Sequence[Span], text: str) -> float:
    """Share of the text's characters, blanks aside, that lie in `seen`, in percent with one decimal.

    Rounded down, so that 100 means all of it.
    """
    total = _visible(text)
    if total == 0:
        return 100.0
    covered, reached = 0, 0
    for start, end in sorted(seen):
        covered += _visible(text[max(start, reached) : end])
        reached = max(reached, end)
    return (1000 * covered // total) / 10


def source_flags(job: Job, percent: float) -> tuple[Flag, ...]:
    """Warnings about the document and how much of it was read."""
    flags: list[Flag] = []
    if job.language == UNDETERMINED:
        flags.append(
            Flag(
                "language_undetermined", "The document's language could not be told; general rules were used."
            )
        )
    if percent < 100:
        flags.append(Flag("coverage_below_100", f"The engine read {percent:.1f} % of the document."))
    return tuple(flags)


def faithfulness_flags(report: Report) -> tuple[Flag, ...]:
    """Warnings about what the source does not hold."""
    return tuple(Flag(flag.code, flag.message, flag.start, flag.end) for flag in report.flags)


def _visible(text: str) -> int:
    return sum(map(len, text.split()))
