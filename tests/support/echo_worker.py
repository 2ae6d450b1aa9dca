"""A process with one stage that echoes its source to its sink; some values make it die. Run by tests, with -m.

Arguments: broker, group, source, sink, instance id ("" for none), settings as JSON.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Sequence
from typing import Any

from brevity.common.errors import BrevityError
from brevity.common.kafka.record import OutRecord, Record
from brevity.common.kafka.results import Done, Result
from brevity.common.kafka.stage import Stage
from brevity.common.process import limit_memory
from brevity.common.settings import KafkaSettings, StageSettings

MOST = int(os.environ.get("ECHO_BYTES", "1000000000"))
"""How much of a value is echoed."""


def main(
    broker: str, group: str, source: str, sink: str, instance: str, settings: str, **options: Any
) -> None:
    def handle(records: Sequence[Record]) -> list[Result]:
        if any(record.value == b"deadly" for record in records):
            os.kill(os.getpid(), signal.SIGKILL)
        return [
            Done((OutRecord(sink, record.key or b"", (record.value or b"")[:MOST]),)) for record in records
        ]

    def bury(record: Record, error: BrevityError, attempts: int) -> OutRecord:
        return OutRecord(sink, record.key or b"", f"{error.code} after {attempts}".encode())

    stage_settings = StageSettings.model_validate({"instance_id": instance or None, **json.loads(settings)})
    stage = Stage(
        "echo",
        KafkaSettings(bootstrap_servers=broker),
        stage_settings,
        group,
        [source],
        handle,
        bury,
        **options,
    )
    limit_memory(stage_settings.memory_bytes)
    signal.signal(signal.SIGTERM, lambda *_: stage.stop())
    stage.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
