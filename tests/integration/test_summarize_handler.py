"""The summarize handler against the real object store, with the engine in this process."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from brevity.common.errors import Fatal, Rejected, Transient, Unavailable
from brevity.common.events import DocumentAccepted, ObjectRef, Origin, SummaryCompleted, SummaryFailed
from brevity.common.ids import content_hash
from brevity.common.kafka.blame import Blame
from brevity.common.kafka.metrics import StageMetrics
from brevity.common.kafka.record import ASIDE_HEADER, Record
from brevity.common.kafka.results import Done, Failed, Result, SetAside
from brevity.common.kafka.retry import REPLAY_HEADER
from brevity.common.kafka.runtime import Runtime
from brevity.common.settings import S3Settings
from brevity.common.storage.places import text_key
from brevity.common.storage.s3 import S3ObjectStore
from brevity.nlp.words import count_words
from brevity.summarize.engines.port import Job
from brevity.summarize.engines.registry import load_engine
from brevity.summarize.handler import SummarizeHandler
from brevity.summarize.metrics import SummarizeMetrics
from brevity.summarize.serving.client import EngineClient, LocalClient
from brevity.summarize.serving.wire import Answer
from brevity.summarize.settings import EngineSettings
from tests.support.samples import sample_texts
from tests.support.stack import Stack
from tests.unit.summarize.texts import BRIDGE

pytestmark = pytest.mark.stack

SETTINGS = EngineSettings(batch_documents=4, max_text_bytes=4_000_000)
TRACE = (("traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),)


def handler_with(client: EngineClient, store: S3ObjectStore) -> SummarizeHandler:
    return SummarizeHandler(client, store, SETTINGS, SummarizeMetrics(CollectorRegistry()), threads=4)


@pytest.fixture(scope="module")
def store(stack: Stack) -> S3ObjectStore:
    return S3ObjectStore(stack.s3)


@pytest.fixture(scope="module")
def local() -> LocalClient:
    return LocalClient(load_engine())


@pytest.fixture(scope="module")
def handler(local: LocalClient, store: S3ObjectStore) -> SummarizeHandler:
    return handler_with(local, store)


def accepted(text: str, offset: int = 0, /, **changes: Any) -> Record:
    document = DocumentAccepted.model_validate(
        {
            "document_id": f"d{offset}",
            "tenant": "default",
            "content_hash": content_hash(text.encode()),
            "language": "en",
            "language_confidence": 1.0,
            "word_count": count_words(text),
            "char_count": len(text),
            "text": text,
            "submitted_at": datetime(2026, 1, 2, tzinfo=UTC),
            "origin": Origin(topic="documents.submitted", partition=0, offset=offset),
            **changes,
        }
    )
    return Record("documents.accepted", 0, offset, b"k", document.to_json(), TRACE, 1_760_000_000_000)


def summary(result: Result) -> SummaryCompleted:
    assert isinstance(result, Done), result
    [out] = result.outputs
    return SummaryCompleted.model_validate_json(out.value)


def code(result: Result) -> str:
    assert isinstance(result, Failed), result
    return result.error.code


def values(results: Sequence[Result]) -> list[tuple[bytes, dict[str, bytes | None]]]:
    """What must not differ between runs: all but the time it took."""
    found: list[tuple[bytes, dict[str, bytes | None]]] = []
    for result in results:
        assert isinstance(result, Done), result
        for out in result.outputs:
            headers = {name: value for name, value in out.headers if name != "brevity-engine-seconds"}
            found.append((out.value, headers))
    return found


def test_results_come_in_the_order_of_their_records_whatever_the_batches(handler: SummarizeHandler) -> None:
    texts = sample_texts()
    results = handler([accepted(text, offset) for offset, text in enumerate(texts)])
    assert [summary(result).document_id for result in results] == [f"d{n}" for n in range(len(texts))]
    assert [summary(result).content_hash for result in results] == [content_hash(t.encode()) for t in texts]


def test_redone_work_gives_the_same_bytes_in_any_batch(handler: SummarizeHandler) -> None:
    records = [accepted(text, offset) for offset, text in enumerate(sample_texts())]
    singly = [result for record in records for result in handler([record])]
    assert values(handler(records)) == values(singly)


def test_only_a_replayed_document_names_its_claim(handler: SummarizeHandler) -> None:
    first = accepted(BRIDGE, 71, claim_id="c-1")
    replayed = replace(first, offset=72, headers=((REPLAY_HEADER, b"evt_1"),))
    assert [summary(result).claim_id for result in handler([first, replayed])] == [None, "c-1"]
    dead = handler.dead_letter(first, Transient("no"), 5)
    assert SummaryFailed.model_validate_json(dead.value).claim_id == "c-1"


def test_the_trace_of_the_document_is_carried_on(handler: SummarizeHandler) -> None:
    [(_, headers)] = values(handler([accepted(BRIDGE)]))
    assert (headers["traceparent"] or b"").split(b"-")[1] == (TRACE[0][1] or b"").split(b"-")[1]


def test_a_text_in_the_object_store_gives_the_summary_of_the_text_itself(
    handler: SummarizeHandler, store: S3ObjectStore
) -> None:
    data = BRIDGE.encode()
    store.put(text_key("default", data), data)
    reference = ObjectRef(uri=f"s3://{store.bucket}/{text_key('default', data)}")
    by_reference = accepted(BRIDGE, text=None, text_ref=reference)
    assert values(handler([by_reference])) == values(handler([accepted(BRIDGE)]))


def test_a_long_text_is_set_aside_and_then_summarized_to_the_length_wanted_and_all_of_it_is_read(
    handler: SummarizeHandler, store: S3ObjectStore
) -> None:
    text = "\n\n".join(sample_texts() * 20)[:2_000_000]
    data = text.encode()
    store.put(text_key("default", data), data)
    reference = ObjectRef(uri=f"s3://{store.bucket}/{text_key('default', data)}")
    record = accepted(text, 1, text=None, text_ref=reference, summary={"words": 120})
    short, later = handler([accepted(BRIDGE), record])
    assert summary(short).document_id == "d0"
    assert later == SetAside()
    [result] = handler([replace(record, headers=(*record.headers, (ASIDE_HEADER, b"1")))])
    found = summary(result)
    assert found.usage.source_words > 100_000
    assert 0 < found.usage.summary_words <= 120
    assert found.coverage.percent == 100


def test_a_stored_text_that_is_not_the_accepted_one_is_refused(
    handler: SummarizeHandler, store: S3ObjectStore
) -> None:
    key = f"texts/{uuid.uuid4().hex}"
    store.put(key, b"Another text than was accepted.")
    reference = ObjectRef(uri=f"s3://{store.bucket}/{key}")
    [result] = handler([accepted(BRIDGE, text=None, text_ref=reference)])
    assert code(result) == "text_changed"


def test_a_bad_record_fails_alone(handler: SummarizeHandler, store: S3ObjectStore) -> None:
    missing = ObjectRef(uri=f"s3://{store.bucket}/texts/none")
    records = [
        accepted(BRIDGE, 0),
        accepted(BRIDGE, 1, summary={"engine": "abstractive"}),
        accepted(BRIDGE, 2, summary={"engine": "extractive"}),
        accepted(BRIDGE, 3, text=None),
        accepted(BRIDGE, 4, text=None, text_ref=missing),
        accepted(BRIDGE, 5, summary={"language": "fr"}),
        Record("documents.accepted", 0, 6, b"k", b"{}", (), 0),
        accepted(BRIDGE, 7),
    ]
    results = handler(records)
    assert [None if isinstance(result, Done) else code(result) for result in results] == [
        None, "engine_not_served", None, "bad_schema", "object_missing", "language_not_supported", "bad_schema", None,
    ]  # fmt: skip
    assert all(isinstance(result.error, Rejected) for result in results if isinstance(result, Failed))


def test_a_dead_letter_keeps_the_bytes_and_says_why(handler: SummarizeHandler, store: S3ObjectStore) -> None:
    record = accepted(BRIDGE)
    error = Transient("It died", code="engine_died")
    out = handler.dead_letter(record, error, 5)
    assert out == handler.dead_letter(record, error, 5)
    event = SummaryFailed.model_validate_json(out.value)
    assert (event.code, event.attempts, event.document_id) == ("engine_died", 5, "d0")
    assert event.original is not None
    assert store.get(event.original.object_key, max_bytes=1_000_000) == record.value


def settled(handler: SummarizeHandler, records: Sequence[Record]) -> list[Result]:
    """As a stage does that has these records in work."""
    judging = Blame(handler, StageMetrics("test", CollectorRegistry()), threading.Event(), Runtime())
    return judging.results(records)


def test_an_object_store_that_is_away_holds_the_batch(local: LocalClient) -> None:
    nowhere = S3Settings.model_validate(
        {"endpoint_url": "http://127.0.0.1:1", "access_key_id": "a", "secret_access_key": "b"}
    )
    reference = ObjectRef(uri="s3://brevity/texts/any")
    [result] = handler_with(local, S3ObjectStore(nowhere))([accepted(BRIDGE, text=None, text_ref=reference)])
    assert isinstance(result, Failed)
    assert isinstance(result.error, Unavailable)
    assert result.error.probe is not None
    with pytest.raises(Unavailable):
        result.error.probe()


class Flaky:
    """An engine that takes only some calls at a time, as a full queue does; counts what it was asked."""

    def __init__(self, local: LocalClient, refusals: Sequence[Exception | None]) -> None:
        self._local = local
        self._refusals = list(refusals)
        self.asked: list[str] = []

    def summarize(self, jobs: Sequence[Job]) -> list[Answer]:
        refusal = self._refusals.pop(0) if self._refusals else None
        if refusal is not None:
            raise refusal
        self.asked += [job.text for job in jobs]
        return self._local.summarize(jobs)

    def ping(self) -> None: ...


def test_what_was_answered_before_the_batch_was_held_is_not_asked_again(
    local: LocalClient, store: S3ObjectStore, handler: SummarizeHandler
) -> None:
    records = [accepted(text, offset) for offset, text in enumerate(sample_texts())]
    full = Unavailable("full", code="engine_full", probe=lambda: None, busy=True)
    client = Flaky(local, [None, full, None, full, full, None, full])
    flaky = handler_with(client, store)
    results = settled(flaky, records)
    assert values(results) == values(handler(records))
    assert sorted(client.asked) == sorted(sample_texts())


def test_what_stops_the_service_is_not_hidden_by_a_full_queue(
    local: LocalClient, store: S3ObjectStore
) -> None:
    records = [accepted(text, offset) for offset, text in enumerate(sample_texts())]
    client = Flaky(local, [Unavailable("full"), Fatal("no token", code="engine_refused"), None])
    with pytest.raises(Fatal):
        handler_with(client, store)(records)
