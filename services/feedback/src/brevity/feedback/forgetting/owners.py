"""Having every other owner of data erase a document, and collecting what each of them confirms."""

from __future__ import annotations

import time

from brevity.common.errors import Rejected
from brevity.common.events import DocumentErased, ErasureConfirmed, decode, encode
from brevity.common.ids import deterministic_id
from brevity.common.kafka.dead_letters import read_topic
from brevity.common.kafka.producer import AcknowledgedProducer
from brevity.common.settings import KafkaSettings
from brevity.feedback.model import Erased

OWNERS = frozenset({"ingest"})
"""Services that keep records of documents in collections of their own, and obey the event."""
_LOOK_SECONDS = 0.5


def erasure_of(erased: Erased) -> DocumentErased:
    return DocumentErased(
        erasure_id=deterministic_id("era", erased.tenant, erased.document_id, erased.erased_at.isoformat()),
        tenant=erased.tenant,
        document_id=erased.document_id,
        texts=erased.texts,
        erased_at=erased.erased_at,
    )


def tell_owners(
    kafka: KafkaSettings,
    producer: AcknowledgedProducer,
    event: DocumentErased,
    owners: frozenset[str] = OWNERS,
    *,
    wait_seconds: float,
) -> dict[str, dict[str, int]]:
    """Publish `event` and wait for its owners; returns what each that confirmed has removed.

    One that is not there when the time is over obeys when it runs again: the event lies on its topic. Raises Unavailable.
    """
    producer.send([encode(event, source="feedback", time=event.erased_at)])
    deadline = time.monotonic() + wait_seconds
    while True:
        found = _confirmed(kafka, event.erasure_id)
        if found.keys() >= owners or time.monotonic() > deadline:
            return found
        time.sleep(_LOOK_SECONDS)


def _confirmed(kafka: KafkaSettings, erasure_id: str) -> dict[str, dict[str, int]]:
    """By owner; one that confirmed twice removed the rest the second time."""
    found: dict[str, dict[str, int]] = {}
    for record in read_topic(kafka, ErasureConfirmed.topic):
        try:
            event = decode(ErasureConfirmed, record)
        except Rejected:
            continue
        if event.erasure_id == erasure_id:
            removed = found.setdefault(event.owner, {})
            for name, count in event.removed.items():
                removed[name] = removed.get(name, 0) + count
    return found
