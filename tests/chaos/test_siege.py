"""Real stage processes under a short storm of faults: the history is clean. `make bench-reliability` makes it a long one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.history import check
from tests.chaos.siege import Siege
from tests.support.stack import fresh_stack

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]


def test_a_short_storm_leaves_a_clean_history(tmp_path: Path) -> None:
    with fresh_stack(tmp_path / "stack") as stack, Siege(stack, tmp_path / "logs") as siege:
        siege.storm(12)
        assert not siege.rest(120)
        history = siege.history()
        print(dict(siege.faults), len(history.submissions), "submissions", len(history.events), "events")
        assert check(history).clean, str(check(history))
        assert len(history.submissions) > 100
