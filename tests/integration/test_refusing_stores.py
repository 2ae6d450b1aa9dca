"""Ingest beside a store that refuses some objects, in every way that S3 has: the others go on, and an outage is none."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager

import pytest
from prometheus_client import CollectorRegistry

from brevity.common.errors import Fatal
from brevity.common.events import DocumentRejected
from brevity.common.kafka.metrics import StageMetrics
from brevity.common.kafka.stage import Stage
from brevity.common.settings import S3Settings, StageSettings
from brevity.common.storage.mongo import mongo_client
from brevity.common.storage.s3 import S3ObjectStore
from brevity.ingest.claims import Claims
from brevity.ingest.handler import IngestHandler
from brevity.ingest.metrics import IngestMetrics
from brevity.ingest.settings import IngestBlock
from tests.support.scripted_s3 import REFUSALS, Script, scripted_s3
from tests.support.stack import Stack
from tests.support.topics import Lane, fresh_lane, read_json, write
from tests.support.topics import eventually as within

pytestmark = pytest.mark.stack

SETTINGS = StageSettings(
    retry_backoff_seconds=0.05, retry_backoff_max_seconds=0.2, batch_wait_seconds=0.01, max_attempts=3
)
TEXT = "The council decided on Monday to build a new school near the river, at the third attempt."


def eventually(what: str, condition: Callable[[], bool]) -> None:
    within(what, condition, seconds=90)


@contextmanager
def ingesting(stack: Stack, lane: Lane, s3: S3Settings) -> Generator[CollectorRegistry]:
    registry = CollectorRegistry()
    store = S3ObjectStore(s3)
    handler = IngestHandler(
        store,
        Claims(mongo_client(stack.mongo), stack.mongo.database),
        IngestBlock(inline_bytes=2_000, extra_buckets={"foreign": ["default"]}),
        IngestMetrics(registry),
    )
    stage = Stage(
        "test", lane.kafka, SETTINGS, lane.group, [lane.source], handler, handler.dead_letter,
        StageMetrics("test", registry),
    )  # fmt: skip
    errors: list[BaseException] = []

    def work() -> None:
        try:
            stage.run()
        except BaseException as error:  # noqa: BLE001 - raised again below
            errors.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield registry
    finally:
        stage.stop()
        thread.join(40)
    if errors:
        raise errors[0]


def submit(lane: Lane, *documents: Mapping[str, object]) -> set[str]:
    named = [{"document_id": uuid.uuid4().hex, "language": "en", **document} for document in documents]
    write(lane.kafka, lane.source, [json.dumps(document).encode() for document in named])
    return {str(document["document_id"]) for document in named}


def outcomes(lane: Lane, topic: str, names: set[str]) -> dict[str, dict[str, object]]:
    values = read_json(lane.kafka, topic)
    return {value["document_id"]: value for value in values if value.get("document_id") in names}


def fresh(words: str = "") -> dict[str, object]:
    return {"text": f"{TEXT} {words} {uuid.uuid4().hex}"}


def told(registry: CollectorRegistry, what: str, **labels: str) -> float:
    return registry.get_sample_value(f"brevity_test_{what}", labels) or 0.0


@pytest.fixture
def lane(stack: Stack) -> Lane:
    return fresh_lane(stack.kafka, partitions=1)


@pytest.fixture
def s3() -> Generator[tuple[S3Settings, Script]]:
    with scripted_s3() as given:
        yield given


def test_an_object_the_store_will_not_give_is_that_documents_failure_alone(
    stack: Stack, lane: Lane, s3: tuple[S3Settings, Script]
) -> None:
    settings, script = s3
    refused = [word for word in REFUSALS if word != "slow-down"]
    addresses = [f"s3://{settings.bucket}/uploads/default/{word}/x" for word in refused]
    addresses += [f"s3://{settings.bucket}/uploads/default/{word}/x" for word in ("hangs", "cut")]
    addresses += ["s3://foreign/absent/x"]
    for word in ("hangs", "cut"):
        script.objects[f"{settings.bucket}/uploads/default/{word}/x"] = TEXT.encode() * 5
    with ingesting(stack, lane, settings) as registry:
        bad = submit(lane, *({"object": {"uri": address}} for address in addresses))
        good = submit(lane, *(fresh() for _ in range(20)))
        eventually("the others pass", lambda: len(outcomes(lane, "documents.accepted", good)) == 20)
        eventually("all have an end", lambda: len(outcomes(lane, "documents.rejected", bad)) == len(bad))
        assert told(registry, "held_batches") == 0
    found = [DocumentRejected.model_validate(v) for v in outcomes(lane, "documents.rejected", bad).values()]
    assert {event.code for event in found} == {"object_store", "object_store_refused"}
    assert {event.attempts for event in found} == {3}
    assert all(event.original is not None for event in found)
    assert all("for others it answers" in event.message for event in found)


def test_a_text_or_a_rejections_bytes_that_the_store_will_not_take_stop_nobody(
    stack: Stack, lane: Lane, s3: tuple[S3Settings, Script]
) -> None:
    settings, script = s3
    script.fails, script.wrong_for = (400, "KMS.DisabledException"), "texts/"
    with ingesting(stack, lane, settings):
        long = submit(lane, fresh("It will open in spring. " * 200))
        good = submit(lane, fresh())
        eventually("the other passes", lambda: bool(outcomes(lane, "documents.accepted", good)))
        eventually("given up", lambda: bool(outcomes(lane, "documents.rejected", long)))
        script.wrong_for = "rejected/"
        bad = submit(lane, {"text": " "})
        eventually("rejected without its bytes", lambda: bool(outcomes(lane, "documents.rejected", bad)))
    (event,) = outcomes(lane, "documents.rejected", bad).values()
    assert event["code"] == "no_text"
    assert "original" not in event
    assert f"{lane.source}, partition 0, offset 2" in str(event["message"])


@pytest.mark.parametrize("fails", [(503, "SlowDown"), (500, "InternalError")])
def test_a_store_that_is_away_holds_and_counts_nothing(
    stack: Stack, lane: Lane, s3: tuple[S3Settings, Script], fails: tuple[int, str]
) -> None:
    settings, script = s3
    script.objects[f"{settings.bucket}/uploads/default/x"] = str(fresh()["text"]).encode()
    script.fails = fails
    with ingesting(stack, lane, settings) as registry:
        names = submit(lane, {"object": {"uri": f"s3://{settings.bucket}/uploads/default/x"}})
        eventually("held", lambda: told(registry, "held_batches") == 1)
        threading.Event().wait(2)
        script.fails = None
        eventually("it passes", lambda: bool(outcomes(lane, "documents.accepted", names)))
        assert told(registry, "records_finished_total", outcome="retried") == 0


def test_a_store_that_refuses_us_altogether_is_fatal(
    stack: Stack, lane: Lane, s3: tuple[S3Settings, Script]
) -> None:
    settings, script = s3
    script.fails = (403, "InvalidAccessKeyId")

    def run() -> None:
        with ingesting(stack, lane, settings):
            submit(lane, {"object": {"uri": f"s3://{settings.bucket}/uploads/default/x"}})
            eventually("asked", lambda: script.seen["GET platform/probe"] > 0)
            threading.Event().wait(1)

    with pytest.raises(Fatal, match="InvalidAccessKeyId"):
        run()


def test_a_real_server_that_breaks_on_a_key_stops_nobody(stack: Stack, lane: Lane) -> None:
    """This one answers 500 for a part of a key that is no file name."""
    with ingesting(stack, lane, stack.s3):
        bad = submit(lane, {"object": {"uri": f"s3://{stack.s3.bucket}/uploads/default/{'x' * 300}"}})
        good = submit(lane, fresh())
        eventually("the other passes", lambda: bool(outcomes(lane, "documents.accepted", good)))
        eventually("given up", lambda: bool(outcomes(lane, "documents.rejected", bad)))
