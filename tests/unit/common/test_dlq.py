"""Choosing and showing dead letters, of which there may be many."""

from __future__ import annotations

import tracemalloc
from collections import Counter
from collections.abc import Iterator

import pytest

from brevity.common.cli import dlq
from brevity.common.errors import Rejected
from brevity.common.events import Origin
from brevity.common.kafka.dead_letters import DeadLetter

ORIGIN = Origin(topic="documents.submitted", partition=0, offset=0)


def letter(number: int, message: str = "") -> DeadLetter:
    return DeadLetter(
        id=f"evt_{number:032d}",
        topic="documents.rejected",
        tenant="acme",
        document_id=f"doc-{number}",
        code="object_missing",
        message=message,
        remedy="",
        attempts=1,
        original=None,
        origin=ORIGIN,
        timestamp_ms=number,
    )


def test_the_newest_are_kept_in_order_and_the_others_counted() -> None:
    numbers = [5, 1, 9, 3, 9, 7]
    found, rest = dlq.newest(map(letter, numbers), 3)
    assert [one.timestamp_ms for one in found] == [9, 9, 7]
    assert rest == 3
    assert dlq.newest(map(letter, numbers), 6)[1] == 0
    assert dlq.newest([], 3) == ([], 0)


def test_many_letters_take_the_memory_of_those_shown() -> None:
    def many() -> Iterator[DeadLetter]:
        for number in range(20_000):
            yield letter(number, f"{number} " * 200)

    tracemalloc.start()
    found, rest = dlq.newest(many(), 100)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (len(found), rest) == (100, 19_900)
    assert peak < 2_000_000


def test_letters_are_counted_by_code_and_tenant(capsys: pytest.CaptureFixture[str]) -> None:
    dlq._print_counts(Counter({("no_text", "acme"): 3, ("[/x]", "-"): 12}), as_json=False)
    assert capsys.readouterr().out.split("\n") == ["      12  [/x]  -", "       3  no_text  acme", ""]


@pytest.mark.parametrize(("span", "expected"), [("90m", 5_400_000), ("12h", 43_200_000), ("3d", 259_200_000)])
def test_a_span_of_time(span: str, expected: int) -> None:
    assert dlq.milliseconds(span) == expected


@pytest.mark.parametrize("span", ["", "12", "-1h", "1.5h", "yesterday", "9999999d"])
def test_what_is_no_span_is_refused(span: str) -> None:
    with pytest.raises(Rejected, match="no span of time"):
        dlq.milliseconds(span)
