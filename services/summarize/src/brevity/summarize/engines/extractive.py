"""The engine that takes sentences from the document word for word: runs anywhere, invents nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from brevity.common.errors import BrevityError, Fatal, Rejected
from brevity.nlp.extractive import Extract, ExtractiveSummarizer, ExtractSentence, shown_of
from brevity.nlp.faithfulness import check
from brevity.nlp.ranker import BadModel
from brevity.nlp.types import Span
from brevity.nlp.words import count_words
from brevity.summarize.engines.measures import (
    coverage_percent,
    faithfulness_flags,
    passed_through,
    source_flags,
    words_of,
)
from brevity.summarize.engines.port import Job, Summary, SummarySentence


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

    def speaks(self, language: str, output_language: str | None) -> bool:
        """Every language, and no other than the document's."""
        return output_language in (None, language)

    def summarize(self, jobs: Sequence[Job]) -> list[Summary | BrevityError]:
        """One Summary for each job in order; a job that cannot be summarized has its error in its place."""
        return [self._one(job) for job in jobs]

    def _one(self, job: Job) -> Summary | BrevityError:
        try:
            return self._summarize(job)
        except BrevityError as error:
            return error

    def _summarize(self, job: Job) -> Summary:
        source_words = words_of(job)
        if not self.speaks(job.language, job.output_language):
            raise Rejected(
                f"The extractive engine cannot write {job.output_language}; the document is in {job.language}",
                code="language_not_supported",
                remedy="Leave the summary's language out, or choose an engine that translates.",
            )
        if source_words <= job.words:
            return passed_through(
                job, source_words, engine=self.name, model_version=self.model_version, decoding=_decoding(job)
            )
        extract = self._summarizer.summarize(
            job.text, language=job.language, words=job.words, style=job.style, blocks=job.blocks
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
            warnings=(*source_flags(job, percent), *faithfulness_flags(report)),
            decoding=_decoding(job),
            source_words=source_words,
            summary_words=count_words(extract.text, job.language),
        )


def _longest_first(spans: Sequence[Span]) -> tuple[Span, ...]:
    """The sentence's own place before its speaker's name."""
    return tuple(sorted(spans, key=lambda span: span.start - span.end))


def _own_words(source: str, sentence: ExtractSentence) -> tuple[int, int]:
    """The sentence's place in the summary without the speaker put before it: the name stands elsewhere."""
    start, end = _longest_first(sentence.spans)[0]
    words = shown_of(source[start:end])
    length = len(words) if sentence.text.endswith(words) else len(sentence.text)
    return sentence.end - length, sentence.end


def _decoding(job: Job) -> dict[str, object]:
    return {"words": job.words, "style": job.style}
