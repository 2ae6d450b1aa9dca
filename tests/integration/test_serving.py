"""Ray Serve as it runs: the process with its replicas, called by the stage's own client and handler.

One process serves the whole module. Its engine is the real one, except that marked documents hurt it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import psutil
import pytest
import urllib3
from deploy.local.java import ROOT
from prometheus_client.parser import text_string_to_metric_families

from brevity.common.errors import BrevityError, Fatal, Rejected, Transient, Unavailable
from brevity.common.kafka.results import Failed
from brevity.common.storage.s3 import S3ObjectStore
from brevity.nlp.words import count_words
from brevity.summarize.engines.port import Job
from brevity.summarize.engines.registry import load_engine
from brevity.summarize.serving.client import LocalClient, ServeClient
from brevity.summarize.serving.wire import Answer, dump_answers
from tests.integration.test_summarize_handler import accepted, handler_with, settled, values
from tests.support.faulty_serve import BUG, HANGS, KILLS, SLOW, SLOW_SECONDS
from tests.support.samples import sample_texts
from tests.support.stack import Stack
from tests.support.topics import eventually
from tests.unit.summarize.texts import BRIDGE

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]

TOKEN = "only-for-this-test-run"  # noqa: S105 - guards this test alone
ENGINE_SECONDS = 3.0
MAX_CALL_BYTES = 400_000


@dataclass(frozen=True, slots=True)
class Serving:
    process: psutil.Process
    port: int
    metrics_port: int
    log: Path

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def client(self, token: str | None = TOKEN, unfinished: int = 0) -> ServeClient:
        return ServeClient(
            "127.0.0.1",
            self.port,
            token=token,
            engine_seconds=ENGINE_SECONDS,
            connections=8,
            unfinished=lambda: unfinished,
        )

    def post(self, body: bytes, **headers: str) -> urllib3.BaseHTTPResponse:
        given = {"content-type": "application/json", "authorization": f"Bearer {TOKEN}"}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        return urllib3.request("POST", f"{self.address}/summarize", body=body, headers=given, retries=False)

    def replicas(self) -> list[psutil.Process]:
        return [
            process
            for process in self.process.children(recursive=True)
            if any("ServeReplica" in part for part in _command(process))
        ]


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Generator[Serving]:
    log = tmp_path_factory.mktemp("serving") / "log"
    port, metrics_port = Stack.free_port(), Stack.free_port()
    environ = {name: value for name, value in os.environ.items() if not name.startswith("BREVITY_")} | {
        "PYTHONPATH": str(ROOT),
        "BREVITY_SUMMARIZE_SERVE_PORT": str(port),
        "BREVITY_SUMMARIZE_SERVE_TOKEN": TOKEN,
        "BREVITY_SUMMARIZE_RAY_METRICS_PORT": str(metrics_port),
        "BREVITY_SUMMARIZE_MAX_REPLICAS": "2",
        "BREVITY_SUMMARIZE_MAX_QUEUED_REQUESTS": "2",
        "BREVITY_SUMMARIZE_CALL_TIMEOUT_SECONDS": str(ENGINE_SECONDS),
        "BREVITY_SUMMARIZE_FOLLOW_PROMOTIONS": "false",
        "BREVITY_SUMMARIZE_MAX_CALL_BYTES": str(MAX_CALL_BYTES),
    }
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.faulty_serve"],
            env=environ,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    running = Serving(psutil.Process(process.pid), port, metrics_port, log)
    family: list[psutil.Process] = []
    try:
        client = running.client()

        def ready() -> bool:
            assert process.poll() is None, log.read_text()[-3_000:]
            try:
                client.ping()
                client.summarize([Job(BRIDGE, "en", 30)])
            except Unavailable:
                return False
            return True

        eventually("Serve answers", ready, 120)
        family = running.process.children(recursive=True)
        yield running
    finally:
        if process.poll() is None:
            family += running.process.children(recursive=True)
            process.terminate()
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
        process.wait()
        for child in family:
            if child.is_running():
                child.kill()


@pytest.fixture(scope="module")
def local() -> LocalClient:
    return LocalClient(load_engine())


def codes(answers: list[Answer]) -> list[str | None]:
    return [answer.code if isinstance(answer, BrevityError) else None for answer in answers]


def ask_until_answered(client: ServeClient, jobs: list[Job]) -> list[Answer]:
    """As a stage does whose batch is held."""
    deadline = time.monotonic() + 60
    while True:
        try:
            answers = client.summarize(jobs)
            if not any(isinstance(answer, Unavailable) for answer in answers):
                return answers
        except Unavailable:
            pass
        assert time.monotonic() < deadline, "the engine does not come back"
        time.sleep(0.2)


def test_summaries_are_those_of_the_engine_byte_for_byte(serving: Serving, local: LocalClient) -> None:
    jobs = [Job(text, "en", 40) for text in sample_texts()]
    jobs += [Job(BRIDGE, "en", 9_999), Job(" … ", "en", 40), Job(BRIDGE, "en", 40, output_language="fr")]
    assert dump_answers(serving.client().summarize(jobs)) == dump_answers(local.summarize(jobs))


def test_the_health_address_answers_and_readiness_follows_it(serving: Serving) -> None:
    assert urllib3.request("GET", f"{serving.address}/-/healthz").status == 200
    serving.client().ping()
    with pytest.raises(Unavailable):
        ServeClient("127.0.0.1", 1, token=None, engine_seconds=1, connections=1).ping()


def listening(processes: list[psutil.Process]) -> set[tuple[str, int]]:
    return {
        (place.laddr.ip.removeprefix("::ffff:"), place.laddr.port)
        for process in processes
        for place in process.net_connections(kind="tcp")
        if place.status == psutil.CONN_LISTEN
    }


def test_nobody_beyond_loopback_is_listened_to(serving: Serving) -> None:
    """But for one socket of each replica, for other deployments of Serve, which Ray binds to everything."""
    replicas = serving.replicas()
    others = [p for p in [serving.process, *serving.process.children(recursive=True)] if p not in replicas]
    assert {ip for ip, _ in listening(others)} == {"127.0.0.1"}
    for replica in replicas:
        assert len([ip for ip, _ in listening([replica]) if ip != "127.0.0.1"]) <= 1


def test_ray_does_nothing_for_who_has_not_its_token(serving: Serving) -> None:
    """Asked as its own clients ask: its control service, and the replica's socket that is open to everybody."""
    family = serving.process.children(recursive=True)
    [gcs] = [process for process in family if process.name() == "gcs_server"]
    [(_, port)] = listening([gcs])
    nodes = "/ray.rpc.NodeInfoGcsService/GetAllNodeInfo"
    assert _call(port, nodes, None) == "UNAUTHENTICATED"
    assert _call(port, nodes, "not-the-token") == "UNAUTHENTICATED"
    assert _call(port, nodes, gcs.environ()["RAY_AUTH_TOKEN"]) == "OK"
    for ip, port in listening(serving.replicas()):
        if ip != "127.0.0.1":
            assert _call(port, "/ray.serve.ASGIService/HandleRequest", None) == "UNAUTHENTICATED"


