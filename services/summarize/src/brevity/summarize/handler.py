"""The stage's handler: accepted documents in, summaries out, by micro-batches of alike length."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import replace

from brevity.common.budget import ByteBudget
from brevity.common.errors import BrevityError, Rejected, Unavailable
from brevity.common.events import DocumentAccepted, ObjectRef, TextBlock, decode, encode, record_time
from brevity.common.ids import content_hash
from brevity.common.kafka.record import OutRecord, Record
from brevity.common.kafka.results import Done, Failed, Result, SetAside, Unkept, unkept_note
from brevity.common.kafka.retry import REPLAY_HEADER
from brevity.common.observability import tracing
from brevity.common.storage.objects import ObjectStore
from brevity.common.storage.places import rejected_key
from brevity.nlp.types import Block
from brevity.summarize.engines.port import Job, Summary
from brevity.summarize.lengths import resolve_words
from brevity.summarize.metrics import SummarizeMetrics
from brevity.summarize.results import completed, failed
from brevity.summarize.serving.batching import micro_batches
from brevity.summarize.serving.client import EngineClient
from brevity.summarize.serving.wire import Answer
from brevity.summarize.settings import EngineSettings
from brevity.summarize.versions.address import engine_of

SECONDS_HEADER = "brevity-engine-seconds"
"""The engine's seconds for the micro-batch, shared equally among its documents: differs from run to run."""

_MOST_BYTES = 32_000_000
"""Texts' bytes in hand at once, over all calls to the engine."""


