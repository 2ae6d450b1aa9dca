"""What reading one file may cost: processor time that is earned by text, and a bound on the text."""

from __future__ import annotations

import math
import signal
import time

from brevity.common.errors import Rejected

BASE_SECONDS = 1.5
"""Processor time until the first text is there. Ordinary files need some hundredths of it."""
CHARACTERS_A_SECOND = {"pdf": 10_000, "docx": 50_000, "html": 400_000, "markdown": 400_000, "text": 400_000}
"""Text that earns a second more, by format. Ordinary files give two to ten times as much in that time."""
USUAL_CHARACTERS_A_SECOND = 100_000
"""Of the other formats."""


class Budget:
    """Ends the process (SIGPROF) when it works for long without finding text.

    So a book of a thousand pages may take its time, and a file made to keep a reader busy may not.

    Args:
        kind: The file's format.
        seconds: Most processor time in all, whatever is found; infinite for one that never ends the process.
        most_characters: Most text.
        size: Bytes of the file: a small one that unpacks to the same text again and again earns nothing by it.
    """

    def __init__(self, kind: str, seconds: float, most_characters: int, size: int) -> None:
        self._rate = CHARACTERS_A_SECOND.get(kind, USUAL_CHARACTERS_A_SECOND)
        self._seconds = seconds
        self._size = size
        self._seen: set[int] = set()
        self._most = most_characters
        self._found = self._characters = 0
        self._arm()

    @classmethod
    def idle(cls) -> Budget:
        """One that costs nobody anything, for loading what reading needs."""
        return cls("", math.inf, 1_000_000, 0)

    def earn(self, text: str) -> str:
        """`text` as it is, which counts as found. Raises Rejected as `repeat` does."""
        if hash(text) not in self._seen:
            self._seen.add(hash(text))
            self._found += len(text)
        self._arm()
        return self.repeat(text)

    def repeat(self, text: str) -> str:
        """`text` as it is, found before: it earns no time. Raises Rejected `too_large` when there is too much text."""
        self._characters += len(text)
        if self._characters > self._most:
            raise Rejected(
                f"the file holds more than {self._most:,} characters of text",
                code="too_large",
                remedy="Split the document, or have BREVITY_INGEST_MAX_BYTES raised.",
            )
        return text

    def _arm(self) -> None:
        if self._seconds == math.inf:
            return
        earned = min(self._found, self._size) / self._rate
        allowed = min(self._seconds, BASE_SECONDS + earned)
        signal.setitimer(signal.ITIMER_PROF, max(0.001, allowed - time.process_time()))