def _call(port: int, method: str, token: str | None) -> str:
    """How a gRPC server answers an empty request: the name of the status."""
    metadata = (("authorization", f"Bearer {token}"),) if token else ()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        try:
            channel.unary_unary(method)(b"", timeout=10, metadata=metadata)
        except grpc.RpcError as error:
            status: Any = error
            return status.code().name
    return "OK"


@pytest.mark.parametrize("token", [None, "not-the-token-of-this-run", TOKEN + "x", ""])
def test_without_the_token_nothing_is_answered_and_the_stage_stops(
    serving: Serving, token: str | None
) -> None:
    with pytest.raises(Fatal) as caught:
        serving.client(token).summarize([Job(BRIDGE, "en", 40)])
    assert caught.value.code == "engine_refused"


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"{", {}, 400),
        (b"\xff\x00", {}, 400),
        (json.dumps([{"text": 7}]).encode(), {}, 400),
        (b"[" * 50_000, {}, 400),
        (b"[]", {"content_type": "text/plain"}, 415),
        (b" " * (MAX_CALL_BYTES + 1), {}, 413),
    ],
)
def test_a_malformed_request_is_answered_and_hurts_nobody(
    serving: Serving, body: bytes, headers: dict[str, str], status: int
) -> None:
    before = [replica.pid for replica in serving.replicas()]
    assert serving.post(body, **headers).status == status
    assert urllib3.request(
        "GET", f"{serving.address}/summarize", headers={"authorization": f"Bearer {TOKEN}"}
    ).status == 405  # fmt: skip
    assert [replica.pid for replica in serving.replicas()] == before


def test_a_body_of_unsaid_length_is_cut_off_at_the_limit(serving: Serving) -> None:
    headers = {"content-type": "application/json", "authorization": f"Bearer {TOKEN}"}
    chunks = (b" " * 50_000 for _ in range(20))
    answer = urllib3.request(
        "POST", f"{serving.address}/summarize", body=chunks, headers=headers, retries=False
    )
    assert answer.status == 413


