"""Places for live streams: nobody takes those of all others, and who leaves gives the place back."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from brevity.common.errors import Unavailable
from brevity.common.http.streams import Streams


def _taken(streams: Streams, stay: ExitStack, tenant: str, callers: list[str]) -> int:
    taken = 0
    for caller in callers:
        try:
            stay.enter_context(streams.place(tenant, caller))
        except Unavailable:
            continue
        else:
            taken += 1
    return taken


def test_a_caller_a_tenant_and_all_have_their_share() -> None:
    streams = Streams(8, 2, "BREVITY_X")
    with ExitStack() as stay:
        assert _taken(streams, stay, "first", ["greedy"] * 20) == 2
        assert _taken(streams, stay, "first", [f"reader-{n}" for n in range(20)]) == 2
        assert _taken(streams, stay, "second", [f"reader-{n}" for n in range(20)]) == 4
        assert _taken(streams, stay, "third", ["reader"]) == 0
    with ExitStack() as stay:
        assert _taken(streams, stay, "third", ["reader"] * 3) == 2


def test_the_remedy_names_what_can_be_set_and_no_more() -> None:
    for settings in ("BREVITY_X", ""):
        with pytest.raises(Unavailable) as caught, Streams(0, 1, settings).place("first", "reader"):
            pass
        assert caught.value.code == "too_many_streams"
        assert ("the operator sets" in caught.value.remedy) == bool(settings)
