"""What every service's HTTP door does: probes, metrics, limits, security headers, and errors that say what to do."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from pydantic import BaseModel

from brevity.common.errors import BrevityError, Fatal, Rejected, Transient, Unavailable, remedy_for_caller
from brevity.common.http import limits
from brevity.common.http.app import create_app
from brevity.common.http.edge import SECURITY_HEADERS
from brevity.common.http.limits import TokenBuckets
from brevity.common.observability.health import Check
from brevity.common.settings import AuthSettings, HttpSettings

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
ERRORS: dict[str, BrevityError] = {
    "wrong": Rejected("the colour is wrong", code="bad_colour", remedy="Choose another."),
    "missing": Rejected("no such thing", code="not_found"),
    "later": Transient("not now"),
    "away": Unavailable("the store is away", code="mongo"),
    "fatal": Fatal("the disk at /secret/place is full"),
}


class Wish(BaseModel):
    words: int


def door(
    *, checks: tuple[Check, ...] = (), heartbeat: Callable[[], float] | None = None, **http: Any
) -> httpx.AsyncClient:
    """A client of an application that has a few routes of its own."""
    app = create_app(
        "trial",
        title="Trial",
        mode="local",
        http=HttpSettings(**http),
        auth=AuthSettings(),
        checks=checks,
        heartbeat=heartbeat,
        registry=CollectorRegistry(),
    )
    _add_routes(app)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1")


def _add_routes(app: FastAPI) -> None:
    @app.get("/v1/errors/{name}")
    def fail(name: str) -> None:
        if name == "unforeseen":
            raise KeyError("the text of a document")
        raise ERRORS[name]

    @app.post("/v1/wishes")
    def wish(given: Wish) -> int:
        return given.words

    @app.post("/v1/bodies")
    async def body(request: Request) -> int:
        return len(await request.body())


async def test_a_service_is_alive_while_its_loop_turns() -> None:
    age = 0.0
    async with door(heartbeat=lambda: age) as client:
        assert (await client.get("/healthz")).status_code == 200
        age = 61.0
        answer = await client.get("/healthz")
        assert (answer.status_code, answer.json()["failing"]) == (503, ["heartbeat"])


async def test_a_service_is_ready_when_everything_answers_and_says_what_does_not() -> None:
    def away() -> None:
        raise Unavailable("no")

    async def here() -> None:
        return

    async with door(checks=(Check("kafka", here), Check("mongo", away), Check("s3", away))) as client:
        answer = await client.get("/readyz")
        assert (answer.status_code, answer.json()) == (
            503,
            {"status": "failing", "failing": ["mongo", "s3"], "reasons": {"mongo": "no", "s3": "no"}},
        )
        assert (await client.get("/healthz")).status_code == 200, "a restart would not help"
    async with door(checks=(Check("kafka", here),)) as client:
        assert (await client.get("/readyz")).json() == {"status": "ok", "failing": []}


async def test_what_stops_no_caller_degrades_a_service_and_turns_nobody_away() -> None:
    def away() -> None:
        raise Unavailable("the store is away")

    async with door(checks=(Check("object_store", away, stops="long texts"),)) as client:
        answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()) == (
        200,
        {
            "status": "degraded",
            "failing": [],
            "degraded": ["object_store"],
            "reasons": {"object_store": "the store is away; stops long texts"},
        },
    )


async def test_metrics_count_requests_by_route_and_never_by_made_up_paths() -> None:
    async with door() as client:
        await client.get("/v1/errors/wrong")
        await client.get("/v1/errors/missing")
        await client.get("/made/up/7f3a")
        await client.request("BREW", "/made/up/7f3b")
        text = (await client.get("/metrics")).text
    assert (
        'brevity_trial_http_request_seconds_count{method="GET",route="/v1/errors/{name}",status="4xx"} 2.0'
        in text
    )
    assert 'method="GET",route="unmatched",status="4xx"' in text
    assert 'method="other",route="unmatched"' in text
    assert "made/up" not in text
    assert "brevity_trial_build_info{version=" in text


async def test_a_scrape_tells_which_dependencies_answer_without_a_probe_before_it() -> None:
    def away() -> None:
        raise Unavailable("no")

    async with door(checks=(Check("kafka", lambda: None), Check("mongo", away))) as client:
        text = (await client.get("/metrics")).text
    assert 'brevity_trial_dependency_up{dependency="kafka"} 1.0' in text
    assert 'brevity_trial_dependency_up{dependency="mongo"} 0.0' in text


async def test_metrics_are_given_as_open_metrics_to_who_asks() -> None:
    async with door() as client:
        answer = await client.get(
            "/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"}
        )
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")


@pytest.mark.parametrize("path", ["/healthz", "/openapi.json", "/asyncapi.json", "/v1/errors/wrong", "/v1/errors/unforeseen", "/nowhere"])  # fmt: skip
async def test_every_answer_has_the_security_headers(path: str) -> None:
    async with door() as client:
        answer = await client.get(path)
    for name, value in SECURITY_HEADERS.items():
        assert answer.headers[name] == value
    assert "server" not in answer.headers


async def test_a_web_page_elsewhere_cannot_use_the_door_of_this_machine() -> None:
    async with door() as client:
        for headers in ({"Host": "evil.example"}, {"Origin": "https://evil.example"}, {"Origin": "http://[::1"}, {"Host": "[::1"}):  # fmt: skip
            answer = await client.post("/v1/wishes", json={"words": 5}, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden_origin")
        assert (await client.post("/v1/wishes", json={"words": 5}, headers={"Origin": "http://localhost:3000"})).status_code == 200  # fmt: skip


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [("wrong", 422, "bad_colour"), ("missing", 404, "not_found"), ("later", 503, "transient"), ("away", 503, "mongo")],
)  # fmt: skip
async def test_an_error_is_answered_with_its_code_and_remedy(name: str, status: int, code: str) -> None:
    async with door() as client:
        answer = await client.get(
            f"/v1/errors/{name}", headers={"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
        )
    told = answer.json()
    assert answer.status_code == told["status"] == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert (told["code"], told["detail"], told["remedy"]) == (
        code,
        ERRORS[name].message,
        remedy_for_caller(ERRORS[name]),
    )
    assert told["trace_id"] == TRACE
    assert "resumes by itself" not in told["remedy"]
    assert ("retry-after" in answer.headers) == (status == 503)


@pytest.mark.parametrize("name", ["fatal", "unforeseen"])
async def test_an_error_of_ours_tells_the_caller_nothing_but_a_trace_id(name: str) -> None:
    async with door() as client:
        answer = await client.get(f"/v1/errors/{name}")
    assert answer.status_code == 500
    assert "document" not in answer.text
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
    assert len(answer.json()["trace_id"]) == 32


async def test_what_does_not_fit_is_named_field_by_field() -> None:
    async with door() as client:
        answer = await client.post("/v1/wishes", json={"words": "many"})
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_request")
        assert answer.json()["errors"][0]["field"] == "body.words"
        assert "many" not in answer.text
        answer = await client.post("/v1/wishes", content=b"{", headers={"content-type": "application/json"})
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_json")


async def test_unknown_addresses_and_methods_are_problems_too() -> None:
    async with door() as client:
        missing, wrong = await client.get("/nowhere"), await client.delete("/v1/wishes")
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")
    assert (wrong.status_code, wrong.json()["code"]) == (405, "method_not_allowed")
    assert wrong.headers["allow"] == "POST"


async def _chunks(total: int) -> AsyncIterator[bytes]:
    for _ in range(total // 256):
        yield b"x" * 256


@pytest.mark.parametrize("declared", [True, False])
async def test_a_body_over_the_limit_is_refused_whether_its_length_is_told_or_not(declared: bool) -> None:
    async with door(max_body_bytes=1_024) as client:
        fits = await client.post("/v1/bodies", content=b"x" * 1_024 if declared else _chunks(1_024))
        large = await client.post("/v1/bodies", content=b"x" * 1_280 if declared else _chunks(1_280))
    assert (fits.status_code, fits.json()) == (200, 1_024)
    assert (large.status_code, large.json()["code"]) == (413, "too_large")
    assert large.json()["remedy"]


async def test_who_asks_too_often_is_told_to_wait_and_probes_always_answer() -> None:
    async with door(requests_per_second=0.01, request_burst=3) as client:
        answers = [await client.get("/openapi.json") for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert 90 <= int(answers[3].headers["retry-after"]) <= 100
        assert answers[3].json()["code"] == "too_many_requests"
        assert (await client.get("/readyz")).status_code == 200


async def test_the_description_names_the_routes_and_loads_nothing_from_elsewhere() -> None:
    async with door() as client:
        described = (await client.get("/openapi.json")).json()
        assert {"/v1/wishes", "/v1/bodies"} <= described["paths"].keys()
        assert (await client.get("/docs")).status_code == 404
        assert (await client.get("/redoc")).status_code == 404
        json.dumps(described)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_bucket_gives_its_burst_then_its_rate() -> None:
    clock = Clock()
    buckets = TokenBuckets(rate=2.0, burst=3, clock=clock)
    assert [buckets.take("a") for _ in range(4)] == [0, 0, 0, 1]
    assert buckets.take("b") == 0, "each caller has a bucket"
    clock.now = 0.5
    assert [buckets.take("a") for _ in range(2)] == [0, 1]
    clock.now = 1_000.0
    assert [buckets.take("a") for _ in range(4)] == [0, 0, 0, 1], "never more than the burst"


@given(st.lists(st.floats(0, 2), max_size=200), st.floats(0.1, 10), st.integers(1, 20))
def test_no_pattern_of_asking_gets_more_than_burst_and_rate(
    pauses: list[float], rate: float, burst: int
) -> None:
    clock = Clock()
    buckets = TokenBuckets(rate, burst, clock=clock)
    taken = 0
    for pause in pauses:
        clock.now += pause
        taken += buckets.take("a") == 0
        assert taken <= burst + rate * clock.now + 1e-6


def test_made_up_callers_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_CALLERS", 100)
    buckets = TokenBuckets(1.0, 1)
    for number in range(1_000):
        buckets.take(f"address {number}")
    assert len(buckets) == 100


def test_asking_how_long_to_wait_takes_nothing() -> None:
    clock = Clock()
    buckets = TokenBuckets(0.5, 1, clock=clock)
    assert [buckets.wait("a") for _ in range(3)] == [0, 0, 0]
    assert len(buckets) == 0
    assert [buckets.take("a"), buckets.wait("a"), buckets.take("a")] == [0, 2, 2]
    clock.now = 2.0
    assert [buckets.wait("a"), buckets.take("a"), buckets.wait("a")] == [0, 0, 2]


def test_the_good_key_unused_for_longest_is_forgotten_first() -> None:
    good = limits.GoodKeys(most=3)
    for key in ("a", "b", "c", "a", "d"):
        good.add("192.0.2.1", key)
    assert len(good) == 3
    assert [key for key in "abcd" if ("192.0.2.1", key) in good] == ["a", "c", "d"]
    assert ("192.0.2.2", "a") not in good
