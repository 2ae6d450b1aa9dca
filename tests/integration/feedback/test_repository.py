"""What every adapter of the store must do with what the pipeline says; the same tests on each server."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import bson
import pytest
from pymongo import AsyncMongoClient

from brevity.common.errors import Rejected, Unavailable
from brevity.common.events import Origin
from brevity.common.settings import MongoSettings
from brevity.common.storage.mongo import async_mongo_client
from brevity.feedback.model import SummaryFilter, Unreadable
from brevity.feedback.mongo import MongoRepository
from brevity.feedback.mongo.collections import SCHEMA_VERSION, declared
from brevity.feedback.settings import FeedbackBlock
from tests.support.feedback import accepted, completed, failed, feedback, minutes, rejected

pytestmark = pytest.mark.stack

ALL = SummaryFilter()


async def dump(mongo: MongoSettings) -> bytes:
    """Everything in the database, in one order, as bytes; but for the counts by day, which are made of the others."""
    async with AsyncMongoClient(mongo.url.get_secret_value()) as client:
        database = client[mongo.database]
        records = [
            bson.encode({"in": name, "record": record})
            for name in sorted(await database.list_collection_names())
            if not name.startswith("system.") and name != "feedback_summary_days"
            for record in await database[name].find().sort("_id", 1).to_list()
        ]
    return b"".join(records)


async def names(repository: MongoRepository, tenant: str = "first", **wanted: object) -> list[str]:
    page = await repository.summaries(tenant, SummaryFilter.model_validate(wanted), limit=100)
    return [item.event.document_id for item in page.items]


def place(offset: int) -> Origin:
    return Origin(topic="documents.submitted", partition=0, offset=offset)


async def test_the_log_says_which_version_is_the_newest(repository: MongoRepository) -> None:
    """A clock that is half an hour fast, a bad version in between, and everything read twice."""
    first = accepted("a", text="The first text.", submitted_at=minutes(30), origin=place(1))
    summary = completed("a", text="The first text.", submitted_at=minutes(30), origin=place(1))
    second = accepted("a", text="The second text.", submitted_at=minutes(1), origin=place(3))
    seen = [minutes(0), minutes(1), minutes(1)]
    for events in ([first, summary, second], [first, summary, second]):
        await repository.save(events, seen)
    document = await repository.document("first", "a")
    assert document is not None
    assert document.event.text == "The second text."
    stands = await repository.stands("first", "a")
    assert stands is not None
    assert (stands.state, stands.id) == ("accepted", second.content_hash)
    refused = rejected("a", submitted_at=minutes(2), origin=place(4))
    await repository.save([refused], [minutes(2)])
    stands = await repository.stands("first", "a")
    assert stands is not None
    assert (stands.state, stands.problem) == ("rejected", refused)
    again = first.model_copy(update={"submitted_at": minutes(3), "origin": place(5)})
    await repository.save([again], [minutes(3)])  # the first text once more
    document = await repository.document("first", "a")
    assert document is not None
    assert document.event.text == "The first text."
    assert await repository.stands("first", "b") is None


async def test_a_fast_clock_survives_no_erasure(repository: MongoRepository) -> None:
    soon = datetime.now(UTC) + timedelta(minutes=30)
    document = accepted("a", submitted_at=soon)
    await repository.save([document], [datetime.now(UTC)])
    await repository.erase("first", "a")
    await repository.save([document], [datetime.now(UTC) - timedelta(seconds=1)])  # its topic is read again
    assert await repository.document("first", "a") is None


async def test_what_is_saved_is_read_back_word_for_word(repository: MongoRepository) -> None:
    document, summary = accepted("a"), completed("a", title="Überschrift", warnings=1)
    await repository.save([document, summary, rejected("a"), failed("a")])
    stored = await repository.document("first", "a")
    found = await repository.summary("first", summary.summary_id)
    assert stored is not None
    assert found is not None
    assert stored.event == document
    assert found.event.to_json() == summary.to_json()
    assert found.tally.standing == "none"
    outcomes = await repository.outcomes("first", "a")
    assert {outcome.topic for outcome in outcomes} == {"documents.rejected", "summaries.failed"}
    assert {outcome.event.to_json() for outcome in outcomes} == {
        rejected("a").to_json(),
        failed("a").to_json(),
    }


async def test_replaying_everything_changes_not_one_byte(
    repository: MongoRepository, mongo: MongoSettings
) -> None:
    events = [
        event
        for number in range(20)
        for event in (
            accepted(f"d{number}"),
            completed(f"d{number}"),
            rejected(f"r{number}"),
            failed(f"f{number}"),
        )
    ]
    broken = [
        Unreadable(
            topic="summaries.completed", partition=0, offset=7, value=b"{", code="not_json", message="x"
        )
    ]
    await repository.save(events)
    await repository.save_unreadable(broken)
    rated = feedback(completed("d1"), "f1")
    await repository.add_feedback(rated, "me")
    before = await dump(mongo)
    await asyncio.sleep(0.01)  # a time written anew would differ
    await repository.save(events)
    await repository.save(list(reversed(events)))
    await repository.save_unreadable(broken)
    await repository.add_feedback(rated, "me")
    assert await dump(mongo) == before


async def test_the_same_batch_from_two_instances_at_once_is_kept_once(
    repository: MongoRepository,
) -> None:
    events = [completed(f"d{number}") for number in range(50)]
    await asyncio.gather(*(repository.save(events) for _ in range(4)))
    assert sorted(await names(repository)) == sorted(event.document_id for event in events)


async def test_every_record_says_its_schema_version(
    repository: MongoRepository, mongo: MongoSettings
) -> None:
    await repository.save([accepted("a"), completed("a"), rejected("b")])
    await repository.add_feedback(feedback(completed("a"), "f1"), "me")
    await repository.erase("first", "c")
    async with AsyncMongoClient(mongo.url.get_secret_value()) as client:
        for name in await client[mongo.database].list_collection_names():
            async for record in client[mongo.database][name].find():
                assert record["schema_version"] == SCHEMA_VERSION, name


async def test_kinds_of_summaries_are_known_without_reading_them_also_in_a_store_of_an_earlier_release(
    repository: MongoRepository, mongo: MongoSettings
) -> None:
    await repository.save([completed("a"), completed("b", language="de", submitted_at=minutes(5))])
    await repository.save([completed("c", submitted_at=minutes(9)), completed("d", tenant="second")])
    kinds = sorted(await repository.kinds("first"), key=lambda kind: kind.language)
    assert [(kind.engine, kind.model_version, kind.language) for kind in kinds] == [
        ("extractive", "extractive-1", "de"),
        ("extractive", "extractive-1", "en"),
    ]
    assert [kind.last_submitted_at for kind in kinds] == [minutes(5), minutes(9)]
    assert len(await repository.kinds("second")) == 1
    async with AsyncMongoClient(mongo.url.get_secret_value()) as client:
        await client[mongo.database]["feedback_summary_kinds"].drop()
    assert await repository.kinds("first") == []
    await repository.prepare()
    assert sorted(await repository.kinds("first"), key=lambda kind: kind.language) == kinds


async def test_indexes_are_what_is_declared_and_retention_follows_the_settings(mongo: MongoSettings) -> None:
    client = async_mongo_client(mongo)
    database = client[mongo.database]
    for settings in (FeedbackBlock(), FeedbackBlock(retention_days=7), FeedbackBlock(retention_days=0)):
        repository = MongoRepository(client, mongo.database, settings)
        await repository.prepare()
        await repository.prepare()
        for name, wanted in declared(settings).items():
            there = await database[name].index_information()
            for index, keys in wanted.indexes.items():
                assert [(field, int(way)) for field, way in there[index]["key"]] == list(keys)
            if wanted.expires_by and wanted.days:
                assert there["retention"]["expireAfterSeconds"] == wanted.days * 86_400
                assert [field for field, _ in there["retention"]["key"]] == [wanted.expires_by]
            else:
                assert "retention" not in there
    await client.close()


async def test_filters_each_hold(repository: MongoRepository) -> None:
    await repository.save(
        [
            completed("en", submitted_at=minutes(1), title="Harbour news"),
            completed("fr", submitted_at=minutes(2), language="fr", warnings=1),
            completed("t5", submitted_at=minutes(3), engine="seq2seq", model_version="t5-2"),
            completed("zh", submitted_at=minutes(4), language="zh", summary="港口星期五关闭。", sentences=[]),
            completed("theirs", tenant="second"),
        ]
    )
    assert await names(repository) == ["zh", "t5", "fr", "en"]
    assert await names(repository, language="fr") == ["fr"]
    assert await names(repository, engine="seq2seq") == ["t5"]
    assert await names(repository, model_version="t5-2") == ["t5"]
    assert await names(repository, has_warnings=True) == ["fr"]
    assert await names(repository, has_warnings=False) == ["zh", "t5", "en"]
    assert await names(repository, document_id="en") == ["en"]
    assert await names(repository, since=minutes(2), until=minutes(4)) == ["t5", "fr"]
    assert await names(repository, text="HARBOUR news") == ["en"]
    assert await names(repository, text="港口关闭") == []
    assert await names(repository, text="星期五") == ["zh"]
    assert await names(repository, text="?!") == []
    assert await names(repository, language="fr", engine="seq2seq") == []
    assert await names(repository, content_hash=completed("en").content_hash) == ["zh", "t5", "fr", "en"]


async def test_pages_show_each_once_while_more_arrive_even_at_the_same_instant(
    repository: MongoRepository,
) -> None:
    first = [completed(f"d{number}", submitted_at=minutes(number // 4)) for number in range(25)]
    await repository.save(first)
    seen: list[str] = []
    cursor = None
    while True:
        page = await repository.summaries("first", ALL, limit=4, cursor=cursor)
        seen += [item.event.document_id for item in page.items]
        await repository.save([completed(f"new{len(seen)}", submitted_at=minutes(100))])
        cursor = page.next_cursor
        if cursor is None:
            break
    assert len(seen) == len(set(seen))
    assert set(seen) == {event.document_id for event in first}
    with pytest.raises(Rejected, match="bad_cursor"):
        await repository.summaries("first", ALL, limit=4, cursor="nonsense")


async def test_a_document_is_read_in_the_version_that_was_summarized(repository: MongoRepository) -> None:
    old, new = (
        accepted("a", text="First text. Here."),
        accepted("a", text="Second text.", submitted_at=minutes(9)),
    )
    await repository.save([new, old])
    latest = await repository.document("first", "a")
    earlier = await repository.document("first", "a", old.content_hash)
    assert latest is not None
    assert earlier is not None
    assert latest.event.text == "Second text."
    assert earlier.event.text == "First text. Here."
    assert await repository.document("first", "a", "0" * 64) is None


async def test_no_tenant_reads_what_is_anothers(repository: MongoRepository) -> None:
    summary = completed("a")
    await repository.save([accepted("a"), summary, rejected("a")])
    await repository.add_feedback(feedback(summary, "f1"), "me")
    other = "second"
    assert await names(repository, other) == []
    assert await repository.summary(other, summary.summary_id) is None
    assert await repository.summary("first/x", summary.summary_id) is None
    assert await repository.document(other, "a") is None
    assert await repository.outcomes(other, "a") == []
    assert await repository.feedback_of(other, summary.summary_id) == []
    assert [entry async for entry in repository.all_feedback(other)] == []
    assert await repository.statistics(other, ALL) == []
    assert await repository.changes(other, minutes(-1)) == []
    assert (await repository.erase(other, "a")).removed["feedback_summaries"] == 0
    assert await names(repository) == ["a"]


async def test_statistics_add_up_to_what_was_stored(repository: MongoRepository) -> None:
    summaries = [
        completed("a", warnings=1),
        completed("b"),
        completed("c", submitted_at=minutes(24 * 60)),
        completed("d", model_version="extractive-2"),
    ]
    await repository.save(summaries)
    rated = await repository.summary("first", summaries[0].summary_id)
    assert rated is not None
    tally = rated.tally.model_copy(update={"up": 2, "edits": 1, "edit_distance": 0.25})
    await repository.set_tally("first", summaries[0].summary_id, tally, 3)
    groups = await repository.statistics("first", ALL)
    assert [(group.model_version, group.day, group.summaries, group.with_warnings) for group in groups] == [
        ("extractive-1", "2026-03-01", 2, 1),
        ("extractive-1", "2026-03-02", 1, 0),
        ("extractive-2", "2026-03-01", 1, 0),
    ]
    assert (groups[0].up, groups[0].down, groups[0].edits, groups[0].edit_distance) == (2, 0, 1, 0.25)
    assert [
        group.summaries for group in await repository.statistics("first", SummaryFilter(has_warnings=True))
    ] == [1]


async def test_changes_name_what_is_new_once_and_in_order(repository: MongoRepository) -> None:
    before = datetime.now(UTC) - timedelta(seconds=1)
    summary = completed("a")
    await repository.save([accepted("a"), summary, rejected("b"), failed("c")])
    await repository.add_feedback(feedback(summary, "f1", recorded_at=datetime.now(UTC)), "me")
    await repository.save([accepted("a"), summary])
    changes = await repository.changes("first", before)
    assert [change.at for change in changes] == sorted(change.at for change in changes)
    assert {(change.kind, change.document_id, change.state) for change in changes} == {
        ("document", "a", "accepted"),
        ("summary", "a", "completed"),
        ("outcome", "b", "rejected"),
        ("outcome", "c", "failed"),
        ("feedback", "a", "up"),
    }
    assert len({change.id for change in changes}) == 5
    assert len(await repository.changes("first", before, limit=2)) == 2
    assert await repository.changes("first", datetime.now(UTC) + timedelta(seconds=5)) == []


async def test_a_value_the_store_cannot_hold_is_refused_and_a_store_that_is_away_is_said_to_be(
    repository: MongoRepository, mongo: MongoSettings
) -> None:
    with pytest.raises(Rejected, match="store_refused"):
        await repository.save([completed("huge", summary="x" * 17_000_000, sentences=[])])
    await repository.ping()
    gone = MongoSettings(url=mongo.url.__class__("mongodb://127.0.0.1:1"), timeout_seconds=0.2)
    client = async_mongo_client(gone)
    away = MongoRepository(client, "any", FeedbackBlock())
    for call in (away.ping(), away.prepare(), away.save([completed("a")]), away.outcomes("first", "a")):
        with pytest.raises(Unavailable):
            await call
    await client.close()
