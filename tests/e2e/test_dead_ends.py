"""What cannot be summarized ends once, with its reason, holds nothing up, and works when it is replayed mended."""

from __future__ import annotations

import json
import uuid

import pytest

from brevity.common.storage.s3 import S3ObjectStore
from tests.e2e.platform import Platform, eventually
from tests.unit.summarize.texts import BRIDGE

pytestmark = [pytest.mark.stack, pytest.mark.timeout(480)]

POISON: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "empty_event"),
    "binary": (bytes(range(128, 256)) * 80, "not_utf8"),
    "not-json": (b"Dear all, please find the report attached.", "not_json"),
    "wrong-schema": (b'{"text": ["a", "b"]}', "bad_schema"),
    "no-letters": (b'{"text": "12 34 56"}', "no_text"),
    "too-large": (b'{"text": "' + b"word " * 6_000_000 + b'"}', "too_large"),
    "one-line": (json.dumps({"text": "x" * 1_000_000}).encode(), "not_prose"),
    "elsewhere": (b'{"object": {"uri": "s3://somebody-elses/secret.txt"}}', "bucket_not_allowed"),
}


def test_every_kind_of_poison_is_rejected_once_while_others_flow(platform: Platform) -> None:
    run = uuid.uuid4().hex[:8]
    for name, (value, _) in POISON.items():
        platform.produce(f"{name}-{run}", value)
        platform.submit(f"beside-{name}-{run}", f"{BRIDGE} It was said beside {name} {run}.")
    for name, (_, code) in POISON.items():
        rejected = platform.follower.wait(f"{name}-{run}", "documents.rejected").value
        assert rejected["code"] == code, rejected
        assert rejected["message"]
        assert rejected["remedy"]
        assert platform.completed(f"beside-{name}-{run}")
    for name in POISON:
        assert [seen.topic for seen in platform.follower.of(f"{name}-{run}")] == ["documents.rejected"]


def test_a_rejected_document_is_summarized_once_it_is_mended_and_replayed(platform: Platform) -> None:
    name, store = f"late-{uuid.uuid4().hex[:8]}", S3ObjectStore(platform.stack.s3)
    key = f"uploads/default/{name}.txt"
    value = json.dumps({"object": {"uri": f"s3://{store.bucket}/{key}"}, "summary": {"words": 30}}).encode()
    platform.produce(name, value, traceparent=f"00-{'a' * 32}-{'b' * 16}-01")
    rejected = platform.follower.wait(name, "documents.rejected")
    assert rejected.value["code"] == "object_missing"

    letter = rejected.headers["ce_id"]
    assert name in platform.brevity("dlq", "list", "--code", "object_missing")
    assert platform.brevity("dlq", "show", letter, "--original").encode() == value

    store.put(key, f"{BRIDGE} It came late as {name}.".encode())
    assert letter in platform.brevity("dlq", "replay", letter)
    completed = platform.follower.wait(name, "summaries.completed").value
    assert completed["origin"] == rejected.value["origin"], "a replay is the submission itself, tried again"
    assert completed["submitted_at"] == rejected.value["submitted_at"]


def test_a_failed_summary_is_a_dead_letter_that_can_be_replayed(platform: Platform) -> None:
    name = f"engine-{uuid.uuid4().hex[:8]}"
    platform.submit(name, f"{BRIDGE} It wished for {name}.", summary={"engine": "seq2seq"})
    failed = platform.follower.wait(name, "summaries.failed")
    assert (failed.value["code"], failed.value["attempts"]) == ("engine_not_served", 1)
    assert failed.value["origin"]["topic"] == "documents.accepted"
    with platform.door("ingest") as door:
        eventually(name, lambda: door.get(f"/v1/documents/{name}").json().get("state") == "failed")
    assert failed.headers["ce_id"] in platform.brevity("dlq", "replay", "--document", name)
    platform.follower.wait(name, "summaries.failed", count=2)
    [letter] = {one["id"] for one in platform.brevity.lines("dlq", "list", "--document", name, "--json")}
    assert letter == failed.headers["ce_id"], "the same failure of the same record is the same letter"
