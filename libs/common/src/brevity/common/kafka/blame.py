"""Whose fault it is that a dependency did not do its part: this document's, or the dependency's.

The one rule, for every store and engine. Records on which a handler was told `Unavailable` are in doubt. The dependency
is then asked for something that is known to be there (`Unavailable.probe`):

- It does not answer: an outage. Everything is held, nothing is counted, and work goes on once it answers.
- It answers: those in doubt are tried again, each that failed by itself at once, those that failed together in halves,
  down to single records. One that fails by itself between two answers of the probe is at fault: a failed attempt of that
  document, which the stage counts durably and ends with a dead letter. The others go on meanwhile.

So a batch that was too much for its time limit comes back in halves too, and never as it was; the size that passed is
remembered for a while. Without a probe the neighbours are the witness: the dependency answers when any other record has
passed since.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from brevity.common.errors import BrevityError, Fatal, Transient, Unavailable
from brevity.common.kafka.metrics import StageMetrics
from brevity.common.kafka.record import OutRecord, Record
from brevity.common.kafka.results import Done, Failed, Handler, Result, Unkept
from brevity.common.kafka.runtime import Flag, Runtime
from brevity.common.observability.logging import get_logger

log = get_logger(__name__)

_PAUSE_FIRST_SECONDS, _PAUSE_MOST_SECONDS = 0.1, 5.0
_BUSY_SECONDS = 30.0
"""How long records must be turned away as too much, while the probe is served, before they are tried in smaller groups."""
_GROW_SECONDS = 30.0
"""After this a batch size that had to be halved is doubled again."""


class Abandoned(Exception):
    """The stage is stopping while work is held."""


@dataclass(frozen=True, slots=True)
class _Group:
    """Records tried together, by their index; `doubted` since the dependency answered its probe."""

    members: tuple[int, ...]
    doubted: bool = False


class _Pauses:
    """Ever longer, up to the most; tells the metrics while a batch is held for an outage."""

    def __init__(self, metrics: StageMetrics, stopping: Flag) -> None:
        self._metrics = metrics
        self._stopping = stopping
        self._seconds = _PAUSE_FIRST_SECONDS
        self._held = False

    def short(self) -> None:
        self._wait(_PAUSE_FIRST_SECONDS)

    def longer(self) -> None:
        self._wait(self._seconds)
        self._seconds = min(_PAUSE_MOST_SECONDS, 2 * self._seconds)

    def outage(self, error: Unavailable) -> None:
        if not self._held:
            self._held = True
            self._metrics.held.inc()
            log.warning("batch held", code=error.code, reason=error.message)
        self.longer()

    def over(self) -> None:
        """The dependency answers."""
        self._seconds = _PAUSE_FIRST_SECONDS
        if self._held:
            self._held = False
            self._metrics.held.dec()
            log.info("batch goes on")

    def _wait(self, seconds: float) -> None:
        if self._stopping.wait(seconds):
            self.over()
            raise Abandoned


class Blame:
    """Calls a stage's handler until each record has a result that is its own; safe to share between threads."""

    def __init__(self, handler: Handler, metrics: StageMetrics, stopping: Flag, runtime: Runtime) -> None:
        self._handler = handler
        self._metrics = metrics
        self._stopping = stopping
        self._runtime = runtime
        self._passed_at = -1.0
        self._sizes = _Sizes(runtime)

    def results(self, records: Sequence[Record]) -> list[Result]:
        """One result per record, in order, none of them Unavailable.

        Raises:
            Fatal: The handler cannot go on, or broke its contract.
            Abandoned: The stage is stopping.
        """
        found: dict[int, Result] = {}
        doubted_since: dict[int, float] = {}
        pauses = _Pauses(self._metrics, self._stopping)
        groups = deque(_Group(part) for part in self._sizes.parts(range(len(records))))
        halved = blamed = False
        passed = 0
        while groups:
            group = groups.popleft()
            began = self._runtime.monotonic()
            doubts: dict[int, Unavailable] = {}
            answers = self._call([records[index] for index in group.members])
            for index, result in zip(group.members, answers, strict=True):
                if isinstance(result, Failed) and isinstance(result.error, Unavailable):
                    doubts[index] = result.error
                else:
                    found[index] = result
            if not doubts:
                passed = max(passed, len(group.members)) if halved else 0
                continue
            kinds = {error.code: error for error in doubts.values()}  # they may be of several dependencies
            answers_now = {code: self._await(error, began, pauses) for code, error in kinds.items()}
            again: dict[bool, list[int]] = {True: [], False: []}
            for together in _failed_together(doubts):
                error = doubts[together[0]]
                answered = answers_now[error.code]
                since = min(doubted_since.setdefault(index, began) for index in together)
                if not answered:
                    for index in together:
                        del doubted_since[index]
                if error.busy and (not answered or began - since < _BUSY_SECONDS):
                    again[answered] += together
                elif len(together) > 1:
                    halved = True
                    middle = len(together) // 2
                    for half in (together[middle:], together[:middle]):
                        groups.appendleft(_Group(tuple(half), answered))
                elif answered and group.doubted:
                    blamed = True
                    found[together[0]] = Failed(_counted(records[together[0]], error))
                else:
                    again[answered] += together
            groups.extendleft(_Group(tuple(members), flag) for flag, members in again.items() if members)
            pauses.longer() if any(error.busy for error in kinds.values()) else pauses.short()
        pauses.over()
        if passed and not blamed:
            self._sizes.passed(passed)
        return [found[index] for index in range(len(records))]

    def letter(self, build: Callable[[], OutRecord]) -> OutRecord:
        """What `build` makes of a record that is given up, held while the store that keeps its bytes is away.

        Raises:
            Abandoned: The stage is stopping.
        """
        pauses = _Pauses(self._metrics, self._stopping)
        doubted = False
        while True:
            began = self._runtime.monotonic()
            try:
                letter = build()
                pauses.over()
                return letter
            except Unavailable as error:
                answered = self._await(error, began, pauses)
                if answered and doubted and isinstance(error, Unkept):
                    log.warning("the bytes of a dead letter cannot be kept", reason=error.message)
                    return error.letter
                doubted = answered
                pauses.short()

    def _call(self, records: Sequence[Record]) -> Sequence[Result]:
        try:
            results = self._handler(records)
        except Fatal:
            raise
        except Unavailable as error:
            return [Failed(error)] * len(records)
        except (KeyboardInterrupt, SystemExit, GeneratorExit):
            raise
        except BaseException as error:  # noqa: BLE001 - a bug that one document touches, be it a panic below Python
            if len(records) > 1:
                return [result for record in records for result in self._call([record])]
            return [Failed(error if isinstance(error, BrevityError) else _unexpected(records[0], error))]
        if len(results) != len(records):
            raise Fatal(
                f"the handler returned {len(results)} results for {len(records)} records",
                code="broken_handler",
            )
        if any(isinstance(result, Done) for result in results):
            self._passed_at = self._runtime.monotonic()
        return results

    def _await(self, error: Unavailable, began: float, pauses: _Pauses) -> bool:
        """True when the dependency answers now; else wait until it does (or, without a probe, for a pause)."""
        self._metrics.holds.labels(error.code).inc()
        if error.probe is None:
            pauses.outage(error)
            return self._passed_at >= began
        if self._answers(error.probe):
            return True
        while True:
            pauses.outage(error)
            if self._answers(error.probe):
                pauses.over()
                return False

    def _answers(self, probe: Callable[[], None]) -> bool:
        try:
            probe()
        except Fatal:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the dependency did not answer
            log.debug("a dependency does not answer its probe", error=type(error).__name__, reason=str(error))
            return False
        return True


