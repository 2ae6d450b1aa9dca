"""A version is promoted, replaced and recalled: exactly its documents are summarized again, once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Generator, Sequence
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from deploy.local.java import ROOT
from deploy.local.services import Service

from brevity.common.events import SummaryCompleted
from brevity.common.storage.s3 import S3ObjectStore
from tests.support.models import Version, model_bytes, promote, promotion, put_version
from tests.support.samples import sample_texts
from tests.support.stack import Stack, fresh_stack
from tests.support.topics import eventually, read, write

pytestmark = [pytest.mark.stack, pytest.mark.timeout(400)]

COMMAND = str(Path(sys.executable).parent / "brevity")
TEXTS = [text for text in sample_texts() if len(text) < 5_000]
BEFORE, AFTER = TEXTS[:5], TEXTS[5:8]


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Generator[Stack]:
    with fresh_stack(tmp_path_factory.mktemp("recall")) as running:
        yield running


@pytest.fixture(scope="module")
def environ(own: Stack) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BREVITY_")}
    return kept | own.environ() | {"PYTHONPATH": str(ROOT)}


@pytest.fixture(scope="module")
def versions(own: Stack) -> tuple[Version, Version]:
    store = S3ObjectStore(own.s3)
    first, second = (put_version(store, name, model_bytes(name)) for name in ("1", "2"))
    promote(own.kafka, promotion(first, evidence="http://mlflow.example/runs/1"))
    return first, second


@pytest.fixture(scope="module", autouse=True)
def platform(
    versions: tuple[Version, Version], environ: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Generator[httpx.Client]:
    """Ingest, the stage with its engine inside, and feedback, each a process of its own; a client of feedback's door."""
    folder = tmp_path_factory.mktemp("services")
    inside = environ | {
        "BREVITY_SUMMARIZE_CLIENT": "local",
        "BREVITY_SUMMARIZE_MODEL_CACHE": str(folder / "models"),
    }
    modules: Sequence[tuple[str, list[str]]] = (
        ("ingest", ["brevity.ingest"]),
        ("stage", ["brevity.summarize", "stage"]),
        ("feedback", ["brevity.feedback"]),
    )
    with ExitStack() as stopping:
        services = [
            Service(name, module, inside, Stack.free_port(), folder, "/readyz") for name, module in modules
        ]
        for service in services:
            service.start()
            stopping.callback(service.stop)
        for service in services:
            service.wait_ready()
        door = f"http://127.0.0.1:{services[-1].port}"
        yield stopping.enter_context(httpx.Client(base_url=door, trust_env=False, timeout=20))


def completed(own: Stack) -> list[SummaryCompleted]:
    return [
        SummaryCompleted.model_validate_json(message.value() or b"")
        for message in read(own.kafka, "summaries.completed")
    ]


def by(own: Stack, version: Version) -> list[str]:
    return sorted(
        event.document_id for event in completed(own) if event.model_version == version.model_version
    )


def submit(own: Stack, name: str, texts: Sequence[str]) -> list[str]:
    names = [f"{name}-{number}" for number in range(len(texts))]
    events = [
        json.dumps({"document_id": document, "text": text, "summary": {"words": 40}}).encode()
        for document, text in zip(names, texts, strict=True)
    ]
    write(own.kafka, "documents.submitted", events)
    return names