class SummarizeHandler:
    """Callable as a stage's `Handler`; `dead_letter` is its `DeadLetter`.

    Args:
        client: Reaches the engine; used by `threads` threads at once.
        store: Holds long texts, and keeps the bytes of what is given up.
    """

    def __init__(
        self,
        client: EngineClient,
        store: ObjectStore,
        settings: EngineSettings,
        metrics: SummarizeMetrics,
        *,
        threads: int,
    ) -> None:
        self._client = client
        self._store = store
        self._settings = settings
        self._metrics = metrics
        self._routed = engine_of(settings.engine) == "router"
        self._in_hand = InHand()
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="engine-call")
        self._budget = ByteBudget(_MOST_BYTES)

    def __call__(self, records: Sequence[Record]) -> list[Result]:
        """One result per record, in order; documents of one call to the engine that failed share its error."""
        results: dict[int, Result] = {}
        documents: dict[int, DocumentAccepted] = {}
        for index, record in enumerate(records):
            try:
                document = decode(DocumentAccepted, record)
                self._refuse_other_engines(document)
                if self._is_long(document) and not record.aside:
                    results[index] = SetAside()
                else:
                    documents[index] = document
            except Rejected as error:
                results[index] = Failed(error)
        with self._in_hand(sum(document.word_count for document in documents.values())) as waiting:
            for index, (answer, seconds) in self._ask(documents, waiting).items():
                results[index] = self._result(records[index], documents[index], answer, seconds)
        return [results[index] for index in range(len(records))]

    def _ask(
        self, documents: Mapping[int, DocumentAccepted], waiting: int
    ) -> dict[int, tuple[Answer, float]]:
        """The answer to each document, with its share of the engine's seconds; returns or raises once every call has
        ended."""
        together = list(documents)
        batches = [
            [together[number] for number in batch]
            for batch in micro_batches(
                [documents[index].word_count for index in together],
                most_documents=self._settings.batch_documents,
                most_words=self._settings.batch_words,
            )
        ]
        calls = [
            self._pool.submit(self._summarize, [documents[index] for index in batch], waiting)
            for batch in batches
        ]
        wait(calls)
        return {
            index: answer
            for batch, call in zip(batches, calls, strict=True)
            for index, answer in zip(batch, call.result(), strict=True)
        }

    def dead_letter(self, record: Record, error: BrevityError, attempts: int) -> OutRecord:
        """The `summaries.failed` event for `record`; its bytes are kept first, so that it can be replayed."""
        try:
            document = decode(DocumentAccepted, record)
        except Rejected:
            document = None
        value = record.value or b""
        key = rejected_key(document.tenant if document else None, value)
        original: ObjectRef | None = ObjectRef(
            uri=f"s3://{self._store.bucket}/{key}", sha256=content_hash(value), size_bytes=len(value)
        )
        unkept = None
        try:
            self._store.put(key, value, content_type="application/json")
        except Unavailable as failure:
            original, unkept = None, failure
        event = failed(record, document, error, attempts, original=original, engine=self._settings.engine)
        if unkept is not None:
            event = event.model_copy(update={"message": f"{event.message}. {unkept_note(record)}"})
        letter = encode(event, source="summarize", time=record_time(record), cause=record)
        if unkept is not None:
            raise Unkept(unkept, letter) from unkept
        return letter

    def _refuse_other_engines(self, document: DocumentAccepted) -> None:
        wanted, here = document.summary.engine, self._settings.engine.split(":")[0]
        if wanted is not None and wanted.split(":")[0] != here and not self._routed:
            raise Rejected(
                f"the engine {wanted!r} is not served here; {here!r} is",
                code="engine_not_served",
                remedy="Submit without `summary.engine`, or have the operator serve that engine.",
            )

    def _is_long(self, document: DocumentAccepted) -> bool:
        return 0 < self._settings.long_bytes < _size(document)

    def _text(self, document: DocumentAccepted) -> str:
        if document.text is not None:
            return document.text
        reference = document.text_ref
        if reference is None:
            raise Rejected("the accepted event carries no text", code="bad_schema")
        data = self._store.get(
            reference.object_key, max_bytes=self._settings.max_text_bytes, bucket=reference.bucket
        )
        if content_hash(data) != document.content_hash:
            raise Rejected(
                "the stored text is not the one that was accepted",
                code="text_changed",
                remedy="Submit the document again.",
            )
        return data.decode("utf-8")

    def _blocks(self, document: DocumentAccepted) -> tuple[Block, ...]:
        """None where they are not known, or no longer kept."""
        blocks = document.blocks or []
        reference = document.blocks_ref
        if reference is not None:
            try:
                data = self._store.get(
                    reference.object_key, max_bytes=self._settings.max_text_bytes, bucket=reference.bucket
                )
            except Rejected:
                return ()
            if content_hash(data) != reference.sha256:
                return ()
            blocks = [TextBlock.model_validate_json(line) for line in data.splitlines()]
        return tuple(Block(block.kind, block.start, block.end, block.speaker) for block in blocks)

    def _summarize(self, documents: Sequence[DocumentAccepted], waiting: int) -> list[tuple[Answer, float]]:
        """Their texts are in hand for as long as the call takes, and bounded over all calls."""
        with self._budget(sum(_size(document) for document in documents)):
            answers: list[tuple[Answer, float] | None] = [None] * len(documents)
            jobs: dict[int, Job] = {}
            for number, document in enumerate(documents):
                try:
                    job = _job(document, self._text(document), self._blocks(document))
                    jobs[number] = _for_router(job, document, waiting) if self._routed else job
                except (Rejected, Unavailable) as error:
                    answers[number] = error, 0.0
            found, seconds = self._asked(list(jobs.values())) if jobs else ([], 0.0)
            for number, answer in zip(jobs, found, strict=True):
                answers[number] = answer, seconds / len(jobs)
            return [answer for answer in answers if answer is not None]

    def _asked(self, jobs: Sequence[Job]) -> tuple[Sequence[Answer], float]:
        began = time.perf_counter()
        try:
            answers: Sequence[Answer] = self._client.summarize(jobs)
        except Unavailable as error:
            return [error] * len(jobs), 0.0
        seconds = time.perf_counter() - began
        self._metrics.batch_documents.observe(len(jobs))
        self._metrics.engine_seconds.observe(seconds)
        return answers, seconds

    def _result(self, record: Record, document: DocumentAccepted, answer: Answer, seconds: float) -> Result:
        if isinstance(answer, Unavailable):
            return Failed(answer)
        if isinstance(answer, BrevityError):
            self._metrics.failures.labels(answer.code).inc()
            return Failed(answer)
        self._count(document, answer)
        event = completed(document, answer, replayed=record.header(REPLAY_HEADER) is not None)
        with tracing.continue_from(
            record.headers, "summarize", {"brevity.document_id": document.document_id}
        ):
            extra = ((SECONDS_HEADER, f"{seconds:.6f}".encode()), *tracing.inject())
            return Done(
                (encode(event, source="summarize", time=record_time(record), cause=record, extra=extra),)
            )

    def _count(self, document: DocumentAccepted, summary: Summary) -> None:
        metrics = self._metrics
        metrics.summaries.labels(summary.engine, document.summary.style).inc()
        if summary.passed_through:
            metrics.passed_through.labels(summary.engine).inc()
        if summary.route is not None:
            metrics.routes.labels(summary.route.name, summary.route.reasons[0]).inc()
            for reason in summary.route.reasons[1:]:
                name, _, why = reason.rpartition(":")
                if name:
                    metrics.passed_over.labels(name, why).inc()
        for flag in summary.warnings:
            metrics.warnings.labels(flag.code).inc()
        for sentence in summary.sentences:
            metrics.support.observe(sentence.support)
        metrics.tokens.labels("source").inc(summary.source_tokens or 0)
        metrics.tokens.labels("summary").inc(summary.summary_tokens or 0)
        metrics.source_words.observe(document.word_count)
        metrics.summary_words.observe(summary.summary_words)
        metrics.coverage.observe(summary.coverage_percent)
        metrics.since_submission.observe(max(0.0, time.time() - document.submitted_at.timestamp()))


def _size(document: DocumentAccepted) -> int:
    if document.text_ref is not None and document.text_ref.size_bytes is not None:
        return document.text_ref.size_bytes
    return document.char_count


def _job(document: DocumentAccepted, text: str, blocks: tuple[Block, ...]) -> Job:
    request = document.summary
    return Job(
        text=text,
        language=document.language,
        words=resolve_words(request, document.word_count),
        style=request.style,
        title=document.title,
        output_language=request.language,
        blocks=blocks,
    )


def _for_router(job: Job, document: DocumentAccepted, waiting_words: int) -> Job:
    """The job with what a router decides by. Only a router is sent it: other engines' replicas may not know it yet."""
    wanted = document.summary.engine
    return replace(
        job,
        tenant=document.tenant,
        wanted=None if wanted == "router" else wanted,
        waited_seconds=round(max(0.0, time.time() - document.submitted_at.timestamp()), 3),
        waiting_words=waiting_words,
    )


class InHand:
    """Words of the documents that this stage is waiting for the engine to answer; safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._words = 0

    @contextmanager
    def __call__(self, words: int) -> Generator[int]:
        """While `words` more are waiting; yields them and those already there."""
        with self._lock:
            self._words += words
            waiting = self._words
        try:
            yield waiting
        finally:
            with self._lock:
                self._words -= words
