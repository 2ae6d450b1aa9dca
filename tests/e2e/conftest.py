"""One platform for all of these tests: starting it takes longer than most of them."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from tests.e2e.platform import Platform
from tests.support.stack import Stack, fresh_stack


@pytest.fixture(scope="package")
def platform(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Generator[Platform]:
    """Every service as a process of its own on an empty stack; each must end with status 0 when asked to."""
    folder = tmp_path_factory.mktemp("platform")
    with fresh_stack(folder / "data") as own:  # `stack` only says whether one can be started here
        running = Platform(own, folder / "logs")
        try:
            running.start()
            yield running
        finally:
            exits = running.stop()
    assert exits == dict.fromkeys(running.services, 0)
