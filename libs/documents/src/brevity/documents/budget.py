"""What reading one file may cost: processor time that is earned by text, and a bound on the text."""

from __future__ import annotations

import signal
import time

from brevity.common.errors import Rejected

BASE_SECONDS = 1.5
"""Processor time until the first text is there. Ordinary files need some hundredths of it."""
CHARACTERS_A_SECOND = {"pdf": 20_000, "docx": 50_000, "html": 400_000, "markdown": 400_000}
"""Text that earns a second more, by kind. Ordinary files give two to ten times as much in that time."""


class Budget:
    """Ends the process (SIGPROF) when it works for long without finding text.

    So a book of a thousand pages may take its time, and a file made to keep a reader busy may not.

    Args:
        kind: Of the file, one of CHARACTERS_A_SECOND.
        seconds: Most processor time in all, whatever is found.
        most_characters: Most text.
        size: Bytes of the file: a small one that unpacks to the same text again and again earns nothing by it.
    """

    def __init__(self, kind: str, seconds: float, most_characters: int, size: int) -> None:
        self._rate = CHARACTERS_A_SECOND[kind]
        self._seconds = seconds
        self._size = size
        self._seen: set[int] = set()
        self._most = most_characters
        self._found = self._characters = 0
        self._arm()

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
        earned = min(self._found, self._size) / self._rate
        allowed = min(self._seconds, BASE_SECONDS + earned)
        signal.setitimer(signal.ITIMER_PROF, max(0.001, allowed - time.process_time()))
