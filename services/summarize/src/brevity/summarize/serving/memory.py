"""What a stage remembers of a batch while it is held: answers it has, and documents to ask for one by one."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

from brevity.summarize.serving.wire import Answer

Place = tuple[str, int, int]
Timed = tuple[Answer, float]
"""An answer with its share of the engine's seconds."""

_MOST_PLACES = 4_096
"""More than a stage has in work. What is left over by partitions that moved away is pushed out, oldest first."""


class Memory:
    """Safe to share between threads. Forgetting costs time alone: the documents are asked for again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[Place, Timed] = OrderedDict()
        self._suspects: OrderedDict[Place, None] = OrderedDict()

    def recall(self, places: Sequence[Place]) -> tuple[dict[int, Timed], set[int]]:
        """Take out what is known of `places`: answers, and those to be asked for alone, by their index."""
        with self._lock:
            answers = {
                index: self._kept.pop(place) for index, place in enumerate(places) if place in self._kept
            }
            alone = {index for index, place in enumerate(places) if place in self._suspects}
            for index in alone:
                del self._suspects[places[index]]
        return answers, alone

    def keep(self, answers: Mapping[Place, Timed]) -> None:
        """A full engine would never catch up if it were asked again for what it has answered."""
        with self._lock:
            self._kept.update(answers)
            _bound(self._kept)

    def suspect(self, places: Sequence[Place]) -> None:
        """One of `places` may have killed or hung the engine: asked for together, they would do so for ever."""
        with self._lock:
            self._suspects.update(dict.fromkeys(places))
            _bound(self._suspects)


def _bound(known: OrderedDict[Place, Any]) -> None:
    while len(known) > _MOST_PLACES:
        known.popitem(last=False)
