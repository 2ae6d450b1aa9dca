"""The feedback process over HTTP: read, rate, edit, compare, ask again, export; each in one's own tenant and role."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from brevity.common.events import SummaryCompleted, SummaryRequest
from brevity.common.storage.s3 import S3ObjectStore
from tests.support.feedback import TEXT, accepted, completed, failed, rejected
from tests.support.feedback_service import FeedbackService
from tests.support.topics import eventually, read

pytestmark = pytest.mark.stack


def fresh() -> str:
    return f"doc-{uuid.uuid4().hex[:10]}"


async def one(service: FeedbackService, name: str | None = None, **fields: Any) -> SummaryCompleted:
    name = name or fresh()
    summary = completed(name, **fields)
    await service.fill([accepted(name, tenant=summary.tenant), summary])
    return summary


def values(service: FeedbackService, topic: str) -> list[tuple[str, bytes, dict[str, Any]]]:
    """Event id, key and value of each record on `topic` but tombstones."""
    return [
        (str(dict(message.headers() or ())["ce_id"]), message.key() or b"", json.loads(value))
        for message in read(service.stack.kafka, topic)
        if (value := message.value()) is not None and message.headers()
    ]


def published(service: FeedbackService, summary_id: str) -> list[dict[str, Any]]:
    """What is on `feedback.recorded` about one summary, each event id once."""
    found = {name: event for name, _, event in values(service, "feedback.recorded")}
    return [event for event in found.values() if event["summary_id"] == summary_id]


def submitted_of(service: FeedbackService, document_id: str) -> dict[str, Any]:
    """The one submission of a document."""
    [found] = [
        event for _, key, event in values(service, "documents.submitted") if key == document_id.encode()
    ]
    return found


async def test_a_rating_is_answered_kept_shown_and_published(service: FeedbackService) -> None:
    summary = await one(service)
    path = f"/v1/summaries/{summary.summary_id}"
    with service.as_("anna") as anna:
        answer = anna.post(
            f"{path}/feedback", json={"rating": "down", "reasons": ["too_short"], "comment": "why"}
        )
        assert answer.status_code == 201, answer.text
        given = answer.json()
        assert (given["reviewer"], given["model_version"]) == ("anna", "extractive-1")
        assert (given["content_hash"], given["decoding"]) == (summary.content_hash, {"beams": 1})
        shown = anna.get(path).json()
        assert (shown["standing"], shown["tally"]["down"]) == ("down", 1)
        assert shown["source"] == TEXT
        assert anna.get(f"{path}/feedback").json()["items"] == [given]
        names = [
            item["summary_id"]
            for item in anna.get("/v1/summaries", params={"rating": "down", "limit": 200}).json()["items"]
        ]
        assert summary.summary_id in names
    eventually("published", lambda: len(published(service, summary.summary_id)) == 1)
    [event] = published(service, summary.summary_id)
    assert {name: event[name] for name in given if name in event} == given


async def test_the_same_key_is_one_rating_and_another_body_under_it_is_refused(
    service: FeedbackService,
) -> None:
    summary = await one(service)
    path = f"/v1/summaries/{summary.summary_id}/feedback"
    with service.as_("anna") as anna, service.as_("ben") as ben:
        key = {"Idempotency-Key": "once"}
        answers = [anna.post(path, json={"rating": "up"}, headers=key) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [201, 200, 200]
        assert len({answer.json()["feedback_id"] for answer in answers}) == 1
        other = anna.post(path, json={"rating": "down"}, headers=key)
        assert (other.status_code, other.json()["code"]) == (409, "conflict")
        assert ben.post(path, json={"rating": "down"}, headers=key).status_code == 201
        tally = anna.get(f"/v1/summaries/{summary.summary_id}").json()["tally"]
        assert (tally["up"], tally["down"]) == (1, 1)


async def test_the_latest_word_of_a_reviewer_counts(service: FeedbackService) -> None:
    summary = await one(service)
    with service.as_("anna") as anna:
        for body in ({"rating": "up"}, {"rating": "down"}, {"edited_summary": "The harbour is shut."}):
            assert anna.post(f"/v1/summaries/{summary.summary_id}/feedback", json=body).status_code == 201
        shown = anna.get(f"/v1/summaries/{summary.summary_id}").json()
        assert (shown["tally"]["up"], shown["tally"]["down"], shown["tally"]["edits"]) == (0, 1, 1)
        assert 0 < shown["tally"]["edit_distance"] <= 1
        unchanged = anna.post(
            f"/v1/summaries/{summary.summary_id}/feedback", json={"edited_summary": summary.summary}
        )
        assert (unchanged.status_code, unchanged.json()["code"]) == (422, "unchanged")


async def test_preferring_needs_two_summaries_of_one_text(service: FeedbackService) -> None:
    name = fresh()
    better, worse = (
        await one(service, name),
        await one(service, name, words=20, summary="Worse.", sentences=[]),
    )
    other = await one(service, text="Something else. Entirely.")
    with service.as_("anna") as anna:
        path = f"/v1/summaries/{better.summary_id}/feedback"
        assert anna.post(path, json={"preferred_over": worse.summary_id}).status_code == 201
        for wrong, status in ((better.summary_id, 422), (other.summary_id, 422), ("sum_none", 404)):
            assert anna.post(path, json={"preferred_over": wrong}).status_code == status


async def test_history_tells_what_happened_in_order(service: FeedbackService) -> None:
    name = f"{fresh()}/with a/slash".replace(" ", "-")
    summary = await one(service, name)
    await service.fill([rejected(name), failed(name)])
    with service.as_("anna") as anna:
        anna.post(f"/v1/summaries/{summary.summary_id}/feedback", json={"rating": "up"})
        anna.post(f"/v1/summaries/{summary.summary_id}/feedback", json={"edited_summary": "Shut."})
        steps = anna.get(f"/v1/documents/{name}/history").json()["steps"]
        assert [step["kind"] for step in steps][-2:] == ["rated", "edited"]
        assert {step["kind"] for step in steps} == {
            "accepted",
            "summarized",
            "rejected",
            "failed",
            "rated",
            "edited",
        }
        assert anna.get(f"/v1/documents/{fresh()}/history").status_code == 404


async def test_statistics_say_how_sure_they_are(service: FeedbackService) -> None:
    version = f"model-{uuid.uuid4().hex[:6]}"
    summaries = [await one(service, model_version=version, warnings=number % 2) for number in range(4)]
    with service.as_("anna") as anna:
        for number, summary in enumerate(summaries[:3]):
            anna.post(
                f"/v1/summaries/{summary.summary_id}/feedback", json={"rating": "down" if number else "up"}
            )
        [row] = anna.get("/v1/statistics", params={"model_version": version}).json()["rows"]
        assert (row["summaries"], row["with_warnings"], row["up"], row["down"]) == (4, 2, 1, 2)
        assert row["rating_rate"]["low"] < row["rating_rate"]["value"] < row["rating_rate"]["high"]
        days = anna.get("/v1/statistics", params={"model_version": version, "by": "day"}).json()["rows"]
        assert [day["day"] for day in days] == ["2026-03-01"]


async def test_asking_again_with_other_settings_submits_the_text_once_more(service: FeedbackService) -> None:
    name = fresh()
    summary = await one(
        service, name, engine=f"engine-{name}"
    )  # nobody else's: its version is the one that serves
    path = f"/v1/summaries/{summary.summary_id}/resummarize"
    with service.as_("anna") as anna:
        answer = anna.post(path, json={"words": 25, "style": "bullets", "engine": "llm"})
        assert (answer.status_code, answer.json()["state"]) == (202, "submitted")
        same = anna.post(path, json=summary.request.model_dump(exclude_none=True))
        assert (same.status_code, same.json()["summary_id"]) == (200, summary.summary_id)
        assert anna.post(path, json={"words": 1}).status_code == 422
    submitted = submitted_of(service, name)
    assert (submitted["text"], submitted["tenant"]) == (TEXT, "first")
    assert SummaryRequest.model_validate(submitted["summary"]) == SummaryRequest(
        words=25, style="bullets", engine="llm"
    )


async def test_a_long_text_is_read_from_the_object_store_and_asked_for_again_by_its_address(
    service: FeedbackService,
) -> None:
    name, store = fresh(), S3ObjectStore(service.stack.s3)
    store.put(f"texts/{name}", TEXT.encode())
    summary = completed(name)
    await service.fill([accepted(name, uri=f"s3://{store.bucket}/texts/{name}"), summary])
    with service.as_("anna") as anna:
        assert anna.get(f"/v1/summaries/{summary.summary_id}").json()["source"] == TEXT
        assert (
            anna.post(f"/v1/summaries/{summary.summary_id}/resummarize", json={"words": 30}).status_code
            == 202
        )
        store.delete(f"texts/{name}")
        assert anna.get(f"/v1/summaries/{summary.summary_id}").json()["source"] is None
    submitted = submitted_of(service, name)
    assert submitted["object"]["uri"] == f"s3://{store.bucket}/texts/{name}"


async def test_edits_comparisons_and_ratings_become_training_data(service: FeedbackService) -> None:
    name, other = fresh(), fresh()
    good, bad = await one(service, name), await one(service, name, words=20, summary="Bad.", sentences=[])
    edited = await one(service, other)
    with service.as_("anna") as anna, service.as_("ada") as ada:
        anna.post(f"/v1/summaries/{edited.summary_id}/feedback", json={"edited_summary": "First try."})
        anna.post(f"/v1/summaries/{edited.summary_id}/feedback", json={"edited_summary": "Harbour shut."})
        anna.post(
            f"/v1/summaries/{good.summary_id}/feedback",
            json={"rating": "up", "preferred_over": bad.summary_id},
        )
        anna.post(f"/v1/summaries/{bad.summary_id}/feedback", json={"rating": "down"})
        answer = ada.get("/v1/references")
        assert answer.headers["content-type"].startswith("application/x-ndjson")
        references = [json.loads(line) for line in answer.text.splitlines()]
        [mine] = [item for item in references if item["document_id"] == other]
        assert (mine["reference"], mine["summary"], mine["source"]) == ("Harbour shut.", edited.summary, TEXT)
        assert (mine["model_version"], mine["reviewer"]) == ("extractive-1", "anna")
        pairs = [json.loads(line) for line in ada.get("/v1/preferences").text.splitlines()]
        assert [(p["why"], p["chosen"], p["rejected"]) for p in pairs if p["document_id"] == other] == [
            ("edited", "Harbour shut.", edited.summary)
        ]
        mine = [
            (p["why"], p["chosen"]) for p in pairs if p["document_id"] == name and p["rejected"] == "Bad."
        ]
        assert mine == [("compared", good.summary), ("rated", good.summary)]
        without = ada.get("/v1/preferences", params={"edited": "false"}).text.splitlines()
        assert [json.loads(line) for line in without] == [p for p in pairs if p["why"] != "edited"]


async def test_nobody_reaches_what_is_anothers_or_above_their_role(service: FeedbackService) -> None:
    summary = await one(service)
    path = f"/v1/summaries/{summary.summary_id}"
    body = {"rating": "up"}
    with service.as_("ada", "second") as stranger, service.as_("anna", "second") as theirs:
        for answer in (
            stranger.get(path),
            stranger.get(f"{path}/feedback"),
            stranger.post(f"{path}/feedback", json=body),
            stranger.post(f"{path}/resummarize", json={"words": 30}),
            stranger.get(f"/v1/documents/{summary.document_id}/history"),
            stranger.get(f"/v1/summaries/first%2F{summary.summary_id}"),
        ):
            assert answer.status_code == 404, answer.url
        own = await one(service, tenant="second")
        borrowed = theirs.post(
            f"/v1/summaries/{own.summary_id}/feedback", json={"preferred_over": summary.summary_id}
        )
        assert borrowed.status_code == 404
        for address in ("/v1/summaries", "/v1/references", "/v1/preferences", "/v1/statistics"):
            assert (
                summary.document_id
                not in stranger.get(address, params={"content_hash": summary.content_hash}).text
            )
        noted = stranger.get("/v1/audit").json()["items"]  # their own attempts, and nobody else's
        assert {entry["tenant"] for entry in noted} <= {"second"}
    with service.as_("rita") as reader, service.as_("anna") as reviewer:
        assert reader.get(path).status_code == 200
        for refused in (
            reader.post(f"{path}/feedback", json=body),
            reader.post(f"{path}/resummarize", json={"words": 30}),
            *(
                person.get(f"/v1/{door}")
                for door in ("references", "preferences", "audit")
                for person in (reader, reviewer)
            ),
        ):
            assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    with service.as_("nobody") as nobody:
        for address in (path, "/v1/summaries", "/v1/events", "/v1/audit", "/v1/whoami", "/openapi.json"):
            assert nobody.get(address).status_code == 401


async def test_the_audit_log_says_who_did_and_who_tried(service: FeedbackService) -> None:
    summary = await one(service)
    path = f"/v1/summaries/{summary.summary_id}/feedback"
    with service.as_("anna") as anna, service.as_("rita") as rita, service.as_("ada") as ada:
        anna.post(path, json={"rating": "up"})
        rita.post(path, json={"rating": "up"})
        ada.get("/v1/references")

        def entries() -> set[tuple[str, str, str]]:
            items = ada.get("/v1/audit", params={"limit": 1_000}).json()["items"]
            return {(item["subject"], item["outcome"], item["target"]) for item in items}

        assert ("anna", "done", path) in entries()
        assert ("ada", "done", "/v1/references") in entries()
        eventually("the refusal is noted", lambda: ("rita", "refused", path) in entries())


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"rating": "up", "extra": 1}', b'{"rating": 1}', b"{}"])
async def test_wrong_bodies_are_answered_with_what_is_wrong(service: FeedbackService, body: bytes) -> None:
    summary = await one(service)
    with service.as_("anna") as anna:
        answer = anna.post(
            f"/v1/summaries/{summary.summary_id}/feedback",
            content=body,
            headers={"Content-Type": "application/json"},
        )
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["remedy"]


async def test_openapi_describes_every_route_and_its_answers(service: FeedbackService) -> None:
    with service.as_("rita") as rita:
        described = rita.get("/openapi.json").json()
    assert set(described["paths"]) >= {
        "/v1/summaries",
        "/v1/summaries/{summary_id}",
        "/v1/summaries/{summary_id}/feedback",
        "/v1/summaries/{summary_id}/resummarize",
        "/v1/documents/{document_id}/history",
        "/v1/statistics",
        "/v1/whoami",
        "/v1/references",
        "/v1/preferences",
        "/v1/audit",
        "/v1/events",
    }
    for path, operations in described["paths"].items():
        for operation in operations.values():
            assert operation["description"], path
            assert operation["security"], path
