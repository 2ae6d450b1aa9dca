"""`POST /v1/read`: what would be read of a document, behind the limits of a submission."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest
from fastapi.testclient import TestClient
from prometheus_client import CollectorRegistry

from brevity.common.http.app import create_app
from brevity.common.settings import AuthSettings, HttpSettings
from brevity.ingest.http import add_routes
from brevity.ingest.settings import IngestBlock

DATA = Path(__file__).parents[2] / "data" / "reading"


def _part(name: str, filename: str | None = None) -> bytes:
    named = f'; filename="{filename}"' if filename is not None else ""
    return f'--b\r\nContent-Disposition: form-data; name="{name}"{named}\r\n\r\nx\r\n'.encode()


@pytest.fixture(scope="module")
def door() -> TestClient:
    app = create_app(
        "ingest", title="Ingest", mode="local", http=HttpSettings(), auth=AuthSettings(), registry=CollectorRegistry()
    )  # fmt: skip
    nobody = cast("Any", None)  # reading asks none of them
    add_routes(app, nobody, nobody, nobody, IngestBlock(max_bytes=5_000))
    return TestClient(app, base_url="http://127.0.0.1:8001", client=("127.0.0.1", 50_000))


def test_a_file_is_read_by_its_name_and_nothing_is_submitted(door: TestClient) -> None:
    data = (DATA / "plain" / "readme.md").read_bytes()
    answer = door.post("/v1/read", files={"file": ("readme.md", data, "application/octet-stream")})
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (found["kind"], found["title"], found["language"]) == ("markdown", "Tidewatch", "en")
    first = found["blocks"][0]
    assert found["text"][first["start"] : first["end"]] == "Tidewatch"
    assert found["words_dropped"] > 0


def test_a_text_is_read_by_its_declared_type(door: TestClient) -> None:
    answer = door.post("/v1/read", json={"text": "# A\n\nIt *rained* a lot.", "media_type": "text/markdown"})
    assert answer.json()["text"] == "A\n\nIt rained a lot."


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ({"files": {"file": ("d.csv", b"a,b\n1,2")}}, "unsupported_type"),
        ({"files": {"file": ("a.txt", b"word " * 2_000)}}, "too_large"),
        ({"json": {"words": 3}}, "bad_schema"),
        ({"files": {"other": ("a.txt", b"word")}}, "bad_schema"),
        ({"content": b"{"}, "not_json"),
    ],
)
def test_what_is_not_read_is_refused_with_a_reason(door: TestClient, sent: dict[str, Any], code: str) -> None:
    answer = door.post("/v1/read", **sent)
    assert 400 <= answer.status_code < 500
    assert answer.json()["code"] == code, answer.text


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=b", b"--b\r\nbroken"),
        (
            "multipart/form-data; boundary=b",
            b"".join(_part("file", str(n)) for n in range(50)) + b"--b--\r\n",
        ),
        ("multipart/form-data; boundary=b", b"".join(_part(f"f{n}") for n in range(50)) + b"--b--\r\n"),
    ],
)
def test_a_broken_form_is_told_what_to_do(door: TestClient, content_type: str, body: bytes) -> None:
    answer = door.post("/v1/read", content=body, headers={"content-type": content_type})
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.json()["code"]
    assert answer.json()["remedy"]
