"""The ingest handler against the real object store and MongoDB-wire store."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from brevity.common.errors import BrevityError, Rejected, Transient, Unavailable
from brevity.common.events import DocumentAccepted, DocumentRejected, SummaryCompleted, SummaryFailed
from brevity.common.ids import content_hash
from brevity.common.kafka.record import Record
from brevity.common.kafka.results import Done, Failed, Result
from brevity.common.kafka.topics import SUBMITTED_MAX_BYTES
from brevity.common.settings import MongoSettings
from brevity.common.storage.mongo import mongo_client
from brevity.common.storage.s3 import S3ObjectStore
from brevity.documents import read
from brevity.documents.compact import load_blocks
from brevity.ingest.claims import COLLECTION, Claim, Claims, settled
from brevity.ingest.handler import IngestHandler
from brevity.ingest.metrics import IngestMetrics
from brevity.ingest.settings import IngestBlock
from brevity.summarize.engines.port import Job, Summary
from brevity.summarize.engines.registry import load_engine
from brevity.summarize.results import completed, failed
from tests.support.expiry import expire
from tests.support.stack import Stack

pytestmark = pytest.mark.stack

SETTINGS = IngestBlock(max_bytes=50_000, inline_bytes=2_000)
_offsets = count()


def handler_on(stack: Stack, mongo: MongoSettings | None = None) -> IngestHandler:
    mongo = mongo or stack.mongo
    claims = Claims(mongo_client(mongo), mongo.database)
    return IngestHandler(S3ObjectStore(stack.s3), claims, SETTINGS, IngestMetrics(CollectorRegistry()))


@pytest.fixture(scope="module")
def handler(stack: Stack) -> IngestHandler:
    return handler_on(stack)


def raw(value: bytes | None, key: str = "k") -> Record:
    return Record("documents.submitted", 0, next(_offsets), key.encode(), value, (), 1_760_000_000_000)


def record(**fields: Any) -> Record:
    return raw(json.dumps(fields).encode())


def fresh_text() -> str:
    return f"The council of town {uuid.uuid4().hex} decided to build a new school near the river."


def accepted(result: Result) -> DocumentAccepted:
    assert isinstance(result, Done), result
    return DocumentAccepted.model_validate_json(result.outputs[0].value)


def test_redone_work_gives_the_same_bytes(stack: Stack, handler: IngestHandler) -> None:
    batch = [record(document_id="a", text=fresh_text()), record(document_id="b", text=fresh_text())]
    first = handler(batch)
    assert [accepted(result).document_id for result in first] == ["a", "b"]
    assert handler_on(stack)(list(reversed(batch))) == list(reversed(first))


def test_the_same_text_under_another_id_is_a_duplicate_of_the_first(handler: IngestHandler) -> None:
    text = fresh_text()
    first, second = handler(
        [record(document_id="one", text=text), record(document_id="two", text=text + "  \r\n")]
    )
    assert accepted(first).document_id == "one"
    assert isinstance(second, Done)
    rejected = DocumentRejected.model_validate_json(second.outputs[0].value)
    assert (rejected.code, rejected.document_id, rejected.duplicate_of) == ("duplicate", "two", "one")


def test_the_same_document_sent_again_has_no_second_outcome(handler: IngestHandler) -> None:
    text = fresh_text()
    assert len(accepted(handler([record(document_id="d", text=text)])[0]).content_hash) == 64
    assert handler([record(document_id="d", text=text)]) == [Done()]


def test_another_tenant_or_wish_is_no_duplicate(handler: IngestHandler) -> None:
    text = fresh_text()
    results = handler(
        [
            record(document_id="a", text=text),
            record(document_id="b", text=text, tenant="other"),
            record(document_id="c", text=text, summary={"words": 20}),
        ]
    )
    assert [accepted(result).document_id for result in results] == ["a", "b", "c"]


def test_a_long_text_goes_to_the_object_store_first(stack: Stack, handler: IngestHandler) -> None:
    text = fresh_text() + " It will open in spring." * 200
    document = accepted(handler([record(document_id="long", text=text)])[0])
    assert document.text is None
    assert document.text_ref is not None
    stored = S3ObjectStore(stack.s3).get(document.text_ref.object_key, max_bytes=100_000)
    assert stored.decode() == text


def test_many_blocks_go_to_the_object_store(stack: Stack, handler: IngestHandler) -> None:
    text = fresh_text() + "".join(f"\n\nIt rained {number}." for number in range(2_500))
    document = accepted(handler([record(document_id="pieces", text=text)])[0])
    assert document.blocks is None
    assert document.blocks_ref is not None
    kept = S3ObjectStore(stack.s3).get(document.blocks_ref.object_key, max_bytes=1_000_000)
    assert content_hash(kept) == document.blocks_ref.sha256
    assert list(load_blocks(kept)) == list(read(text).blocks)


def test_an_object_is_fetched_and_a_title_and_key_are_used(stack: Stack, handler: IngestHandler) -> None:
    key = f"uploads/default/mine/{uuid.uuid4().hex}"
    page = f"<html><head><title>News</title></head><body><p>{fresh_text()}</p></body></html>"
    store = S3ObjectStore(stack.s3)
    store.put(key, page.encode())
    document = accepted(handler([record(object={"uri": f"s3://{store.bucket}/{key}"})])[0])
    assert (document.document_id, document.title, document.language) == ("k", "News", "en")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Der Stadtrat hat am Montag beschlossen, eine neue Schule am Fluss zu bauen. ", "de"),
        ("Le conseil municipal a décidé lundi de construire une nouvelle école. ", "fr"),
        ("東京の議会は新しい学校を建てることを決めた。", "ja"),
    ],
)
def test_the_language_is_told(handler: IngestHandler, text: str, language: str) -> None:
    assert (
        accepted(handler([record(document_id="l", text=text * 3 + fresh_text()[20:30])])[0]).language
        == language
    )


BAD: list[tuple[str, Callable[[], Record]]] = [
    ("empty_event", lambda: raw(None)),
    ("not_utf8", lambda: raw(b"\xff\xfe{}")),
    ("not_json", lambda: raw(b"{")),
    ("bad_schema", lambda: record(document_id="x")),
    ("too_large", lambda: raw(b"{" * 60_000)),
    ("no_text", lambda: record(text="   ")),
    ("not_prose", lambda: record(text="a" * 40_000)),
    ("unsupported_type", lambda: record(text="x", media_type="image/png")),
    ("object_missing", lambda: record(object={"uri": "s3://brevity/none/here"})),
    ("bucket_not_allowed", lambda: record(object={"uri": "s3://elsewhere/x"})),
    ("bad_reference", lambda: record(object={"uri": "s3://brevity/a/../b"})),
]


@pytest.mark.parametrize(("code", "make"), BAD, ids=[code for code, _ in BAD])
def test_a_bad_submission_is_refused_by_its_code_and_its_bytes_are_kept(
    stack: Stack, handler: IngestHandler, code: str, make: Callable[[], Record]
) -> None:
    bad = make()
    (result,) = handler([bad])
    assert isinstance(result, Failed)
    assert result.error.code == code
    out = handler.dead_letter(bad, result.error, 1)
    assert out == handler.dead_letter(bad, result.error, 1)
    event = DocumentRejected.model_validate_json(out.value)
    assert event.code == code
    assert event.remedy
    if bad.value:
        assert event.original is not None
        kept = S3ObjectStore(stack.s3).get(event.original.object_key, max_bytes=100_000)
        assert kept == bad.value


def test_bytes_that_no_replay_could_send_are_not_kept(handler: IngestHandler) -> None:
    bad = raw(b"{" + b" " * SUBMITTED_MAX_BYTES)
    [result] = handler([bad])
    assert isinstance(result, Failed)
    event = DocumentRejected.model_validate_json(handler.dead_letter(bad, result.error, 1).value)
    assert event.code == "too_large"
    assert event.original is None
    assert "The original bytes are not kept; until its retention they lie on" in event.message


def test_an_object_that_has_changed_is_refused(stack: Stack, handler: IngestHandler) -> None:
    store = S3ObjectStore(stack.s3)
    store.put("uploads/default/changed", b"Some text that was written later.")
    (result,) = handler(
        [record(object={"uri": f"s3://{store.bucket}/uploads/default/changed", "sha256": "0" * 64})]
    )
    assert isinstance(result, Failed)
    assert result.error.code == "object_changed"


def test_a_mongodb_that_is_away_holds_the_batch(stack: Stack) -> None:
    away = MongoSettings.model_validate({"url": "mongodb://127.0.0.1:1", "timeout_seconds": 0.3})
    with pytest.raises(Unavailable):
        handler_on(stack, away)([record(document_id="x", text=fresh_text())])


def settle(
    stack: Stack, *events: DocumentAccepted | DocumentRejected | SummaryCompleted | SummaryFailed
) -> None:
    """What ingest's view does to the claims when it reads `events`."""
    writes = [write for event in events if (write := settled(event)) is not None]
    if writes:
        mongo_client(stack.mongo)[stack.mongo.database][COLLECTION].bulk_write(writes)


