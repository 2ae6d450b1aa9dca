"""What an operator relies on: metrics, health that means it, and work that waits for whatever is away."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable

import httpx
import pytest
from deploy.local.java import Server

from tests.e2e.platform import Platform, eventually
from tests.unit.summarize.texts import BRIDGE

pytestmark = [pytest.mark.stack, pytest.mark.timeout(480)]

STAGE = {
    "rates": ("records_consumed_total", "records_produced_total", "records_finished_total"),
    "latencies by stage": ("transform_seconds_bucket", "commit_seconds_bucket"),
    "latency end to end": ("end_to_end_seconds_bucket",),
    "batch sizes": ("batch_records_bucket",),
    "retries": ("holds_total", "records_discarded_total"),
    "dead letters": ("dead_letters_total",),
    "consumer lag": ("lag_records",),
    "in flight": ("in_flight_records",),
}
CONSUMER = {
    "rates": ("events_total",),
    "latencies by stage": ("batch_seconds_bucket",),
    "latency end to end": ("end_to_end_seconds_bucket",),
    "batch sizes": ("batch_records_bucket",),
    "retries": ("retries_total",),
    "dead letters": ("unreadable_total",),
    "consumer lag": ("lag_records",),
    "in flight": ("in_flight_records",),
}
WANTED = {("ingest", "ingest"): STAGE, ("stage", "summarize"): STAGE, ("feedback", "feedback"): CONSUMER}


def number(text: str, name: str, **labels: str) -> float:
    """The sum of a family's samples that carry `labels`."""
    samples = re.findall(rf"^{name}(?:\{{(.*)\}})? (\S+)$", text, re.MULTILINE)
    return sum(
        float(value)
        for found, value in samples
        if all(f'{label}="{wanted}"' in found for label, wanted in labels.items())
    )


@pytest.mark.parametrize(("process", "service"), WANTED)
def test_every_service_counts_what_an_operator_asks_for(
    platform: Platform, process: str, service: str
) -> None:
    text = platform.metrics(process)
    families = set(re.findall(r"^# TYPE (\S+)", text, re.MULTILINE))
    for what, names in WANTED[process, service].items():
        for name in names:
            family = f"brevity_{service}_{name}".removesuffix("_bucket")
            assert family in families, f"{what}: {family}"
    for name in families:
        assert name.startswith((f"brevity_{service}_", "python_", "process_"))
    for name in ("build_info", "http_request_seconds_count"):
        assert f"brevity_{service}_{name}" in text
    assert "process_resident_memory_bytes" in text


def test_the_numbers_follow_the_work(platform: Platform) -> None:
    before = {name: platform.metrics(name) for name in ("ingest", "stage", "feedback")}
    run = uuid.uuid4().hex[:8]
    for index in range(5):
        platform.submit(f"counted-{index}-{run}", f"{BRIDGE} It was counted as {index} of {run}.")
    for index in range(5):
        platform.completed(f"counted-{index}-{run}")

    def grew(process: str, name: str, by: int, **labels: str) -> bool:
        now, then = (number(text, name, **labels) for text in (platform.metrics(process), before[process]))
        return now - then >= by

    eventually("ingest", lambda: grew("ingest", "brevity_ingest_records_finished_total", 5))
    eventually("summarize", lambda: grew("stage", "brevity_summarize_summaries_total", 5))
    eventually("latency", lambda: grew("stage", "brevity_summarize_since_submission_seconds_count", 5))
    completed = {"topic": "summaries.completed"}
    eventually("feedback", lambda: grew("feedback", "brevity_feedback_events_total", 5, **completed))
    eventually("kept", lambda: grew("feedback", "brevity_feedback_end_to_end_seconds_count", 10))


@pytest.mark.parametrize(("process", "service"), WANTED)
def test_when_all_is_done_nothing_lags_and_nothing_is_in_flight(
    platform: Platform, process: str, service: str
) -> None:
    for name in ("lag_records", "in_flight_records"):
        eventually(
            name, lambda name=name: number(platform.metrics(process), f"brevity_{service}_{name}") == 0
        )


