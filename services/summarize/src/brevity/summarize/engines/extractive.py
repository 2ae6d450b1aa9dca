"""The engine that takes sentences from the document word for word: runs anywhere, invents nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from brevity.common.errors import BrevityError, Fatal, Rejected
from brevity.nlp.extractive import Extract, ExtractiveSummarizer, ExtractSentence
from brevity.nlp.faithfulness import Report, check
from brevity.nlp.language import UNDETERMINED
from brevity.nlp.ranker import BadModel
from brevity.nlp.sentences import split_sentences
from brevity.nlp.types import Span
from brevity.nlp.words import count_words
from brevity.summarize.engines.port import Flag, Job, Summary, SummarySentence


class ExtractiveEngine:
    """A SummaryEngine on `brevity.nlp.extractive`.

    A document no longer than the summary wanted is passed through as it is.
    """

    name = "extractive"

    def __init__(self, summarizer: ExtractiveSummarizer) -> None:
        self._summarizer = summarizer
        self.model_version = summarizer.model_version

    @classmethod
    def load(cls, path: Path | None = None) -> ExtractiveEngine:
        """Load the model at `path`, or the bundled one. Raises Fatal when it cannot be used."""
        try:
            return cls(ExtractiveSummarizer.load(path))
        except BadModel as error:
            raise Fatal(
                f"The extractive engine's model cannot be used: {error}",
                code="model_unusable",
                remedy="Give the path of a whole model, or none for the bundled one.",
            ) from error

    def summarize(self, jobs: Sequence[Job]) -> list[Summary | BrevityError]:
        """One Summary for each job in order; a job that cannot be summarized has its error in its place."""
        return [self._one(job) for job in jobs]

    def _one(self, job: Job) -> Summary | BrevityError:
        try:
            return self._summarize(job)
        except BrevityError as error:
            return error

    def _summarize(self, job: Job) -> Summary:
        source_words = count_words(job.text, job.language)
        if source_words == 0:
            raise Rejected("The document holds no words", code="no_text", remedy="Submit a text with words.")
        if job.output_language not in (None, job.language):
            raise Rejected(
                f"The extractive engine cannot write {job.output_language}; the document is in {job.language}",
                code="language_not_supported",
                remedy="Leave the summary's language out, or choose an engine that translates.",
            )
        if source_words <= job.words:
            return self._passed_through(job, source_words)
        extract = self._summarizer.summarize(
            job.text, language=job.language, words=job.words, style=job.style
        )
        if not extract.sentences:
            raise Rejected(
                "No sentence could be taken from the document",
                code="no_text",
                remedy="Submit running text; lists of symbols cannot be summarized.",
            )
        return self._extracted(job, extract, source_words)

    def _extracted(self, job: Job, extract: Extract, source_words: int) -> Summary:
        places = [_own_words(job.text, s) for s in extract.sentences]
        report = check(job.text, extract.text, places, job.language)
        percent = coverage_percent(extract.seen, job.text)
        sentences = tuple(
            SummarySentence(s.text, s.start, s.end, _longest_first(s.spans), found.support, s.score)
            for s, found in zip(extract.sentences, report.sentences, strict=True)
        )
        return Summary(
            text=extract.text,
            sentences=sentences,
            seen=extract.seen,
            coverage_percent=percent,
            engine=self.name,
            model_version=self.model_version,
            warnings=_warnings(job, percent, report),
            decoding=_decoding(job),
            source_words=source_words,
            summary_words=count_words(extract.text, job.language),
        )

    def _passed_through(self, job: Job, source_words: int) -> Summary:
        whole = Span(0, len(job.text))
        return Summary(
            text=job.text,
            sentences=tuple(
                SummarySentence(job.text[span.start : span.end], span.start, span.end, (span,), 1.0)
                for span in split_sentences(job.text, job.language)
            ),
            seen=(whole,),
            coverage_percent=100.0,
            engine=self.name,
            model_version=self.model_version,
            passed_through=True,
            warnings=_warnings(job, 100.0, None),
            decoding=_decoding(job),
            source_words=source_words,
            summary_words=source_words,
        )


def _longest_first(spans: Sequence[Span]) -> tuple[Span, ...]:
    """The sentence's own place before its speaker's name."""
    return tuple(sorted(spans, key=lambda span: span.start - span.end))


def _own_words(source: str, sentence: ExtractSentence) -> tuple[int, int]:
    """The sentence's place in the summary without the speaker put before it: the name stands elsewhere."""
    start, end = _longest_first(sentence.spans)[0]
    words = " ".join(source[start:end].split())
    length = len(words) if sentence.text.endswith(words) else len(sentence.text)
    return sentence.end - length, sentence.end


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


def _visible(text: str) -> int:
    return sum(map(len, text.split()))


def _decoding(job: Job) -> dict[str, object]:
    return {"words": job.words, "style": job.style}


def _warnings(job: Job, percent: float, report: Report | None) -> tuple[Flag, ...]:
    flags: list[Flag] = []
    if job.language == UNDETERMINED:
        flags.append(
            Flag(
                "language_undetermined", "The document's language could not be told; general rules were used."
            )
        )
    if percent < 100:
        flags.append(Flag("coverage_below_100", f"The engine read {percent:.1f} % of the document."))
    if report is not None:
        flags.extend(Flag(flag.code, flag.message, flag.start, flag.end) for flag in report.flags)
    return tuple(flags)