def failure(document: DocumentAccepted) -> SummaryFailed:
    given = Record("documents.accepted", 0, 0, b"k", document.to_json())
    return failed(given, document, Transient("no"), 5, original=None, engine="extractive")


def test_a_text_whose_summary_failed_can_be_sent_again_by_anybody(
    stack: Stack, handler: IngestHandler
) -> None:
    text = fresh_text()
    first = accepted(handler([record(document_id="a", text=text)])[0])
    settle(stack, failure(first))
    retry = record(document_id="a", text=text)
    second = accepted(handler([retry])[0])
    assert accepted(handler([retry])[0]) == second, "redone work finds its claim"
    rejected = handler([record(document_id="b", text=text)])[0]
    assert isinstance(rejected, Done)
    assert DocumentRejected.model_validate_json(rejected.outputs[0].value).duplicate_of == "a"
    settle(stack, failure(second))
    assert accepted(handler([record(document_id="c", text=text)])[0]).document_id == "c"
    assert handler([record(document_id="c", text=text)]) == [Done()]


def test_a_duplicate_of_a_document_that_failed_later_may_come_again(
    stack: Stack, handler: IngestHandler
) -> None:
    """Sent once more, or its rejection replayed: the very same submission is accepted then."""
    text = fresh_text()
    first = accepted(handler([record(document_id="a", text=text)])[0])
    later = record(document_id="b", text=text)
    rejected = handler([later])[0]
    assert isinstance(rejected, Done)
    event = DocumentRejected.model_validate_json(rejected.outputs[0].value)
    assert (event.duplicate_of, event.claim_id) == ("a", None)
    assert event.original is not None
    settle(stack, event)
    assert handler([later]) == [rejected], "a duplicate frees no claim"
    settle(stack, failure(first))
    assert accepted(handler([later])[0]).document_id == "b"


