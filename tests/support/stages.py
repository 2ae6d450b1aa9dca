"""A stage that runs in a thread of the test's process."""

from __future__ import annotations

import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager

from prometheus_client import CollectorRegistry

from brevity.common.errors import BrevityError
from brevity.common.kafka.metrics import StageMetrics
from brevity.common.kafka.positions import Expired
from brevity.common.kafka.record import OutRecord, Record
from brevity.common.kafka.results import Done, Handler, Result
from brevity.common.kafka.stage import Stage
from brevity.common.settings import StageSettings
from tests.support.topics import Lane

FAST = {"retry_backoff_seconds": 0.05, "batch_wait_seconds": 0.01}


def echo(lane: Lane) -> Handler:
    """Writes each record's key and value to the lane's sink."""

    def handle(records: Sequence[Record]) -> list[Result]:
        return [Done((OutRecord(lane.sink, record.key or b"", record.value or b""),)) for record in records]

    return handle


@contextmanager
def running_stage(
    lane: Lane,
    handler: Handler,
    registry: CollectorRegistry | None = None,
    *,
    on_expired: Expired | None = None,
    **settings: object,
) -> Generator[Stage]:
    """Runs until the context ends; what the stage raised is raised there."""

    def bury(record: Record, error: BrevityError, attempts: int) -> OutRecord:
        return OutRecord(lane.sink, record.key or b"", f"{error.code} after {attempts}".encode())

    stage = Stage(
        "test",
        lane.kafka,
        StageSettings.model_validate(FAST | settings),
        lane.group,
        [lane.source],
        handler,
        bury,
        StageMetrics("test", registry or CollectorRegistry()),
        on_expired=on_expired,
    )
    errors: list[BaseException] = []

    def work() -> None:
        try:
            stage.run()
        except BaseException as error:  # noqa: BLE001 - raised again below, in the test's own thread
            errors.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield stage
    finally:
        stage.stop()
        thread.join(60)
    assert not thread.is_alive(), "the stage did not stop"
    if errors:
        raise errors[0]
