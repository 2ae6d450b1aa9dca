"""What every adapter of the store must do with what people say, with the audit log, and with erasing."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from pymongo import AsyncMongoClient

from brevity.common.errors import Rejected
from brevity.common.settings import MongoSettings
from brevity.feedback.model import AuditEntry, SummaryFilter, Tally
from brevity.feedback.mongo import MongoRepository
from tests.integration.feedback.test_repository import dump
from tests.support.feedback import accepted, completed, failed, feedback, minutes, rejected

pytestmark = pytest.mark.stack

SUMMARY = completed("a")
NEVER = datetime(2000, 1, 1, tzinfo=UTC)


async def test_feedback_is_kept_once_whoever_repeats_it(repository: MongoRepository) -> None:
    await repository.save([SUMMARY])
    given = feedback(
        SUMMARY, "f1", comment="ok", reasons=["accurate"], edited_summary="Shut.", edit_distance=0.5
    )
    answers = await asyncio.gather(*(repository.add_feedback(given, "me") for _ in range(8)))
    assert [stored for stored, _ in answers] == [given] * 8
    assert sum(new for _, new in answers) == 1
    other, new = await repository.add_feedback(feedback(SUMMARY, "f1", rating="down"), "me")
    assert (other, new) == (given, False)
    assert await repository.feedback_of("first", SUMMARY.summary_id) == [given]


async def test_feedback_on_a_summary_that_is_not_there_is_refused_and_leaves_nothing(
    repository: MongoRepository, mongo: MongoSettings
) -> None:
    before = await dump(mongo)
    with pytest.raises(Rejected, match="not_found"):
        await repository.add_feedback(feedback(SUMMARY, "f1"), "me")
    assert await dump(mongo) == before


async def test_feedback_is_read_oldest_first(repository: MongoRepository) -> None:
    other = completed("b")
    await repository.save([SUMMARY, other])
    for name, summary, after, edit in (
        ("f3", SUMMARY, 3, None),
        ("f1", other, 1, "No."),
        ("f2", SUMMARY, 2, "Yes."),
    ):
        await repository.add_feedback(feedback(summary, name, after=after, edited_summary=edit), "me")
    assert [entry.feedback_id async for entry in repository.all_feedback("first")] == ["f1", "f2", "f3"]
    edits = [entry.feedback_id async for entry in repository.all_feedback("first", edits_only=True)]
    assert edits == ["f1", "f2"]
    of_one = await repository.feedback_of("first", SUMMARY.summary_id)
    assert [entry.feedback_id for entry in of_one] == ["f2", "f3"]


async def test_a_tally_never_goes_back_to_an_older_one(repository: MongoRepository) -> None:
    await repository.save([SUMMARY])
    await repository.set_tally("first", SUMMARY.summary_id, Tally(up=1, down=2), 3)
    await repository.set_tally("first", SUMMARY.summary_id, Tally(up=1), 1)
    await repository.set_tally("second", SUMMARY.summary_id, Tally(up=9), 9)
    found = await repository.summary("first", SUMMARY.summary_id)
    assert found is not None
    assert found.tally == Tally(up=1, down=2)
    page = await repository.summaries("first", SummaryFilter(rating="down"), limit=10)
    assert [item.event.summary_id for item in page.items] == [SUMMARY.summary_id]
    await repository.save([SUMMARY])  # a replay leaves what people said
    page = await repository.summaries("first", SummaryFilter(rating="none"), limit=10)
    assert page.items == []


async def test_each_piece_of_feedback_is_pending_with_its_owner_until_it_is_published(
    repository: MongoRepository,
) -> None:
    await repository.save([SUMMARY])
    for name, owner in (("f1", "me"), ("f2", "me"), ("f3", "other")):
        await repository.add_feedback(feedback(SUMMARY, name), owner)
    mine = await repository.pending("me", NEVER)
    assert [item.feedback.feedback_id for item in mine] == ["f1", "f2"]
    assert len(await repository.pending("me", NEVER, limit=1)) == 1
    await repository.published(["f1"])
    await repository.published(["f1", "unknown"])
    assert [item.feedback.feedback_id for item in await repository.pending("me", NEVER)] == ["f2"]
    assert len(await repository.feedback_of("first", SUMMARY.summary_id)) == 3


async def test_what_an_instance_left_behind_is_taken_over_by_one_other(repository: MongoRepository) -> None:
    await repository.save([SUMMARY])
    await repository.add_feedback(feedback(SUMMARY, "f1"), "dead")
    assert await repository.pending("me", datetime.now(UTC) - timedelta(minutes=1)) == []
    late = datetime.now(UTC) + timedelta(minutes=1)
    [left] = await repository.pending("me", late)
    taken = await asyncio.gather(*(repository.take_over(left, name) for name in ("me", "you", "they")))
    assert sum(taken) == 1
    owners = [name for name in ("me", "you", "they") if await repository.pending(name, NEVER)]
    assert len(owners) == 1


async def test_the_audit_log_is_read_newest_first_by_its_tenant_alone(repository: MongoRepository) -> None:
    def entry(number: int, tenant: str | None) -> AuditEntry:
        return AuditEntry(
            at=minutes(number), tenant=tenant, subject="anna", role="admin", action=f"a{number}", target="t",
            outcome="done", detail={"n": number}, trace_id="ab",
        )  # fmt: skip

    await repository.note([entry(1, "first"), entry(2, "second"), entry(3, "first"), entry(4, None)])
    await repository.note([])
    assert await repository.audit("first") == [entry(3, "first"), entry(1, "first")]
    assert await repository.audit("first", limit=1) == [entry(3, "first")]
    assert await repository.audit("second") == [entry(2, "second")]


async def test_erasing_takes_all_that_came_from_a_document_and_nothing_else(
    repository: MongoRepository, mongo: MongoSettings
) -> None:
    other = completed("b")
    await repository.save([accepted("b"), other, rejected("b")])
    await repository.add_feedback(feedback(other, "g1"), "me")
    before = await dump(mongo)
    await repository.save([accepted("a"), SUMMARY, completed("a", words=20), rejected("a"), failed("a")])
    await repository.add_feedback(feedback(SUMMARY, "f1"), "me")
    erased = await repository.erase("first", "a")
    assert {name: count for name, count in erased.removed.items() if count} == {
        "feedback_documents": 1,
        "feedback_summaries": 2,
        "feedback_outcomes": 2,
        "feedback_entries": 1,
    }
    assert erased.feedback_ids == ["f1"]
    assert erased.model_versions == ["extractive extractive-1"]
    async with AsyncMongoClient(mongo.url.get_secret_value()) as client:
        await client[mongo.database]["feedback_erasures"].delete_many({})
    assert await dump(mongo) == before


async def test_erasing_names_the_texts_for_other_owners_and_leaves_their_records_to_them(
    repository: MongoRepository, mongo: MongoSettings
) -> None:
    document, summary = accepted("a"), completed("a")
    await repository.save([document, summary])
    async with AsyncMongoClient(mongo.url.get_secret_value()) as client:
        theirs = client[mongo.database]["ingest_claims"]
        await theirs.insert_one({"_id": "claim", "document_id": "a", "tenant": "first"})
        erased = await repository.erase("first", "a")
        again = await repository.erase("first", "a")
        assert await theirs.count_documents({}) == 1
    assert {text.content_hash for text in erased.texts} == {document.content_hash, summary.content_hash}
    assert again.texts == erased.texts, "told again until the rest of the erasure is done"


async def test_what_was_erased_stays_out_when_its_topics_are_read_again_but_may_be_submitted_anew(
    repository: MongoRepository,
) -> None:
    await repository.save([accepted("a"), SUMMARY])
    await repository.erase("first", "a")
    await repository.save([accepted("a"), SUMMARY, rejected("a"), failed("a")])
    assert await repository.document("first", "a") is None
    assert await repository.summary("first", SUMMARY.summary_id) is None
    assert await repository.outcomes("first", "a") == []
    later = completed("a", submitted_at=datetime.now(UTC) + timedelta(seconds=1))
    await repository.save([later])
    assert await repository.summary("first", SUMMARY.summary_id) is not None


async def test_objects_of_an_erased_document_are_named_and_which_others_refer_to(
    repository: MongoRepository,
) -> None:
    mine, shared, kept = "s3://b/texts/mine", "s3://b/texts/shared", "s3://b/rejected/shared"
    await repository.save(
        [
            accepted("a", text="One text.", uri=mine),
            accepted("a", text="Two texts.", uri=shared),
            accepted("other", text="Two texts.", uri=shared, tenant="second"),
            rejected("a", uri=kept),
            rejected("other", uri=kept),
        ]
    )
    erased = await repository.erase("first", "a")
    assert erased.objects == sorted([mine, kept, shared])
    assert await repository.referred_to(erased.objects) == {kept, shared}


async def test_an_erasure_that_failed_half_way_names_again_what_is_left_until_it_is_done(
    repository: MongoRepository,
) -> None:
    await repository.save([accepted("a", uri="s3://b/texts/1"), SUMMARY])
    await repository.add_feedback(feedback(SUMMARY, "f1"), "me")
    first = await repository.erase("first", "a")
    again = await repository.erase("first", "a")
    assert (again.objects, again.feedback_ids, again.model_versions) == (
        ["s3://b/texts/1"],
        ["f1"],
        ["extractive extractive-1"],
    )
    assert again.erased_at >= first.erased_at
    await repository.erased("first", "a")
    after = await repository.erase("first", "a")
    assert (after.objects, after.feedback_ids, after.model_versions) == ([], [], [])