def test_a_failed_text_is_free_once_within_a_batch_too(stack: Stack, handler: IngestHandler) -> None:
    text = fresh_text()
    settle(stack, failure(accepted(handler([record(document_id="a", text=text)])[0])))
    results = handler([record(document_id="b", text=text), record(document_id="c", text=text)])
    assert accepted(results[0]).document_id == "b"
    assert isinstance(results[1], Done)
    assert DocumentRejected.model_validate_json(results[1].outputs[0].value).duplicate_of == "b"


def test_a_failed_summary_that_is_replayed_takes_its_text_again(stack: Stack, handler: IngestHandler) -> None:
    text = fresh_text()
    document = accepted(handler([record(document_id="a", text=text)])[0])
    summary = load_engine().summarize([Job(text=text, language="en", words=20)])[0]
    assert isinstance(summary, Summary)
    settle(stack, failure(document), completed(document, summary, replayed=True))
    assert handler([record(document_id="a", text=text)]) == [Done()]
    assert completed(document, summary).claim_id is None, "other summaries cost the store nothing"


@pytest.mark.parametrize(
    "error", [Rejected("died", code="crashed_worker"), Transient("cannot be kept", code="object_store")]
)
def test_a_document_given_up_after_it_claimed_its_text_lets_it_go(
    stack: Stack, handler: IngestHandler, error: BrevityError
) -> None:
    text = fresh_text()
    lost = record(document_id="a", text=text)
    accepted(handler([lost])[0])
    settle(stack, DocumentRejected.model_validate_json(handler.dead_letter(lost, error, 5).value))
    assert accepted(handler([record(document_id="a", text=text)])[0]).document_id == "a"


def test_claims_expire_with_the_summaries_that_retention_removes(stack: Stack) -> None:
    database = MongoSettings(url=stack.mongo.url, database=f"claims-{uuid.uuid4().hex[:8]}")
    moved = datetime.now(UTC) - timedelta(days=31)
    claims = Claims(mongo_client(database), database.database, now=lambda: moved)
    for days in (365, 30, 30):
        claims.prepare(days=days)
    mine, other = Claim("text", "a", "t", 0, 0), Claim("text", "b", "t", 0, 1)
    assert claims.take([mine]) == [mine]
    collection = mongo_client(database)[database.database][COLLECTION]
    expire(collection)
    assert Claims(mongo_client(database), database.database).take([other]) == [other]
    expire(collection)
    assert collection.count_documents({}) == 1
    claims.prepare(days=0)
    assert "retention" not in collection.index_information()


def test_the_same_document_at_the_same_place_of_another_log_was_there_before(stack: Stack) -> None:
    handler = handler_on(stack)
    first = replace(record(document_id="again", text=fresh_text()), log="topic-1:0")
    assert accepted(handler([first])[0]).document_id == "again"
    assert accepted(handler([first])[0]).document_id == "again"  # redone
    assert handler([replace(first, log="topic-2:0")]) == [Done()]
    assert (
        accepted(handler([replace(first, log="")])[0]).document_id == "again"
    )  # as a replay, or of an earlier version
