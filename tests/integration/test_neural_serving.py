"""Neural engines behind Ray Serve, as they run: a router over a tiny chat model and the extractive engine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Generator
from datetime import UTC, datetime, timedelta

import psutil
import pytest
from deploy.local.java import ROOT
from prometheus_client import CollectorRegistry

from brevity.common.errors import Unavailable
from brevity.common.events import SummaryCompleted
from brevity.common.settings import S3Settings, load_settings
from brevity.common.storage.s3 import S3ObjectStore
from brevity.nlp.words import count_words
from brevity.summarize.engines.port import Job, Route, Summary
from brevity.summarize.engines.registry import load_engine
from brevity.summarize.handler import SummarizeHandler
from brevity.summarize.metrics import SummarizeMetrics
from brevity.summarize.serving.client import ServeClient
from brevity.summarize.settings import SummarizeSettings
from tests.integration.test_summarize_handler import accepted, summary
from tests.support.stack import Stack
from tests.support.tiny_chat import tiny_chat
from tests.support.topics import eventually
from tests.unit.summarize.texts import BRIDGE

pytestmark = pytest.mark.timeout(240)

DEADLINE_SECONDS = 600.0
BOOK = "\n\n".join(f"In the year {1800 + n}: {BRIDGE}" for n in range(12))


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> SummarizeSettings:
    folder = tmp_path_factory.mktemp("serving")
    policy = {
        "routes": [
            {
                "name": "chat",
                "engine": f"llm:{tiny_chat(folder / 'model')}",
                "words_per_second": 500,
                "price_per_million_words": 10,
            },
            {"name": "extractive", "engine": "extractive", "words_per_second": 50_000},
        ],
        "prefer": ["chat", "extractive"],
        "deadline_seconds": DEADLINE_SECONDS,
        "rules": [{"name": "thrifty", "tenants": ["thrifty"], "prefer": ["extractive"]}],
    }
    path = folder / "policy.json"
    path.write_text(json.dumps(policy))
    environ = {
        "BREVITY_SUMMARIZE_ENGINE": f"router:{path}",
        "BREVITY_SUMMARIZE_SERVE_PORT": str(Stack.free_port()),
        "BREVITY_SUMMARIZE_RAY_METRICS_PORT": "0",
        "BREVITY_SUMMARIZE_MAX_REPLICAS": "1",
        "BREVITY_SUMMARIZE_FOLLOW_PROMOTIONS": "false",
        "BREVITY_MODEL_DEVICE": "cpu",
        "BREVITY_MODEL_CONTEXT_TOKENS": "1500",
        "BREVITY_MODEL_ANSWER_TOKENS": "24",
    }
    return load_settings(SummarizeSettings, environ)


@pytest.fixture(scope="module")
def client(settings: SummarizeSettings, tmp_path_factory: pytest.TempPathFactory) -> Generator[ServeClient]:
    log = tmp_path_factory.mktemp("log") / "serve"
    block = settings.summarize
    environ = {name: value for name, value in os.environ.items() if not name.startswith("BREVITY_")} | {
        "PYTHONPATH": str(ROOT),
        "OMP_NUM_THREADS": "1",
        "BREVITY_SUMMARIZE_ENGINE": block.engine,
        "BREVITY_SUMMARIZE_SERVE_PORT": str(block.serve_port),
        "BREVITY_SUMMARIZE_RAY_METRICS_PORT": "0",
        "BREVITY_SUMMARIZE_MAX_REPLICAS": "1",
        "BREVITY_SUMMARIZE_FOLLOW_PROMOTIONS": "false",
        "BREVITY_MODEL_DEVICE": "cpu",
        "BREVITY_MODEL_CONTEXT_TOKENS": str(settings.model.context_tokens),
        "BREVITY_MODEL_ANSWER_TOKENS": str(settings.model.answer_tokens),
    }
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "brevity.summarize", "serve"],
            env=environ,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    asking = ServeClient("127.0.0.1", block.serve_port, token=None, engine_seconds=60.0, connections=4)
    family: list[psutil.Process] = []
    said: list[str] = []
    try:

        def ready() -> bool:
            assert process.poll() is None, log.read_text()[-3_000:]
            try:
                asking.summarize([Job(BRIDGE, "en", 30)])
            except Unavailable as error:
                said.append(error.message)
                return False
            return True

        try:
            eventually("Serve answers", ready, 180)
        except AssertionError as error:
            raise AssertionError(f"{error}; last: {said[-1:]}; log: {log.read_text()[-3_000:]}") from None
        family = psutil.Process(process.pid).children(recursive=True)
        yield asking
    finally:
        if process.poll() is None:
            family += psutil.Process(process.pid).children(recursive=True)
            process.terminate()
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
        process.wait()
        for child in family:
            if child.is_running():
                child.kill()


def events(
    client: ServeClient, settings: SummarizeSettings, registry: CollectorRegistry
) -> dict[str, SummaryCompleted]:
    """What the stage makes of a normal document, one of another tenant, a late one, a long one and a wish."""
    now = datetime.now(UTC)
    records = [
        accepted(BRIDGE, 0, document_id="normal", submitted_at=now),
        accepted(BRIDGE, 1, document_id="thrifty", tenant="thrifty", submitted_at=now),
        accepted(BRIDGE, 2, document_id="late", submitted_at=now - timedelta(seconds=DEADLINE_SECONDS - 3)),
        accepted(BOOK, 3, document_id="book", submitted_at=now),
        accepted(
            BRIDGE, 4, document_id="wish", submitted_at=now, summary={"words": 30, "engine": "extractive"}
        ),
    ]
    store = S3ObjectStore(S3Settings())  # never asked: the texts are in the events
    handler = SummarizeHandler(client, store, settings.summarize, SummarizeMetrics(registry), threads=4)
    return {event.document_id: event for event in map(summary, handler(records))}


@pytest.mark.chaos_large
def test_documents_go_where_the_policy_sends_them_and_their_events_say_so(
    client: ServeClient, settings: SummarizeSettings
) -> None:
    registry = CollectorRegistry()
    found = events(client, settings, registry)
    told = {
        name: (event.engine, event.route.name, event.route.reasons)
        for name, event in found.items()
        if event.route is not None
    }
    assert told == {
        "normal": ("llm", "chat", ["default"]),
        "thrifty": ("extractive", "extractive", ["rule:thrifty"]),
        "late": ("extractive", "extractive", ["default", "chat:deadline"]),
        "book": ("llm", "chat", ["default"]),
        "wish": ("extractive", "extractive", ["wanted"]),
    }
    normal, book = found["normal"], found["book"]
    assert normal.usage.cost == pytest.approx(10 * count_words(BRIDGE) / 1e6)
    assert normal.model_version.startswith("llm-")
    assert (normal.usage.source_tokens or 0) > 0
    assert book.decoding["parts"] > 2
    assert book.coverage.percent == 100.0
    assert (
        registry.get_sample_value("brevity_summarize_routes_total", {"route": "chat", "order": "default"})
        == 2
    )
    passed = {"route": "chat", "reason": "deadline"}
    assert registry.get_sample_value("brevity_summarize_routes_passed_over_total", passed) == 1


def test_a_replica_writes_what_the_engine_writes_in_this_process(
    client: ServeClient, settings: SummarizeSettings
) -> None:
    jobs = [Job(BRIDGE, "en", 60), Job(BOOK, "en", 60), Job("Short.", "en", 60)]
    there = client.summarize(jobs)
    here = load_engine(settings.summarize.engine, settings).summarize(jobs)
    assert there == here
    [first, _, _] = there
    assert isinstance(first, Summary)
    assert first.route == Route("chat", ("default",))
