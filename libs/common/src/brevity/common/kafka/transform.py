"""What a worker thread does with a batch: have each record dealt with (`blame`) and decide its fate."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from brevity.common.errors import BrevityError, Fatal, Rejected
from brevity.common.kafka.blame import Blame
from brevity.common.kafka.breaker import tenant_of
from brevity.common.kafka.metrics import StageMetrics
from brevity.common.kafka.record import ASIDE_HEADER, OutRecord, Record
from brevity.common.kafka.results import DeadLetter, Done, Handler, Result, SetAside
from brevity.common.kafka.retry import backoff_seconds, next_attempt
from brevity.common.kafka.runtime import REAL, Flag, Runtime
from brevity.common.kafka.topics import BY_NAME
from brevity.common.observability.logging import get_logger
from brevity.common.settings import StageSettings

log = get_logger(__name__)

_FRAMING_BYTES = 1_024
"""Room left under a topic's limit for framing."""


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of one record, and what to write together with its offset.

    `ours`: it was given up though its sender did nothing wrong, as far as is known; `tenant` is whose it was.
    """

    outcome: str
    outputs: tuple[OutRecord, ...] = ()
    code: str | None = None
    ours: bool = False
    tenant: str | None = None


class Transform:
    """Handler and dead letter of a stage, made safe to call on any batch.

    Args:
        retry_topic: Where records wait for their next attempt.
        stopping: Set when held batches are to be abandoned.
    """

    def __init__(
        self,
        handler: Handler,
        dead_letter: DeadLetter,
        settings: StageSettings,
        retry_topic: str,
        metrics: StageMetrics,
        stopping: Flag,
        runtime: Runtime = REAL,
    ) -> None:
        self._runtime = runtime
        self._blame = Blame(handler, metrics, stopping, runtime)
        self._dead_letter = dead_letter
        self._settings = settings
        self._retry_topic = retry_topic
        self._metrics = metrics

    def __call__(self, records: Sequence[Record]) -> list[Fate]:
        """One fate per record, in order.

        Raises:
            Fatal: The handler cannot go on, or broke its contract.
            Abandoned: The stage is stopping.
        """
        began = time.perf_counter()
        whole = [record for record in records if not record.unreadable]
        results = iter(self._blame.results(whole) if whole else ())
        fates = [
            self._refuse(record) if record.unreadable else self._fate(record, next(results))
            for record in records
        ]
        self._metrics.transform_seconds.observe(time.perf_counter() - began)
        return fates

    def give_up(self, record: Record, error: BrevityError, attempts: int, *, ours: bool = True) -> Fate:
        """The fate of a record that is not tried (again); `ours` unless its sender is at fault."""
        letter = self._blame.letter(lambda: self._letter(record, error, attempts))
        log.warning(
            "record given up",
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            document_id=(record.key or b"").decode("utf-8", "replace")[:200] or None,
            code=error.code,
            reason=error.message,
            attempts=attempts,
        )
        return Fate("dead_letter", (letter,), error.code, ours, tenant_of(letter) if ours else None)

    def _letter(self, record: Record, error: BrevityError, attempts: int) -> OutRecord:
        try:
            return self._dead_letter(record, error, attempts)
        except BrevityError:
            raise
        except Exception:  # whatever in the record it stumbled over, the coordinates and bytes can be told
            log.exception("dead letter failed", topic=record.topic, offset=record.offset)
            return self._dead_letter(replace(record, key=None, headers=()), error, attempts)

    def _refuse(self, record: Record) -> Fate:
        error = Rejected(
            f"the record cannot be read: {record.unreadable}",
            code="unreadable_record",
            remedy="Send it again with header names in UTF-8, in a batch that unpacks to less (docs/delivery.md).",
        )
        return self.give_up(record, error, record.attempt, ours=False)

    def _fate(self, record: Record, result: Result) -> Fate:
        if isinstance(result, Done):
            large = next((out for out in result.outputs if _too_large(out)), None)
            if large is None:
                return Fate("done", result.outputs)
            error = Rejected(
                f"the result for {large.topic} is over the topic's limit ({len(large.value):,} bytes)",
                code="output_too_large",
                remedy="Ask for a shorter summary or less metadata, then submit again.",
            )
            return self.give_up(record, error, record.attempt, ours=False)
        if isinstance(result, SetAside):
            return self._aside(record)
        if isinstance(result.error, Fatal):
            raise result.error
        if isinstance(result.error, Rejected):
            return self.give_up(record, result.error, record.attempt, ours=False)
        if record.attempt >= self._settings.max_attempts:
            return self.give_up(record, result.error, record.attempt)
        wait = backoff_seconds(record.attempt, self._settings)
        again = next_attempt(
            record, self._retry_topic, attempt=record.attempt + 1, not_before=self._runtime.time() + wait
        )
        if _too_large(again):  # e.g. a compressed record that took less room on its own topic
            return self.give_up(record, result.error, record.attempt)
        return Fate("retried", (again,), result.error.code)

    def _aside(self, record: Record) -> Fate:
        if record.aside:
            raise Fatal("the handler set a record aside twice", code="broken_handler")
        later = next_attempt(
            record,
            self._retry_topic,
            attempt=record.attempt,
            not_before=self._runtime.time(),
            extra=((ASIDE_HEADER, b"1"),),
        )
        return Fate("set_aside", (later,))


def _too_large(out: OutRecord) -> bool:
    topic = BY_NAME.get(out.topic)
    if topic is None:
        return False
    return out.size > topic.max_message_bytes - _FRAMING_BYTES