def brevity(environ: dict[str, str], *arguments: str, status: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [COMMAND, "models", *arguments], env=environ, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done


def recall(environ: dict[str, str], *arguments: str) -> dict[str, object]:
    return json.loads(brevity(environ, "recall", "1", "--json", *arguments).stdout)


def in_ledger(environ: dict[str, str]) -> list[tuple[str, str]]:
    lines = brevity(environ, "ledger", "--json").stdout.splitlines()
    entries = [json.loads(line) for line in lines]
    return [(entry["version"], "yes" if "in_service_at" in entry else "no") for entry in entries]


def test_exactly_the_documents_of_the_recalled_version_are_summarized_again_and_once(
    own: Stack, environ: dict[str, str], versions: tuple[Version, Version]
) -> None:
    first, second = versions
    touched = submit(own, "before", BEFORE)
    eventually("the first version has written", lambda: by(own, first) == touched, 120)
    refused = brevity(environ, "recall", "1", "--yes", status=1)
    assert "in service" in refused.stderr

    promote(own.kafka, promotion(second, first, evidence="http://mlflow.example/runs/2"))
    eventually("both are in the ledger", lambda: in_ledger(environ) == [("1", "yes"), ("2", "yes")], 120)
    later = submit(own, "after", AFTER)
    eventually("the second version has written", lambda: by(own, second) == later, 120)

    eventually("the store has them all", lambda: recall(environ, "--dry-run")["sent"] == len(touched), 60)
    assert by(own, second) == later, "a dry run sends nothing"
    assert recall(environ, "--yes")["sent"] == len(touched)
    eventually("they are summarized again", lambda: by(own, second) == sorted([*touched, *later]), 120)

    eventually("the store knows", lambda: recall(environ, "--dry-run")["redone"] == len(touched), 60)
    again = recall(environ, "--yes")
    assert (again["sent"], again["redone"], again["gone"]) == (0, len(touched), 0)
    assert by(own, first) == touched
    assert (
        len({event.summary_id for event in completed(own)})
        == len(completed(own))
        == 2 * len(touched) + len(later)
    )


def test_the_ledger_says_who_was_in_production_at_an_instant_and_where_the_evidence_is(
    environ: dict[str, str],
) -> None:
    entries = [json.loads(line) for line in brevity(environ, "ledger", "--json").stdout.splitlines()]
    between = entries[1]["promoted_at"]
    [then] = [
        json.loads(line) for line in brevity(environ, "ledger", "--json", "--at", between).stdout.splitlines()
    ]
    assert then["version"] == "1"
    assert then["evidence"] == "http://mlflow.example/runs/1"
    shown = brevity(environ, "ledger").stdout
    assert "in_service" in shown
    assert brevity(environ, "ledger", "--at", "yesterday", status=1).stderr.startswith("brevity:")


def test_a_person_asks_for_the_same_summary_by_the_model_that_serves_now_and_gets_it_once(
    own: Stack, environ: dict[str, str], versions: tuple[Version, Version], platform: httpx.Client
) -> None:
    first, second = versions
    promote(own.kafka, promotion(first, second, reason="brought back"))
    eventually("it is in service", lambda: in_ledger(environ)[-1] == ("1", "yes"), 240)
    by_second = next(
        event
        for event in completed(own)
        if event.document_id == "after-0" and event.model_version == second.model_version
    )
    page = f"/summaries/{by_second.summary_id}"
    offer = "Summarize again with the model that serves now"
    # What serves is read anew every few seconds.
    eventually("it is offered", lambda: offer in platform.get(page).text, 30)

    asked = [platform.post(f"/v1{page}/resummarize") for _ in range(3)]
    assert asked[0].status_code == 202
    assert {answer.status_code for answer in asked} <= {200, 202}  # 200: the summary is there by now
    eventually("the first version has written it", lambda: "after-0" in by(own, first), 120)

    def there() -> bool:
        return platform.post(f"/v1{page}/resummarize").status_code == 200

    eventually("the store has it", there, 60)
    answer = platform.post(f"/v1{page}/resummarize").json()
    [mine] = [event for event in completed(own) if event.summary_id == answer["summary_id"]]
    assert (mine.document_id, mine.model_version) == ("after-0", first.model_version)
    assert mine.request == by_second.request
    assert by(own, first).count("after-0") == 1
    assert [m.key() for m in read(own.kafka, "documents.rejected")] == []
    shown = platform.get(page).text
    assert offer not in shown
    assert f'href="/summaries/{mine.summary_id}"' in shown
