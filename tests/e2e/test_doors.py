"""The ways in for people and programs: the command, the HTTP door, and reading the result back."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import pytest

from brevity.common.storage.s3 import S3ObjectStore
from tests.e2e.platform import Platform, eventually
from tests.support.samples import sample_documents
from tests.unit.documents.test_reading import docx_of, pdf_of
from tests.unit.summarize.texts import BRIDGE

pytestmark = [pytest.mark.stack, pytest.mark.timeout(480)]

WAIT = ("--wait", "--timeout", "120")


def own(text: str = BRIDGE) -> str:
    """The text with a sentence that makes it nobody else's."""
    return f"{text} The file was called {uuid.uuid4().hex[:12]}."


def summaries(told: list[dict[str, Any]]) -> list[str]:
    assert all(event["summary"] for event in told)
    return [event["summary"] for event in told]


def test_submit_waits_for_the_summary_of_a_file(platform: Platform, tmp_path: Path) -> None:
    path = tmp_path / "report.txt"
    path.write_text(own())
    [event] = platform.brevity.lines("submit", path, "--words", "30", "--json", *WAIT)
    assert 0 < event["usage"]["summary_words"] <= 30
    again = own()
    path.write_text(again)
    told = platform.brevity("submit", path, "--words", "30", *WAIT)
    name, *text = told.strip().splitlines()
    assert platform.completed(name).value["summary"] == "\n".join(text).strip()


def test_submit_takes_style_and_length(platform: Platform, tmp_path: Path) -> None:
    path = tmp_path / "report.md"
    path.write_text(f"# Bridge\n\n{own()}")
    [event] = platform.brevity.lines(
        "submit", path, "--style", "bullets", "--length", "long", "--json", *WAIT
    )
    assert event["request"] == {"style": "bullets", "length": "long"}
    assert event["summary"].startswith("- ")


def test_submit_sends_a_folder_with_everything_in_it(platform: Platform, tmp_path: Path) -> None:
    (tmp_path / "deep" / "deeper").mkdir(parents=True)
    (tmp_path / "a.txt").write_text(own())
    (tmp_path / "deep" / "b.html").write_text(f"<html><body><p>{own()}</p></body></html>")
    (tmp_path / "deep" / "c.pdf").write_bytes(pdf_of(own("The museum shows its maps of the northern coast.")))
    (tmp_path / "deep" / "deeper" / "d.docx").write_bytes(docx_of(own()))
    (tmp_path / "e.png").write_bytes(b"\x89PNG\r\n\x1a\n no document")
    told = platform.brevity.lines("submit", tmp_path, "--words", "30", "--json", *WAIT)
    assert len(summaries(told)) == 4


def test_submit_sends_the_documents_of_json_lines(platform: Platform, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    documents = [
        {"document_id": f"row-{number}-{uuid.uuid4().hex[:8]}", "text": own(row["text"]), "summary": {"words": 20 + number}}
        for number, row in enumerate(sample_documents()[:6])
    ]  # fmt: skip
    path.write_text("".join(json.dumps(document) + "\n" for document in documents))
    told = {event["document_id"]: event for event in platform.brevity.lines("submit", path, "--json", *WAIT)}
    assert told.keys() == {document["document_id"] for document in documents}
    for document in documents:
        assert told[document["document_id"]]["usage"]["summary_words"] <= document["summary"]["words"]


def test_submit_reads_standard_input(platform: Platform) -> None:
    told = platform.brevity.lines("submit", "-", "--words", "30", "--json", *WAIT, stdin=own().encode())
    assert len(summaries(told)) == 1


def test_submit_reads_what_lies_in_the_object_store(platform: Platform) -> None:
    store = S3ObjectStore(platform.stack.s3)
    key = f"uploads/default/{uuid.uuid4().hex}.txt"
    store.put(key, own().encode())
    told = platform.brevity.lines("submit", f"s3://{store.bucket}/{key}", "--words", "30", "--json", *WAIT)
    assert len(summaries(told)) == 1


def test_submit_tells_of_a_rejection_by_words_and_exit_status(platform: Platform, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(own())
    (tmp_path / "b.txt").write_text(f"1 2 3 4 5 {uuid.uuid4().int}")
    told = platform.brevity.lines("submit", tmp_path, "--json", *WAIT, status=1)
    assert sorted(event.get("code", "") for event in told) == ["", "no_text"]


def test_a_document_sent_by_http_can_be_followed_to_its_summary(platform: Platform) -> None:
    name = f"http/{uuid.uuid4().hex[:8]}"
    with platform.door("ingest") as door:
        body = {"document_id": name, "text": own(), "summary": {"words": 30}}
        answer = door.post("/v1/documents", json=body)
        assert (answer.status_code, answer.json()["document_id"]) == (202, name)
        location = answer.headers["location"]
        assert door.get(location).json()["state"] in {"submitted", "accepted", "completed"}
        eventually(name, lambda: door.get(location).json().get("state") == "completed")
        shown = door.get(location).json()
    event = platform.completed(name).value
    assert (shown["summary"], shown["summary_id"]) == (event["summary"], event["summary_id"])


def test_an_uploaded_file_can_be_followed_to_its_summary(platform: Platform) -> None:
    with platform.door("ingest") as door:
        answer = door.post("/v1/documents", files={"file": ("r.docx", docx_of(own()))}, data={"words": "25"})
        assert answer.status_code == 202, answer.text
        location = answer.headers["location"]
        eventually(location, lambda: door.get(location).json().get("state") == "completed")
        assert door.get(location).json()["summary"]


def test_a_rejection_is_shown_by_http_with_its_remedy(platform: Platform) -> None:
    with platform.door("ingest") as door:
        location = door.post("/v1/documents", json={"text": f"7 8 9 {uuid.uuid4().int}"}).headers["location"]
        eventually(location, lambda: door.get(location).json().get("state") == "rejected")
        shown = door.get(location).json()
    assert shown["code"] == "no_text"
    assert shown["remedy"]


def test_the_summary_can_be_read_beside_its_source(platform: Platform) -> None:
    name, text = f"beside-{uuid.uuid4().hex[:8]}", own()
    platform.submit(name, text, summary={"words": 30})
    event = platform.completed(name).value
    with platform.door("feedback") as door:
        path = f"/v1/summaries/{event['summary_id']}"
        eventually(name, lambda: door.get(path).status_code == 200)
        shown = door.get(path).json()
        assert (shown["summary"], shown["source"]) == (event["summary"], text)
        listed = door.get("/v1/summaries", params={"document_id": name}).json()["items"]
    assert [item["summary_id"] for item in listed] == [event["summary_id"]]
