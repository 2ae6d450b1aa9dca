"""The ingest process as a whole: documents in by HTTP and by command, states out, a clean end."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from confluent_kafka import Producer

from brevity.common.settings import MongoSettings
from brevity.common.storage.mongo import mongo_client
from brevity.common.storage.s3 import S3ObjectStore
from brevity.ingest.expiries import Expiries
from brevity.ingest.states import States
from brevity.ingest.submit import Sent
from tests.support.expiry import expire
from tests.support.stack import Stack
from tests.support.topics import eventually, read, write
from tests.unit.documents.test_reading import docx_of, pdf_of

pytestmark = pytest.mark.stack

COMMAND = str(Path(sys.executable).parent / "brevity")
PAGE = b"<!doctype html><html><body><p>The harbour was closed by the storm on Friday.</p></body></html>"
FILES = {
    "note.txt": b"The bridge over the river was opened again on Sunday.",
    "note.md": b"# Plan\n\nThe **library** will stay open until nine in the evening.",
    "page.html": PAGE,
    "paper.pdf": pdf_of("The museum shows its maps of the northern coast."),
    "letter.docx": docx_of("The school thanks all parents for their help this year."),
}


@pytest.fixture(scope="module")
def environ(stack: Stack) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BREVITY_")}
    return {**kept, **stack.environ()}


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the service logs."""
    return tmp_path_factory.mktemp("ingest") / "ingest.log"


@pytest.fixture(scope="module")
def door(stack: Stack, environ: dict[str, str], log: Path) -> Generator[httpx.Client]:
    port = str(stack.free_port())
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "brevity.ingest"], env={**environ, "BREVITY_HTTP_PORT": port}, stderr=out
        )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            eventually("the service is ready", lambda: _ready(client, process), 60)
            yield client
        process.terminate()
        assert process.wait(40) == 0
    finally:
        process.kill()
        process.wait()


def _ready(client: httpx.Client, process: subprocess.Popen[bytes]) -> bool:
    assert process.poll() is None, "the service has ended"
    try:
        return client.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False


def _outcome(door: httpx.Client, location: str) -> dict[str, Any]:
    eventually(location, lambda: door.get(location).json().get("state", "submitted") != "submitted")
    return door.get(location).json()


@pytest.mark.parametrize("name", FILES)
def test_an_uploaded_file_is_accepted(door: httpx.Client, name: str) -> None:
    answer = door.post("/v1/documents", files={"file": (name, FILES[name])}, data={"words": "20"})
    assert answer.status_code == 202, answer.text
    assert _outcome(door, answer.json()["location"])["state"] == "accepted"


