"""What is noted of a log beside the crash guard's marker: readable by the versions before and after."""

from __future__ import annotations

import pytest

from brevity.common.kafka.crash_guard import Marker
from brevity.common.kafka.logs import log_of, with_log


def test_the_guard_reads_its_marker_with_or_without_a_topic_id() -> None:
    marker = Marker(7, 1, 3, 2)
    noted = with_log(marker.dump(), "id")
    assert Marker.parse(noted) == marker
    assert log_of(noted) == "id"
    assert with_log(marker.dump(), "") == marker.dump()
    assert Marker.parse(with_log("", "id")) is None
    assert log_of(with_log("", "id")) == "id"


@pytest.mark.parametrize(
    "metadata", [None, "", "x", "[]", "null", '{"u":1}', '{"t":7}', '"t"', "[" * 100_000]
)
def test_what_others_have_written_names_no_log(metadata: str | None) -> None:
    assert log_of(metadata) == ""
