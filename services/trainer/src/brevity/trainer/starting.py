"""The service's start: the stores' indexes, the bucket, the first version. It waits for what they need."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

from brevity.common.errors import BrevityError, Unavailable
from brevity.common.observability.logging import get_logger

log = get_logger(__name__)

_RETRY_SECONDS = 1.0


class Start:
    """Made once; until then the service is not ready, and says what it waits for."""

    def __init__(self) -> None:
        self._done = threading.Event()
        self._waits_for = "it has only begun"

    async def done(self, prepare: Callable[[], None], closing: threading.Event) -> bool:
        """Try `prepare` until it works, as long as it takes; False when the service is to stop before."""
        while not closing.is_set():
            try:
                await asyncio.to_thread(prepare)
            except BrevityError as error:
                self._waits_for = error.message
                log.warning("something needed is not there yet", code=error.code, reason=error.message)
                await asyncio.sleep(_RETRY_SECONDS)
            else:
                self._done.set()
                return True
        return False

    def is_done(self) -> bool:
        return self._done.is_set()

    def ping(self) -> None:
        """Raises Unavailable until the start is made."""
        if not self._done.is_set():
            raise Unavailable(f"the service has not started yet: {self._waits_for}", code="start")