def test_the_same_document_twice_is_harmless(door: httpx.Client) -> None:
    body = {"document_id": "news/1", "text": "The mayor opened the new market hall on Tuesday."}
    answers = [door.post("/v1/documents", json=body) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert _outcome(door, answers[0].json()["location"])["state"] == "accepted"


def test_a_rejection_is_shown_with_its_reason(door: httpx.Client) -> None:
    answer = door.post("/v1/documents", json={"document_id": "numbers", "text": "1 2 3"})
    shown = _outcome(door, answer.json()["location"])
    assert (shown["state"], shown["code"]) == ("rejected", "no_text")


def test_nulls_are_absent_fields_and_a_byte_order_mark_is_no_part_of_the_body(door: httpx.Client) -> None:
    body = {
        "url": None,
        "title": None,
        "summary": {"words": None, "style": None},
        "text": "Rain fell on the fair.",
    }
    answer = door.post(
        "/v1/documents",
        content=b"\xef\xbb\xbf" + json.dumps(body).encode(),
        headers={"content-type": "application/json"},
    )
    assert answer.status_code == 202, answer.text
    assert _outcome(door, answer.json()["location"])["state"] == "accepted"


@pytest.mark.parametrize(
    ("body", "code"),
    [({}, "bad_schema"), ({"url": "http://127.0.0.1/"}, "url_fetch_off"), ([], "bad_schema")],
)
def test_a_wrong_request_is_answered_at_once(door: httpx.Client, body: object, code: str) -> None:
    answer = door.post("/v1/documents", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


@pytest.mark.parametrize(
    ("body", "headers", "told"),
    [
        (b"", {}, "is empty"),
        (b"The mayor opened the market hall.", {"content-type": "text/plain"}, "is not JSON"),
        (gzip.compress(b'{"text": "t"}', mtime=0), {"content-encoding": "gzip"}, "is compressed"),
    ],
)
def test_a_body_that_is_no_json_is_told_how_to_be_sent(
    door: httpx.Client, body: bytes, headers: dict[str, str], told: str
) -> None:
    answer = door.post("/v1/documents", content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "not_json")
    assert told in answer.json()["detail"]
    assert "curl -F file=@" in answer.json()["remedy"]


WORDS = "The mayor opened the market hall and the brass band played by"
SAME_AT_EVERY_DOOR = [
    (f'{{"text": "{WORDS} %s \\ud83d"}}'.encode(), "accepted"),
    (f'{{"text": "{WORDS} %s, again \\ude00\\ud83d"}}'.encode(), "accepted"),
    (f'{{"text": "{WORDS} %s \\ud83d\\ude00"}}'.encode(), "accepted"),
    (f'{{"text": "<p>{WORDS} %s, zero \\udfff</p>", "media_type": "text/html"}}'.encode(), "accepted"),
    (f'{{"title": "Cut \\ud83d", "text": "{WORDS} %s, one"}}'.encode(), "accepted"),
    (f'{{"metadata": {{"a": "\\ud83d"}}, "text": "{WORDS} %s, two"}}'.encode(), "accepted"),
    (f'{{"metadata": {{"\\ud83d": "a"}}, "text": "{WORDS} %s, three"}}'.encode(), "bad_schema"),
    (f'{{"document_id": "a\\ud83d", "text": "{WORDS} %s, four"}}'.encode(), "bad_schema"),
    (f'{{"media_type": "text/\\ud83d", "text": "{WORDS} %s, five"}}'.encode(), "bad_schema"),
    (f'{{"unknown\\ud83d": "\\ud83d", "text": "{WORDS} %s, six"}}'.encode(), "accepted"),
    (f'{{"text": "{WORDS} %s in Gr\xf6\xdfe"}}'.encode("latin-1"), "not_utf8"),
    (f'{{"text": "{WORDS} %s \x93quoted\x94"}}'.encode("latin-1"), "not_utf8"),
    (f'{{"text": "{WORDS} %s"}}'.encode().replace(b"band", b"\xed\xa0\xbd"), "not_utf8"),
    (f'{{"text": "{WORDS} %s"}}'.encode().replace(b"band", b"\xc0\xaf"), "not_utf8"),
    (f'{{"text": "{WORDS} %s"}}'.encode("utf-16"), "not_utf8"),
    (f'{{"text": "{WORDS} %s"}}'.encode("utf-16-le"), "not_utf8"),
    (f'{{"text": "{WORDS} %s"}}'.encode("utf-32"), "not_utf8"),
    (f'{{"text": "{WORDS} %s, seven"}}'.encode("utf-8-sig"), "accepted"),
    (f'{{"text": "{WORDS} \\u0000 %s"}}'.encode(), "accepted"),
    (f'{{"text": "{WORDS}\n%s"}}'.encode(), "not_json"),
    (f'{{"text": "{WORDS} %s"}}{{"text": "more"}}'.encode(), "not_json"),
    (f'{{"text": "{WORDS} %s, eight", "x": NaN}}'.encode(), "accepted"),
    (f'{{"specversion": "1.0", "data": {{"text": "{WORDS} %s"}}}}'.encode(), "bad_schema"),
    (f'["{WORDS} %s"]'.encode(), "bad_schema"),
]


def test_a_document_ends_the_same_way_whichever_door_it_comes_by(stack: Stack, door: httpx.Client) -> None:
    run = uuid.uuid4().hex[:8]
    for number, (body, _) in enumerate(SAME_AT_EVERY_DOOR):
        value = body.replace(b"%s", b"record") if b"%s" in body else body
        write(stack.kafka, "documents.submitted", [value], key=f"{run}-{number}".encode())
    by_http: list[str] = []
    for body, _ in SAME_AT_EVERY_DOOR:
        value = body.replace(b"%s", b"post") if b"%s" in body else body
        answer = door.post("/v1/documents", content=value, headers={"content-type": "application/json"})
        taken = answer.status_code == 202
        by_http.append(_outcome(door, answer.json()["location"])["state"] if taken else answer.json()["code"])
    by_kafka: dict[str, str] = {}

    def all_there() -> bool:
        for topic in ("documents.accepted", "documents.rejected"):
            for message in read(stack.kafka, topic):
                if (key := (message.key() or b"").decode(errors="replace")).startswith(run):
                    by_kafka[key] = json.loads(message.value() or b"").get("code", "accepted")
        return all(f"{run}-{number}" in by_kafka for number in range(len(SAME_AT_EVERY_DOOR)))

    eventually("all records have an outcome", all_there)
    expected = [outcome for _, outcome in SAME_AT_EVERY_DOOR]
    assert by_http == expected
    assert [by_kafka[f"{run}-{number}"] for number in range(len(SAME_AT_EVERY_DOOR))] == expected


@pytest.mark.parametrize(
    "key", ["texts/{}", "uploads/{}", "uploads/other/{}", "models/x", "uploads/default/../other/{}"]
)
def test_nobody_names_what_another_tenant_has(door: httpx.Client, stack: Stack, key: str) -> None:
    store, digest = S3ObjectStore(stack.s3), "a" * 64
    key = key.format(digest)
    reference = {"uri": f"s3://{store.bucket}/{key}", "sha256": digest}
    answers = [door.post("/v1/documents", json={"object": reference, "tenant": "other"})]
    store.put(key, b"The treasure lies under the third tree behind the old mill.")
    answers.append(door.post("/v1/documents", json={"object": reference, "tenant": "other"}))
    codes = {(answer.status_code, answer.json()["code"], answer.json()["detail"]) for answer in answers}
    assert len(codes) == 1
    assert 400 <= answers[0].status_code < 500


def test_the_newest_version_is_shown_though_a_clock_was_fast(stack: Stack, door: httpx.Client) -> None:
    producer = Producer({"bootstrap.servers": stack.kafka.bootstrap_servers, "acks": "all"})
    for title, minutes in (("First", 30), ("Second", 0)):
        body = json.dumps(
            {"document_id": "clocks", "title": title, "text": f"{title} of two texts. It is short."}
        )
        at = int((time.time() + minutes * 60) * 1000)
        producer.produce("documents.submitted", key="clocks", value=body, timestamp=at)
        assert producer.flush(30) == 0
    eventually("the second version", lambda: door.get("/v1/documents/clocks").json().get("title") == "Second")


def test_an_unknown_document_is_not_found(door: httpx.Client) -> None:
    assert door.get("/v1/documents/never-sent").status_code == 404


def test_the_command_sends_a_folder(door: httpx.Client, environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a.txt").write_text("The ferry to the island sails twice a day in summer.")
    (tmp_path / "b.docx").write_bytes(docx_of("The choir sings in the old church at Easter."))
    (tmp_path / "d.csv").write_text("a,b\n1,2")
    (tmp_path / "c.jsonl").write_text(
        '{"document_id": "from-lines", "tenant": null, "text": "Farmers expect a good harvest.", "summary": {"style": null}}\n',
        encoding="utf-8-sig",
    )
    done = subprocess.run(
        [COMMAND, "submit", str(tmp_path)], env=environ, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    told = " ".join(done.stderr.split())
    assert "skipped" in told
    assert "the file is CSV data, which is not read" in told
    names = done.stdout.split()
    assert len(names) == 3
    for name in names:
        assert _outcome(door, f"/v1/documents/{name}")["state"] == "accepted"


def test_the_command_names_a_missing_file(environ: dict[str, str]) -> None:
    done = subprocess.run(
        [COMMAND, "submit", "no-such-file"], env=environ, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    assert "no-such-file does not exist" in done.stderr.replace("\n", " ")
    assert "Traceback" not in done.stderr


def test_what_kafka_has_is_taken_while_the_store_is_away(stack: Stack, door: httpx.Client) -> None:
    texts = [f"The lighthouse at bay number {number} was painted white again." for number in range(20)]
    stack.mongo_server.kill()
    try:
        answers = [door.post("/v1/documents", json={"text": text}, timeout=30) for text in texts]
        upload = door.post(
            "/v1/documents", files={"file": ("a.txt", b"The mill grinds corn again.")}, timeout=30
        )
        assert {answer.status_code for answer in (*answers, upload)} == {202}, [a.text for a in answers]
        # After the first has found out, nobody waits for the store any more.
        assert max(answer.elapsed.total_seconds() for answer in answers[10:]) < 0.9
        shown = door.get(answers[-1].json()["location"], timeout=30)
        assert (shown.status_code, shown.json()["state"]) == (200, "submitted")
        assert door.get("/v1/documents/never-sent", timeout=30).status_code == 503
    finally:
        stack.mongo_server.start()
        stack.mongo_server.wait_ready()
    for answer in (*answers, upload):
        assert _outcome(door, answer.json()["location"])["state"] == "accepted"


def test_a_broker_that_is_away_is_complained_of_in_few_lines(
    stack: Stack, door: httpx.Client, log: Path
) -> None:
    before = len(log.read_text().splitlines())
    away_seconds = 8.0
    stack.kafka_server.kill()
    try:
        time.sleep(away_seconds)
    finally:
        stack.kafka_server.start()
        stack.kafka_server.wait_ready()
    said = log.read_text().splitlines()[before:]
    assert said, "not a word of it"
    assert len(said) / away_seconds < 5, said
    answer = door.post("/v1/documents", json={"text": "The old tram runs to the harbour again."}, timeout=60)
    assert _outcome(door, answer.json()["location"])["state"] == "accepted"


def test_a_submission_that_expired_before_it_was_read_is_told(stack: Stack) -> None:
    """Its note is all that is known of it: it must not say `submitted` for ever."""
    database = MongoSettings(url=stack.mongo.url, database=f"states-{uuid.uuid4().hex[:8]}")
    states = States(mongo_client(database), database.database)
    states.prepare(days=30)
    first, lost, other = (Sent(name, "documents.submitted", 3, offset) for name, offset in
                          (("first", 4), ("lost", 5), ("other", 6)))  # fmt: skip
    states.submitted([(("acme", sent.document_id), sent) for sent in (first, lost, other)])
    with Expiries(states.expired) as expiries:
        expiries.add("documents.submitted", 3, 5, 5)
        expiries.add("documents.submitted", 2, 0, 100)
        eventually("it is told", lambda: (states.find("acme", "lost") or {})["state"] == "rejected")
    found = states.find("acme", "lost")
    assert found is not None
    assert found["code"] == "expired"
    assert "again" in found["remedy"]
    for name in ("first", "other"):
        assert (states.find("acme", name) or {})["state"] == "submitted"
    collection = mongo_client(database)[database.database]["documents"]
    expire(collection, datetime.now(UTC) + timedelta(days=29))
    assert collection.count_documents({}) == 3
    expire(collection, datetime.now(UTC) + timedelta(days=31))
    assert collection.count_documents({}) == 0