class _Sizes:
    """The most records a batch may have just now, as slow stores have taught; safe to share between threads."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._lock = threading.Lock()
        self._most: int | None = None
        self._until = 0.0

    def parts(self, members: Iterable[int]) -> list[tuple[int, ...]]:
        indices = tuple(members)
        most = self._limit() or max(1, len(indices))
        if len(indices) <= most:
            self._grow(len(indices))
        return [indices[start : start + most] for start in range(0, len(indices), most)]

    def passed(self, size: int) -> None:
        """So many passed after more had been too much."""
        with self._lock:
            if self._runtime.monotonic() >= self._until or self._most is None or size < self._most:
                self._most = size
            self._until = self._runtime.monotonic() + _GROW_SECONDS

    def _limit(self) -> int | None:
        with self._lock:
            if self._most is not None and self._runtime.monotonic() >= self._until:
                self._most *= 2
                self._until = self._runtime.monotonic() + _GROW_SECONDS
            return self._most

    def _grow(self, size: int) -> None:
        """Forget a limit that is above what batches have anyway."""
        with self._lock:
            if self._most is not None and self._most >= 2 * size:
                self._most = None


def _failed_together(doubts: dict[int, Unavailable]) -> list[list[int]]:
    """Those that got the very same error failed in one call, and only one of them may be the cause."""
    together: dict[int, list[int]] = {}
    for index, error in doubts.items():
        together.setdefault(id(error), []).append(index)
    return list(together.values())


def _counted(record: Record, error: Unavailable) -> Transient:
    log.warning(
        "a record fails where its dependency answers",
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        code=error.code,
        reason=error.message,
    )
    return Transient(
        f"{error.message}; for others it answers",
        code=error.code,
        remedy=error.remedy
        if error.remedy != Unavailable.default_remedy
        else "Mend the cause that is named, then replay: `brevity dlq replay`.",
    )


def _unexpected(record: Record, error: BaseException) -> Transient:
    log.error(
        "handler failed", topic=record.topic, partition=record.partition, offset=record.offset, exc_info=error
    )
    return Transient(
        f"an unexpected {type(error).__name__} in the service",
        code="unexpected_error",
        remedy="Report it with the service's log, then replay: `brevity dlq replay`.",
    )
