from dataclasses import replace
from datetime import UTC, datetime

from brevity.common.errors import Transient
from brevity.common.events import DocumentAccepted, ObjectRef, Origin
from brevity.common.events.documents import SummaryRequest
from brevity.common.kafka.record import Record
from brevity.summarize.engines.port import Job, Route, Summary
from brevity.summarize.engines.registry import load_engine
from brevity.summarize.results import completed, failed
from tests.unit.summarize.texts import BRIDGE

DOCUMENT = DocumentAccepted(
    document_id="bridge",
    tenant="default",
    content_hash="a" * 64,
    language="en",
    language_confidence=1.0,
    word_count=240,
    char_count=len(BRIDGE),
    text=BRIDGE,
    summary=SummaryRequest(words=40),
    metadata={"desk": "local"},
    submitted_at=datetime(2026, 1, 2, tzinfo=UTC),
    origin=Origin(topic="documents.submitted", partition=1, offset=7),
)


def _summary() -> Summary:
    [summary] = load_engine().summarize([Job(BRIDGE, "en", 40)])
    assert isinstance(summary, Summary)
    return summary


def test_the_same_document_gives_the_same_bytes_from_another_copy_of_the_engine() -> None:
    assert completed(DOCUMENT, _summary()).to_json() == completed(DOCUMENT, _summary()).to_json()


def test_the_summary_names_what_it_was_made_from() -> None:
    event = completed(DOCUMENT, _summary())
    assert (event.document_id, event.origin, event.metadata) == ("bridge", DOCUMENT.origin, {"desk": "local"})
    assert event.usage.source_words == 240
    for sentence in event.sentences:
        assert event.summary[sentence.start : sentence.end] == sentence.text


def test_the_id_tells_tenant_text_request_and_model_apart_and_nothing_else() -> None:
    summary = _summary()
    first = completed(DOCUMENT, summary).summary_id
    others = [
        completed(DOCUMENT.model_copy(update={"tenant": "other"}), summary),
        completed(DOCUMENT.model_copy(update={"content_hash": "b" * 64}), summary),
        completed(DOCUMENT.model_copy(update={"summary": SummaryRequest(words=41)}), summary),
        completed(DOCUMENT, replace(summary, model_version="2")),
    ]
    assert len({first, *(event.summary_id for event in others)}) == 5
    assert completed(DOCUMENT.model_copy(update={"metadata": {}}), summary).summary_id == first


def test_a_router_s_choice_and_its_cost_are_told() -> None:
    event = completed(
        DOCUMENT, replace(_summary(), route=Route("fast", ("default", "quality:cost")), cost=0.25)
    )
    assert event.route is not None
    assert (event.route.name, event.route.reasons, event.usage.cost) == (
        "fast",
        ["default", "quality:cost"],
        0.25,
    )
    assert completed(DOCUMENT, _summary()).route is None


def test_a_dead_letter_points_at_the_record_that_failed() -> None:
    record = Record("documents.accepted", 2, 9, b"bridge", b"{}", (), 1_760_000_000_000)
    kept = ObjectRef(uri="s3://brevity/rejected/x")
    event = failed(record, DOCUMENT, Transient("It died", code="died"), 5, original=kept, engine="extractive")
    assert event.origin == Origin(topic="documents.accepted", partition=2, offset=9)
    assert (event.code, event.attempts, event.original, event.tenant) == ("died", 5, kept, "default")
    unread = failed(record, None, Transient("It died"), 1, original=kept, engine="extractive")
    assert unread.document_id is None
    assert unread.submitted_at.timestamp() == 1_760_000_000
