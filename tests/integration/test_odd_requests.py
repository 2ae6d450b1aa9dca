"""Odd but possible requests at every service's door: none is answered by a server error."""

from __future__ import annotations

import base64
from collections.abc import Generator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.feedback_service import FeedbackService, planned
from tests.support.feedback_service import running as feedback_running
from tests.support.odd_requests import PAGES, drawn, running
from tests.support.stack import Stack

pytestmark = pytest.mark.stack

KEY = "first-ada-0123456789"
JSON = {"Content-Type": "application/json"}
EARLY = "0001-01-01T00:00:00%2B14:00"
LATE = "9999-12-31T23:59:59-14:00"
MANY = "9" * 30
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def _cursor(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.fixture(scope="module")
def ingest(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    with running(stack, "brevity.ingest", log=tmp_path_factory.mktemp("ingest") / "log") as address:
        yield address


@pytest.fixture(scope="module")
def feedback(stack: Stack) -> Generator[FeedbackService]:
    with feedback_running(planned(stack)) as service:
        yield service


def test_drawn_for_ingest(ingest: str, tmp_path: Path) -> None:
    assert drawn(ingest, tmp_path, examples=15).failed == []


def test_drawn_for_feedback(feedback: FeedbackService, tmp_path: Path) -> None:
    assert drawn(feedback.address, tmp_path, key=KEY, examples=4).failed == []


def test_drawn_for_the_pages(feedback: FeedbackService, tmp_path: Path) -> None:
    assert drawn(feedback.address, tmp_path, described=PAGES, key=KEY, examples=4).failed == []


def test_the_summarizing_stage_offers_nothing_to_draw_for(stack: Stack, tmp_path: Path) -> None:
    with running(stack, "brevity.summarize", "stage", log=tmp_path / "log") as address:
        assert httpx.get(f"{address}/openapi.json", trust_env=False).json()["paths"] == {}
        for path in (b"/%ff", b"/%00", b"/v1/documents/%2f", b"/" + b"a" * 300, b"/metrics?%ff=%00"):
            url = httpx.URL(address).copy_with(raw_path=path)
            assert httpx.get(url, headers={b"Accept": b"\xff"}, trust_env=False).status_code < 500


@pytest.mark.parametrize(
    ("content", "headers"),
    [
        (b"", JSON),
        (b"", {}),
        (b"\xff\xfe", JSON),
        (b"null", {"Content-Type": "application/x-nothing"}),
        (b'{"text": "a"}', {"Content-Type": b"\xff\x80"}),
        (b'{"text": "\\ud800 half"}', JSON),
        (b'{"document_id": "\\ud800", "text": "half"}', JSON),
        (b'{"document_id": "a\\u0000b", "text": "zero"}', JSON),
        (b'{"document_id": "' + b"a" * 300 + b'", "text": "long"}', JSON),
        (b'{"text": 5e400}', JSON),
        (b'{"text": "x", "summary": {"words": ' + MANY.encode() + b"}}", JSON),
        (b'{"object": {"uri": "s3://x/\\u0000"}}', JSON),
        (b'{"object": {"uri": "s3://x/y", "size_bytes": ' + MANY.encode() + b"}}", JSON),
        (b'{"url": "http://[::1"}', JSON),
        (b"[" * 20_000, JSON),
        (b"", {"Content-Type": "multipart/form-data"}),
        (b"", {"Content-Type": "multipart/form-data; boundary=x"}),
        (b"--x--\r\n", {"Content-Type": "multipart/form-data; boundary=x"}),
        (b"--x\r\n\r\n", {"Content-Type": "multipart/form-data; boundary="}),
        (b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\nno file\r\n--x--\r\n',
         {"Content-Type": "multipart/form-data; boundary=x"}),
        (b'--x\r\nContent-Disposition: form-data; name="\xff"; filename="\xfe"\r\n\r\n\xff\r\n--x--\r\n',
         {"Content-Type": "multipart/form-data; boundary=x; charset=nothing"}),
    ],
)  # fmt: skip
def test_what_is_no_document_is_refused(ingest: str, content: bytes, headers: Any) -> None:
    answer = httpx.post(f"{ingest}/v1/documents", content=content, headers=headers, trust_env=False)
    assert 400 <= answer.status_code < 500 or answer.status_code == 202, answer.text
    if answer.status_code != 202:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["detail"]


def test_a_form_field_given_twice(ingest: str) -> None:
    parts = [
        ("title", (None, "One")),
        ("title", (None, "Two")),
        ("file", ("a.txt", b"The mill grinds corn again.")),
    ]
    answer = httpx.post(f"{ingest}/v1/documents", files=parts, trust_env=False)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_schema")
    assert "title" in answer.json()["detail"]


@pytest.mark.parametrize(
    "name", [b"%00", b"%ff", b"%ED%A0%80", b"a%2Fb%2f", b"..%2F..", b"a" * 300, b"%25", b"%22%27$where", b"%"]
)
def test_ids_that_nobody_has(ingest: str, feedback: FeedbackService, name: bytes) -> None:
    for address, path in (
        (ingest, b"/v1/documents/%s"),
        (feedback.address, b"/v1/documents/%s/history"),
        (feedback.address, b"/v1/summaries/%s"),
        (feedback.address, b"/v1/summaries/%s/feedback"),
        (feedback.address, b"/summaries/%s"),
        (feedback.address, b"/models/%s/%s" % (name, name)),
        (feedback.address, b"/watch?id=%s"),
    ):
        url = httpx.URL(address).copy_with(raw_path=path.replace(b"%s", name))
        answer = httpx.get(url, headers={"X-API-Key": KEY}, trust_env=False, timeout=20)
        assert answer.status_code < 500, (path, answer.text)


@pytest.mark.parametrize(
    "query",
    [
        f"since={EARLY}", f"until={LATE}", f"since={MANY}", "since=NaN", "since=%ff", "limit=" + MANY, "limit=1e400",
        f"cursor={_cursor('[' * 5_000)}", f"cursor={_cursor('[1, {}]')}", "cursor=%ED%A0%80", "cursor=%00",
        "cursor=" + _cursor('["\\ud800", "\\ud800"]'), f"cursor={_cursor('{}')}", f"cursor={'A' * 5_000}",
        "text=%00", "text=%ff", "text=%22%27-%5B", "document_id=%00", "document_id=" + "a" * 300, "language=%00",
        "model_version=%27%22%00", "%ff=%fe", "limit=1&limit=2", f"after={MANY}", "id=%00&after=253402300799001",
    ],
)  # fmt: skip
def test_odd_queries(feedback: FeedbackService, query: str) -> None:
    with feedback.as_("ada") as ada:
        for path in (
            "/v1/summaries",
            "/v1/statistics",
            "/v1/export",
            "/v1/drift",
            "/v1/audit",
            "/",
            "/watch",
            "/quality",
        ):
            answer = ada.get(httpx.URL(feedback.address).copy_with(raw_path=f"{path}?{query}".encode()))
            assert answer.status_code < 500, (path, answer.text)


@pytest.mark.parametrize(
    "headers",
    [
        {"Idempotency-Key": b"\xff"}, {"Cookie": b"brevity_key=\xff"}, {"Cookie": "brevity_key=%%%"}, {"Accept": b"\xff"},
        {"X-API-Key": b"\xff\x80"}, {"Authorization": b"Bearer \xed\xa0\x80"}, {"Last-Event-ID": MANY},
        {"traceparent": b"\xff"}, {"Origin": "http://[::1"}, {"Host": "[::1"}, {"If-None-Match": b"\xff"},
    ],
)  # fmt: skip
def test_odd_headers(feedback: FeedbackService, ingest: str, headers: dict[str, Any]) -> None:
    for address in (feedback.address, ingest):
        for path in ("/v1/summaries", "/login", "/metrics", "/v1/documents/none"):
            answer = httpx.get(
                f"{address}{path}", headers={"X-API-Key": KEY} | headers, trust_env=False, timeout=20
            )
            assert answer.status_code < 500, (path, answer.text)


@pytest.mark.parametrize(
    "content",
    [b"", b"text=%00", b"text=%ff%fe", b"text=%ED%A0%80", b"text=a&text=b&words=" + MANY.encode(), b"&=&="],
)
def test_odd_forms(feedback: FeedbackService, content: bytes) -> None:
    with feedback.as_("ada") as ada:
        for path in ("/submit", "/login", "/compare", "/summaries/none/rate", "/models/a%22/1'/promote"):
            for headers in (
                FORM,
                {"Content-Type": "multipart/form-data"},
                {"Content-Type": "text/x-nothing"},
                JSON,
            ):
                answer = ada.post(path, content=content, headers=headers)
                assert answer.status_code < 500, (path, headers, answer.text)