def test_a_document_too_large_for_the_engine_is_refused_alone(serving: Serving) -> None:
    large = Job("A sentence of some words. " * (MAX_CALL_BYTES // 20), "en", 40)
    small = Job(BRIDGE, "en", 40)
    answers = serving.client().summarize([small, large, small])
    assert codes(answers) == [None, "too_large", None]
    assert isinstance(answers[1], Rejected)


def test_a_bug_that_one_document_meets_is_its_failure_alone(serving: Serving) -> None:
    good = Job(BRIDGE, "en", 40)
    answers = serving.client().summarize([good, Job(f"{BUG} {BRIDGE}", "en", 40), good])
    assert codes(answers) == [None, "engine_error", None]
    assert isinstance(answers[1], Transient)


def test_a_full_queue_holds_the_work_and_loses_nothing(
    serving: Serving, local: LocalClient, stack: Stack
) -> None:
    slow = [Job(f"{SLOW} Number {number}. {BRIDGE}", "en", 40) for number in range(10)]
    refused: Counter[str] = Counter()

    def ask(job: Job) -> Answer:
        while True:
            try:
                [answer] = serving.client().summarize([job])
            except Unavailable as error:
                refused[error.code] += 1
                time.sleep(0.1)
            else:
                return answer

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(ask, slow))
    assert set(refused) == {"engine_full"}
    assert answers == local.summarize(slow)
    serving.client().ping()


def test_a_replica_killed_under_a_batch_costs_no_document(serving: Serving, local: LocalClient) -> None:
    jobs = [Job(f"{SLOW if number == 0 else ''} {number}. {BRIDGE}", "en", 40) for number in range(8)]
    [victim] = serving.replicas()
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(serving.client().summarize, jobs)
        time.sleep(0.15)
        victim.send_signal(signal.SIGKILL)
        answers = call.result()
    victim.wait(10)
    waiting = [job for job, answer in zip(jobs, answers, strict=True) if isinstance(answer, Unavailable)]
    again = iter(ask_until_answered(serving.client(), waiting) if waiting else [])
    whole = [next(again) if isinstance(answer, Unavailable) else answer for answer in answers]
    assert whole == local.summarize(jobs)


def test_a_document_that_kills_its_replica_fails_alone(
    serving: Serving, local: LocalClient, stack: Stack
) -> None:
    texts = [f"{KILLS} {BRIDGE}" if number == 3 else f"{number}. {BRIDGE}" for number in range(8)]
    records = [accepted(text, offset) for offset, text in enumerate(texts)]
    handler = handler_with(serving.client(), S3ObjectStore(stack.s3))
    results = settled(handler, records)
    dead = results[3]
    assert isinstance(dead, Failed)
    assert isinstance(dead.error, Transient)
    assert dead.error.code == "engine_died"
    others = [number for number in range(8) if number != 3]
    expected = handler_with(local, S3ObjectStore(stack.s3))([records[number] for number in others])
    assert values([results[number] for number in others]) == values(expected)


def test_an_engine_that_hangs_is_replaced_and_blames_only_its_document(
    serving: Serving, local: LocalClient, stack: Stack
) -> None:
    before = {replica.pid for replica in serving.replicas()}
    texts = [f"{number}. {BRIDGE}" for number in range(4)]
    texts.insert(1, f"{HANGS} {BRIDGE}")
    records = [accepted(text, offset) for offset, text in enumerate(texts)]
    handler = handler_with(serving.client(), S3ObjectStore(stack.s3))
    results = settled(handler, records)
    hung = results.pop(1)
    assert isinstance(hung, Failed)
    assert hung.error.code == "engine_timeout"
    expected = handler_with(local, S3ObjectStore(stack.s3))([records[0], *records[2:]])
    assert values(results) == values(expected)
    eventually("the hung replica is gone", lambda: not before & {r.pid for r in serving.replicas()})


def test_a_backlog_on_the_topic_starts_a_second_replica(serving: Serving) -> None:
    """By what the replica measured and what its caller says: the queue alone holds too little for one."""
    assert len(serving.replicas()) == 1
    client, ending = serving.client(unfinished=50_000), threading.Event()

    def ask() -> None:
        while not ending.is_set():
            ask_until_answered(client, [Job(f"{SLOW} {BRIDGE}", "en", 30)])

    def measured() -> dict[str, float]:
        text = urllib3.request("GET", f"http://127.0.0.1:{serving.metrics_port}/metrics").data.decode()
        return {
            sample.name.removeprefix("ray_brevity_summarize_engine_"): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name.startswith("ray_brevity_summarize_engine_")
            and sample.labels["deployment"] == "engine"
        }

    with ThreadPoolExecutor(2) as pool:
        calls = [pool.submit(ask) for _ in range(2)]
        try:
            eventually("there are two replicas", lambda: len(serving.replicas()) == 2, 90)
            eventually("Ray shows why", lambda: measured().get("drain_seconds", 0) > 60, 30)
        finally:
            ending.set()
        for call in calls:
            call.result()
    found = measured()
    assert found["backlog_tokens"] > 50_000
    assert found["tokens_per_second"] > count_words(BRIDGE) / (2 * SLOW_SECONDS)
    ready = found["backlog_tokens"] / (found["tokens_per_second"] * found["drain_seconds"])
    assert 0.8 < ready < 2.2
    assert 0 < found["load_seconds"] < 60


def test_sigterm_ends_it_with_status_0_and_leaves_no_process_behind(serving: Serving) -> None:
    family = serving.process.children(recursive=True)
    assert any("raylet" in " ".join(_command(process)) for process in family)
    serving.process.terminate()
    assert serving.process.wait(60) == 0, serving.log.read_text()[-3_000:]
    _, left = psutil.wait_procs(family, timeout=10)
    assert [" ".join(_command(process))[:80] for process in left] == []
