"""A process that sends long texts to the engine, four calls at once, and prints its peak. Run by a test, with -m.

Arguments: documents, bytes of each, and `wide` for texts with a character that makes Python keep four bytes for every other.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, cast

from prometheus_client import CollectorRegistry

from brevity.common.errors import Rejected
from brevity.common.events import DocumentAccepted, ObjectRef, Origin, encode
from brevity.common.ids import content_hash
from brevity.common.kafka.record import ASIDE_HEADER, Record
from brevity.common.kafka.results import Failed
from brevity.common.storage.s3 import S3ObjectStore
from brevity.summarize.engines.port import Job
from brevity.summarize.handler import SummarizeHandler
from brevity.summarize.metrics import SummarizeMetrics
from brevity.summarize.serving.wire import Answer, dump_jobs
from brevity.summarize.settings import EngineSettings
from tests.support.memory import peak_bytes
from tests.support.scripted_s3 import scripted_s3


class _Client:
    """Makes each request as it would be sent; what the replicas do with it is their memory."""

    def summarize(self, jobs: Sequence[Job]) -> list[Answer]:
        dump_jobs(jobs)
        return [Rejected("measured", code="no_text") for _ in jobs]

    def ping(self) -> None: ...


def main(count: int, size: int, kind: str = "") -> None:
    line = b"The council decided on Monday to build a new school near the river. "
    end = "\N{GRINNING FACE}".encode() if kind == "wide" else b""
    text = (line * (size // len(line) + 1))[: size - len(end)] + end
    with scripted_s3(timeout_seconds=20) as (settings, script):
        script.objects[f"{settings.bucket}/texts/default/x"] = text
        reference = ObjectRef(
            uri=f"s3://{settings.bucket}/texts/default/x", size_bytes=size, media_type="text/plain"
        )
        handler = SummarizeHandler(
            cast("Any", _Client()), S3ObjectStore(settings), EngineSettings(),
            SummarizeMetrics(CollectorRegistry()), threads=4,
        )  # fmt: skip

        def record(number: int) -> Record:
            document = DocumentAccepted(
                document_id=f"d{number}", tenant="default", content_hash=content_hash(text), title=None,
                language="en", language_confidence=1.0, word_count=size // 6, char_count=size, text=None,
                text_ref=reference, claim_id="c", submitted_at=datetime.now(UTC),
                origin=Origin(topic="documents.submitted", partition=0, offset=number),
            )  # fmt: skip
            out = encode(document, source="ingest", time=datetime.now(UTC))
            return Record("aside", 0, number, out.key, out.value, ((ASIDE_HEADER, b"1"),))

        records = [record(number) for number in range(count)]
        before = peak_bytes()
        with ThreadPoolExecutor(4) as stage:
            for results in stage.map(handler, [records[start::4] for start in range(4)]):
                assert all(isinstance(r, Failed) and r.error.code == "no_text" for r in results), results[:1]
        print(json.dumps({"before": before, "peak": peak_bytes()}))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:])
