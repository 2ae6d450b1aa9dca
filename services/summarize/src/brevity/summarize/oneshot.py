"""Summaries in this process, with no service and no Kafka: for scripts, notebooks and the command line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice

from pydantic import ValidationError

from brevity import documents
from brevity.common.contracts.vocabulary import Length, Style
from brevity.common.errors import BrevityError, Rejected
from brevity.common.events.documents import SummaryRequest
from brevity.common.settings import load_settings
from brevity.documents.formats.text import blocks_of
from brevity.documents.languages import language_of
from brevity.nlp.language import detect_language
from brevity.nlp.types import Block
from brevity.nlp.words import count_words
from brevity.summarize.engines.port import Flag, Job, Summary, SummaryEngine, SummarySentence
from brevity.summarize.engines.registry import DEFAULT, load_engine
from brevity.summarize.lengths import resolve_words
from brevity.summarize.settings import SummarizeSettings
from brevity.summarize.versions.address import object_of

# Few enough to hold in memory at any document size that fits there, many enough for an engine that batches.
BATCH = 16


@dataclass(frozen=True, slots=True)
class Result:
    """A summary. `sentences` name the source spans that support them; `warnings` are for a reader to check."""

    text: str
    language: str
    sentences: tuple[SummarySentence, ...]
    warnings: tuple[Flag, ...]
    coverage_percent: float
    passed_through: bool
    source_words: int
    summary_words: int
    engine: str
    model_version: str


def summarize(
    text: str | documents.Document,
    *,
    words: int | None = None,
    length: Length = "medium",
    style: Style = "paragraph",
    language: str | None = None,
    title: str | None = None,
    engine: str = DEFAULT,
) -> Result:
    """Summarize one text, or a document that `brevity.documents.read_file` gave: its title and its warnings count.

    At most `words` words, or else a share of the text by `length` (see `brevity.summarize.lengths`). `language` is
    the text's, detected when absent; `engine` as in `load_engine`. The engine stays loaded for the next call.
    Raises Rejected when the text or a wish cannot be used, Fatal when the engine cannot be loaded.
    """
    document = text if isinstance(text, documents.Document) else None
    body = document.text if document is not None else str(text)
    if document is not None:
        language = language or language_of(document).tag
        title = title or document.title
    blocks = document.blocks if document is not None else None
    [result] = run([make_job(body, request(words, length, style), language, title, blocks)], loaded(engine))
    if isinstance(result, BrevityError):
        raise result
    if document is None:
        return result
    told = tuple(Flag(each.code, each.message) for each in document.warnings)
    return replace(result, warnings=(*told, *result.warnings))


def summarize_many(
    texts: Iterable[str],
    *,
    words: int | None = None,
    length: Length = "medium",
    style: Style = "paragraph",
    language: str | None = None,
    engine: str = DEFAULT,
) -> Iterator[Result | BrevityError]:
    """Summarize many texts lazily and in order; one that cannot be summarized yields its error in its place."""
    wish = request(words, length, style)
    ready = loaded(engine)
    source = iter(texts)
    while batch := list(islice(source, BATCH)):
        yield from run([make_job(text, wish, language, None) for text in batch], ready)


def request(words: int | None, length: Length, style: Style) -> SummaryRequest:
    """The wishes as a checked request. Raises Rejected, naming the first that is wrong."""
    try:
        return SummaryRequest(words=words, length=length, style=style)
    except ValidationError as error:
        problem = error.errors()[0]
        name = ".".join(map(str, problem["loc"]))
        raise Rejected(
            f"`{name}` is wrong: {problem['msg']}", code="bad_request", remedy="Correct it and try again."
        ) from None


def make_job(
    text: str,
    wish: SummaryRequest,
    language: str | None,
    title: str | None,
    blocks: Sequence[documents.Block] | None = None,
) -> Job:
    """The job for one text, its language detected and its length resolved; its blocks are those that are found in it."""
    tag = language or detect_language(text).tag
    if blocks is None:
        blocks = blocks_of(text)
    plain = tuple(Block(block.kind.value, block.start, block.end, block.speaker) for block in blocks)
    return Job(text, tag, resolve_words(wish, count_words(text, tag)), wish.style, title, blocks=plain)


def run(jobs: list[Job], engine: SummaryEngine) -> list[Result | BrevityError]:
    """Summarize a batch; errors stand in their job's place."""
    return [
        done if isinstance(done, BrevityError) else _result(job, done)
        for job, done in zip(jobs, engine.summarize(jobs), strict=True)
    ]


@lru_cache(maxsize=2)
def loaded(uri: str) -> SummaryEngine:
    """The engine of `uri`, loaded once in this process; a model in the object store is fetched first."""
    if object_of(uri) is None:
        return load_engine(uri)
    from brevity.summarize.versions.wiring import model_cache

    settings = load_settings(SummarizeSettings)
    return load_engine(model_cache(settings).local(uri), settings)


def _result(job: Job, summary: Summary) -> Result:
    return Result(
        text=summary.text,
        language=job.output_language or job.language,
        sentences=summary.sentences,
        warnings=summary.warnings,
        coverage_percent=summary.coverage_percent,
        passed_through=summary.passed_through,
        source_words=summary.source_words,
        summary_words=summary.summary_words,
        engine=summary.engine,
        model_version=summary.model_version,
    )
