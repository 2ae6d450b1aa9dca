"""The engine over any neural generator: long documents, support for each sentence, warnings, counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from brevity.common.errors import BrevityError, Rejected, Transient, Unavailable
from brevity.neural.languages import has, name_of, same
from brevity.neural.long_documents import LongSummary, Wish
from brevity.neural.long_documents import summarize as summarize_long
from brevity.neural.port import GenerationError, Generator, ServerAway
from brevity.nlp.faithfulness import check
from brevity.nlp.sentences import split_sentences
from brevity.nlp.types import Span
from brevity.nlp.words import count_words
from brevity.summarize.engines.measures import (
    coverage_percent,
    faithfulness_flags,
    passed_through,
    source_flags,
    words_of,
)
from brevity.summarize.engines.port import Flag, Job, Summary, SummarySentence

_END_MARKS = ".!?…。！？।؟۔"
_CLOSERS = "\"'”’»)]}›」』）】"
_IN_ANY_LANGUAGE = frozenset({"number_not_in_source", "date_not_in_source"})
"""What can be checked across languages: numbers are written alike, names and words are not."""


class NeuralEngine:
    """A SummaryEngine. Summaries never have more words than wanted, unless their first sentence has.

    Args:
        name: The engine's: `seq2seq`, `llm`, `ctranslate2` or `openai`.
        decoding: How the generator decodes, put on every summary.
    """

    def __init__(self, name: str, generator: Generator, decoding: Mapping[str, Any] | None = None) -> None:
        self.name = name
        self._generator = generator
        self._decoding = dict(decoding or {})
        self.model_version = generator.model_version

    def speaks(self, language: str, output_language: str | None) -> bool:
        """Whether the model reads the one and writes the other; yes where it does not say what it has."""
        known = self._generator.languages()
        return has(known, language) and has(known, output_language or language)

    def summarize(self, jobs: Sequence[Job]) -> list[Summary | BrevityError]:
        """One Summary for each job in order; a job that cannot be summarized has its error in its place."""
        return self.rewrite(jobs, [()] * len(jobs))

    def rewrite(self, jobs: Sequence[Job], avoid: Sequence[tuple[str, ...]]) -> list[Summary | BrevityError]:
        """As `summarize`; the summary of each job does without the expressions in `avoid`."""
        answers: dict[int, Summary | BrevityError] = {}
        wishes: dict[int, Wish] = {}
        words: dict[int, int] = {}
        for number, job in enumerate(jobs):
            try:
                words[number] = words_of(job)
                self._refuse_languages(job)
            except Rejected as error:
                answers[number] = error
                continue
            if words[number] <= job.words and _own_language(job):
                answers[number] = self._passed_through(job, words[number])
            else:
                wishes[number] = _wish(job, avoid[number])
        done = summarize_long(list(wishes.values()), self._generator)
        for number, outcome in zip(wishes, done, strict=True):
            if isinstance(outcome, GenerationError):
                answers[number] = _error(outcome)
            else:
                answers[number] = self._summary(jobs[number], outcome, words[number])
        return [answers[number] for number in range(len(jobs))]

    def _refuse_languages(self, job: Job) -> None:
        known = self._generator.languages()
        for tag, verb in ((job.language, "read"), (job.output_language or job.language, "write")):
            if not has(known, tag):
                raise Rejected(
                    f"The engine {self.name} ({self.model_version}) cannot {verb} {name_of(tag)}; it has"
                    f" {', '.join(sorted(known or ()))}",
                    code="language_not_supported",
                    remedy="Ask for a language that it has, or have an engine configured that has this one.",
                )

    def _passed_through(self, job: Job, source_words: int) -> Summary:
        return passed_through(
            job,
            source_words,
            engine=self.name,
            model_version=self.model_version,
            decoding=self._how(job, None),
        )

    def _summary(self, job: Job, outcome: LongSummary, source_words: int) -> Summary | BrevityError:
        language = job.output_language or job.language
        text, places = _kept(outcome, language, job.words)
        if not places:
            return Rejected(
                "The model wrote nothing",
                code="empty_summary",
                remedy="Have the document summarized by another engine; this model has nothing to say on it.",
            )
        report = check(job.text, text, places, job.language)
        percent = coverage_percent(outcome.seen, job.text)
        found = faithfulness_flags(report)
        if not _own_language(job):
            found = (_TRANSLATED, *(flag for flag in found if flag.code in _IN_ANY_LANGUAGE))
        return Summary(
            text=text,
            sentences=tuple(
                SummarySentence(text[start:end], start, end, support.spans, support.support)
                for (start, end), support in zip(places, report.sentences, strict=True)
            ),
            seen=outcome.seen,
            coverage_percent=percent,
            engine=self.name,
            model_version=self.model_version,
            warnings=(*source_flags(job, percent), *_writing_flags(outcome), *found),
            decoding=self._how(job, outcome),
            source_words=source_words,
            summary_words=count_words(text, language),
            source_tokens=outcome.source_tokens,
            summary_tokens=outcome.summary_tokens,
        )

    def _how(self, job: Job, outcome: LongSummary | None) -> dict[str, Any]:
        how: dict[str, Any] = {"words": job.words, "style": job.style, **self._decoding}
        if outcome is not None and outcome.parts > 1:
            how |= {"parts": outcome.parts, "merge_levels": outcome.levels}
        return how


_TRANSLATED = Flag(
    "translated", "The summary is not in its source's language: only its numbers and dates were checked."
)


def _own_language(job: Job) -> bool:
    return job.output_language is None or same(job.language, job.output_language)


def _wish(job: Job, avoid: tuple[str, ...]) -> Wish:
    output = None if _own_language(job) else job.output_language
    return Wish(job.text, job.language, job.words, output, job.style, job.title, avoid)


def _error(error: GenerationError) -> BrevityError:
    kind = Unavailable if isinstance(error, ServerAway) else Transient if error.transient else Rejected
    return kind(str(error), code=error.code, remedy=error.remedy)


def _writing_flags(outcome: LongSummary) -> tuple[Flag, ...]:
    flags: list[Flag] = []
    if not outcome.finished:
        flags.append(Flag("summary_cut", "The model wrote to its limit: the summary may lack its end."))
    if outcome.cut:
        flags.append(
            Flag(
                "parts_cut",
                f"{outcome.cut} summaries of parts were longer than asked for and were cut before merging.",
            )
        )
    return tuple(flags)


def _kept(outcome: LongSummary, language: str, words: int) -> tuple[str, list[tuple[int, int]]]:
    """The summary's whole sentences within `words` words, at least one, and their places in it."""
    text = outcome.text.strip()
    places = [_without_bullet(text, span) for span in split_sentences(text, language)]
    places = [place for place in places if place[1] > place[0]]
    if not outcome.finished and len(places) > 1 and not _ends(text[slice(*places[-1])]):
        places.pop()
    held = [count_words(text[start:end], language) for start, end in places]
    while len(places) > 1 and sum(held) > words:
        places.pop()
        held.pop()
    return (text[: places[-1][1]], places) if places and sum(held) else ("", [])


def _without_bullet(text: str, span: Span) -> tuple[int, int]:
    return (span.start + 2, span.end) if text.startswith("- ", span.start) else (span.start, span.end)


def _ends(sentence: str) -> bool:
    return sentence.rstrip(_CLOSERS)[-1:] in tuple(_END_MARKS)


def with_tokens(summary: Summary, *others: Summary) -> Summary:
    """`summary` with the tokens of the other tries added: they were read and written for it."""
    read = [s.source_tokens for s in (summary, *others) if s.source_tokens is not None]
    written = [s.summary_tokens for s in (summary, *others) if s.summary_tokens is not None]
    return replace(
        summary,
        source_tokens=sum(read) if read else None,
        summary_tokens=sum(written) if written else None,
    )
