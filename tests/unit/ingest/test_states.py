"""Which version of a document is shown: the log's order decides, in whatever order the outcomes are read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from brevity.common.events import Origin
from brevity.ingest.states import Fields, Outcome, changed
from tests.support.feedback import accepted, completed, failed, rejected

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
Seen = tuple[Outcome, datetime]


def at(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


def place(offset: int, partition: int = 0, log: str | None = None) -> Origin:
    return Origin(topic="documents.submitted", partition=partition, offset=offset, log=log)


def shown(*seen: Seen) -> Fields:
    record: Fields | None = None
    for one in seen:
        record = changed(record, [one]) or record
    assert record is not None
    return record


def test_a_fast_clock_does_not_hide_the_next_version() -> None:
    first = accepted("d", title="first", submitted_at=at(30), origin=place(1))
    second = accepted("d", title="second", submitted_at=at(1), origin=place(2))
    assert shown((first, at(0)), (second, at(1)))["details"]["title"] == "second"
    assert shown((second, at(1)), (first, at(0)))["details"]["title"] == "second"


def test_a_fast_clock_wins_nothing_on_another_partition() -> None:
    first = accepted("d", title="first", submitted_at=at(30), origin=place(100))
    second = accepted("d", title="second", submitted_at=at(1), origin=place(0, partition=7))
    assert shown((first, at(0)), (second, at(1)))["details"]["title"] == "second"


def test_a_topic_made_again_goes_on() -> None:
    old = accepted("d", title="old", submitted_at=at(0), origin=place(100, log="one:3"))
    new = accepted("d", title="new", submitted_at=at(5), origin=place(0, log="two:0"))
    assert shown((old, at(0)), (new, at(5)))["details"]["title"] == "new"
    assert shown((new, at(5)), (old, at(9)))["details"]["title"] == "new"


def test_a_log_that_was_cut_goes_on() -> None:
    old = accepted("d", title="old", submitted_at=at(9), origin=place(100, log="one:3"))
    new = accepted("d", title="new", submitted_at=at(5), origin=place(90, log="one:4"))
    assert shown((old, at(9)), (new, at(5)))["details"]["title"] == "new"


def test_a_replay_of_an_old_version_changes_nothing() -> None:
    first = rejected("d", submitted_at=at(0), origin=place(1))
    second = completed("d", submitted_at=at(1), origin=place(2))
    replayed = accepted("d", submitted_at=at(0), origin=place(1))
    assert shown((first, at(0)), (second, at(1)), (replayed, at(60)))["state"] == "completed"


def test_a_replay_takes_a_version_on() -> None:
    lost = failed("d", submitted_at=at(0), submission=place(1))
    assert (
        shown((accepted("d", submitted_at=at(0), origin=place(1)), at(0)), (lost, at(1)))["state"] == "failed"
    )
    done = completed("d", submitted_at=at(0), origin=place(1))
    assert shown((lost, at(1)), (done, at(90)))["state"] == "completed"


def test_a_failure_that_names_no_submission_stands_by_its_time() -> None:
    mine = accepted("d", submitted_at=at(0), origin=place(1))
    lost = failed("d", submitted_at=at(0))
    later = accepted("d", submitted_at=at(1), origin=place(2))
    assert shown((mine, at(0)), (lost, at(2)))["state"] == "failed"
    assert shown((mine, at(0)), (lost, at(2)), (later, at(1)))["state"] == "accepted"


def test_a_record_of_an_earlier_release_gives_way() -> None:
    """Its clock may have been fast; its own outcomes are read again, or newer ones come."""
    fast = int((datetime.now(UTC) + timedelta(days=1)).timestamp() * 1000)
    old: Fields = {"state": "completed", "order": fast * 10 + 5, "details": {}, "document_id": "d"}
    new = changed(old, [(accepted("d", submitted_at=at(0), origin=place(1)), at(0))])
    assert new is not None
    assert (new["state"], new["revision"]) == ("accepted", 1)


@st.composite
def histories(draw: st.DrawFn) -> list[Seen]:
    """Outcomes of one document through several partitions, topics and leaders, by clocks that are anyhow."""
    seen: list[Seen] = []
    for number in range(draw(st.integers(2, 6))):
        log = draw(st.sampled_from([None, "one:1", "one:2", "two:1"]))
        fields: dict[str, Any] = {"submitted_at": at(draw(st.integers(-60, 60)))}
        where = place(draw(st.integers(0, 3)), draw(st.integers(0, 1)), log)
        kind = draw(st.sampled_from([accepted, completed, rejected, failed]))
        if kind is failed:
            fields["submission"] = draw(st.sampled_from([where, None]))
        else:
            fields["origin"] = where
        seen.append((kind("d", **fields), at(number)))
    return seen


@given(histories(), st.randoms())
def test_the_answer_is_the_same_in_any_order_and_however_often(seen: list[Seen], chance: Any) -> None:
    again = [*seen, *chance.choices(seen, k=3)]
    chance.shuffle(again)

    def what(record: Fields) -> tuple[object, ...]:
        return record["state"], record["version"]

    assert what(shown(*seen)) == what(shown(*again))
    assert changed(shown(*again), seen) is None
    whole = changed(None, again)
    assert whole is not None
    assert what(whole) == what(shown(*seen))
