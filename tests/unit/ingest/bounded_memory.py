"""A process that takes large documents by reference, four batches at once, and prints its peak. Run by a test, with -m.

Arguments: documents, bytes of each, and `wide` for texts with a character that makes Python keep four bytes for every other.
"""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

from prometheus_client import CollectorRegistry

from brevity.common.kafka.record import Record
from brevity.common.kafka.results import Done
from brevity.common.storage.s3 import S3ObjectStore
from brevity.ingest.handler import IngestHandler
from brevity.ingest.metrics import IngestMetrics
from brevity.ingest.settings import IngestBlock
from tests.support.memory import peak_bytes
from tests.support.scripted_s3 import scripted_s3


class _Store(S3ObjectStore):
    """The real client for reading; the test's own server would keep every text that is written in this process."""

    def put(self, key: str, data: bytes, *, content_type: str = "") -> None: ...


class _Claims:
    """Each submission gets its own claim: what is measured is the documents."""

    def take(self, wanted: Any) -> list[Any]:
        return list(wanted)


def main(count: int, size: int, kind: str = "") -> None:
    line = b"The council decided on Monday to build a new school near the river. "
    end = "\N{GRINNING FACE}".encode() if kind == "wide" else b""
    with scripted_s3(timeout_seconds=20) as (settings, script):
        script.objects[f"{settings.bucket}/uploads/default/x"] = (line * (size // len(line) + 1))[
            : size - len(end)
        ] + end
        handler = IngestHandler(
            _Store(settings), cast("Any", _Claims()), IngestBlock(), IngestMetrics(CollectorRegistry())
        )

        def record(number: int, reference: dict[str, object]) -> Record:
            value = {"document_id": f"d{number}", "language": "en", "object": reference}
            return Record("documents.submitted", 0, number, b"k", json.dumps(value).encode())

        reference = {"uri": f"s3://{settings.bucket}/uploads/default/x", "size_bytes": size}
        records = [record(number, reference) for number in range(count)]
        before = peak_bytes()
        with ThreadPoolExecutor(4) as stage:
            for results in stage.map(handler, [records[start::4] for start in range(4)]):
                assert all(isinstance(result, Done) for result in results), results[:1]
        print(json.dumps({"before": before, "peak": peak_bytes()}))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:])