def test_the_engine_tells_its_own_numbers(platform: Platform) -> None:
    serve = platform.services["serve"]
    port = serve.environ()["BREVITY_SUMMARIZE_RAY_METRICS_PORT"]

    def told() -> bool:
        text = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False, timeout=60).text
        return "ray_serve" in text and "ray_brevity_summarize_engine_load_seconds{" in text

    eventually("Ray's metrics, the autoscaler's among them", told, 60)


@pytest.mark.parametrize("process", ["ingest", "stage", "feedback"])
def test_a_service_is_healthy_and_describes_itself(platform: Platform, process: str) -> None:
    with platform.door(process) as door:
        assert door.get("/healthz").json() == {"status": "ok", "failing": []}
        assert door.get("/openapi.json").json()["openapi"].startswith("3.")
        assert door.get("/asyncapi.json").json()["asyncapi"] == "3.0.0"


def _while_away(
    platform: Platform,
    name: str,
    failing: dict[str, str],
    stop: Callable[[], None],
    start: Callable[[], None],
) -> None:
    """Documents sent while something is away wait, are not given up, and are summarized when it is back."""
    run = f"{name}-{uuid.uuid4().hex[:8]}"
    dead = {topic: _count(platform, topic) for topic in ("summaries.failed", "documents.rejected")}
    stop()
    try:
        for process, check in failing.items():
            eventually(
                f"{process} says that {check} fails",
                lambda process=process, check=check: platform.services[process].failing() == [check],
            )
            with platform.door(process) as door:
                assert door.get("/healthz").status_code == 200, "a restart would not help"
        for index in range(20):
            platform.submit(f"{run}-{index}", f"{BRIDGE} It waited as {index} of {run}.")
        holder = "ingest" if "ingest" in failing else "stage"
        held = f"brevity_{'ingest' if holder == 'ingest' else 'summarize'}_held_batches"
        eventually("work is held", lambda: number(platform.metrics(holder), held) >= 1)
        time.sleep(3)  # some tries more
        assert not [
            seen
            for index in range(20)
            for seen in platform.follower.of(f"{run}-{index}")
            if seen.topic != "documents.accepted"
        ]
    finally:
        start()
    for index in range(20):
        platform.completed(f"{run}-{index}")
        topics = sorted(seen.topic for seen in platform.follower.of(f"{run}-{index}"))
        assert topics == ["documents.accepted", "summaries.completed"]
    assert {topic: _count(platform, topic) for topic in dead} == dead
    for process in failing:
        eventually(
            f"{process} is ready again", lambda process=process: platform.services[process].status() == 200
        )


def _count(platform: Platform, topic: str) -> int:
    return sum(seen.topic == topic for seen in platform.follower.all())


def _start(server: Server) -> Callable[[], None]:
    def start() -> None:
        server.start()
        server.wait_ready()

    return start


def test_without_its_engine_the_stage_holds_its_work_and_goes_on_when_it_is_back(platform: Platform) -> None:
    serve = platform.services["serve"]
    _while_away(platform, "engine", {"stage": "engine"}, serve.stop, _start(serve))
    assert platform.services["ingest"].status() == 200, "the others had no part in it"


def test_without_its_store_ingest_holds_its_work_and_goes_on_when_it_is_back(platform: Platform) -> None:
    mongo = platform.stack.mongo_server
    _while_away(platform, "store", {"ingest": "mongo", "feedback": "mongo"}, mongo.stop, _start(mongo))


def test_without_the_object_store_nobody_is_ready_and_afterwards_all_are(platform: Platform) -> None:
    s3 = platform.stack.s3_server
    s3.stop()
    try:
        for process in ("ingest", "stage"):
            eventually(
                process, lambda process=process: platform.services[process].failing() == ["object_store"]
            )
    finally:
        _start(s3)()
    for process in ("ingest", "stage"):
        eventually(process, lambda process=process: platform.services[process].status() == 200)
