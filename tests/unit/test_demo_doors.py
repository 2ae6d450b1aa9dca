"""The demo's requests: one 503 of a service that restarts does not end the story."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx
import pytest
from deploy.local.demo_doors import LoopError, insist


def scripted(*acts: int | Exception) -> Callable[[], httpx.Response]:
    left: Iterator[int | Exception] = iter(acts)

    def send() -> httpx.Response:
        act = next(left)
        if isinstance(act, Exception):
            raise act
        return httpx.Response(act, text="said")

    return send


def test_what_passes_is_asked_again() -> None:
    send = scripted(503, httpx.ConnectError("refused"), 429, httpx.ReadError("reset"), 200)
    assert insist("feedback", send, pause_seconds=0).status_code == 200


def test_a_refusal_is_an_answer() -> None:
    assert insist("feedback", scripted(422), pause_seconds=0).status_code == 422


def test_it_is_given_up_in_plain_words() -> None:
    with pytest.raises(LoopError, match="the trainer was not there for 0 s: it answered 503: said"):
        insist("the trainer", scripted(503, 503), seconds=0, pause_seconds=0)


def test_what_may_have_been_heard_is_not_asked_twice() -> None:
    with pytest.raises(LoopError, match="broke off"):
        insist("the trainer", scripted(httpx.ReadError("reset"), 202), again=False, pause_seconds=0)
    send = scripted(httpx.ConnectError("refused"), 202)
    assert insist("the trainer", send, again=False, pause_seconds=0).status_code == 202
