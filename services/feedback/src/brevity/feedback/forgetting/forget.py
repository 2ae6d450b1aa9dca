"""Erases a document from the store, the object store and the compacted topic, then looks whether it is gone.

Every step may be repeated: after a failure half-way, forgetting again goes on where it stopped.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from brevity.common.errors import Rejected
from brevity.common.events import FeedbackRecorded
from brevity.common.kafka.producer import AcknowledgedProducer
from brevity.common.settings import KafkaSettings
from brevity.common.storage.objects import ObjectStore
from brevity.common.storage.places import written_for
from brevity.feedback.forgetting.owners import OWNERS, erasure_of, tell_owners
from brevity.feedback.forgetting.report import Checks, Export, Proof, Remaining, not_covered
from brevity.feedback.forgetting.traces import Traces, referred_to_by_others, traces_of
from brevity.feedback.forgetting.training import Learned, Trainer
from brevity.feedback.model import AuditEntry, SummaryFilter
from brevity.feedback.repository import Repository

_EXPORTS = {
    "GET /v1/references": "references",
    "GET /v1/preferences": "preferences",
    "GET /v1/export": "summaries",
}
_AUDIT_ENTRIES = 1_000
_DIGEST = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Places:
    """Where a document can be."""

    kafka: KafkaSettings
    repository: Repository
    store: ObjectStore
    producer: AcknowledgedProducer
    trainer: Trainer | None = None
    """None: training data are not looked at, and the proof says so."""
    owners: frozenset[str] = OWNERS
    wait_seconds: float = 60.0
    """For the owners to confirm that they erased what they keep."""


async def forget(
    places: Places,
    tenant: str,
    document_id: str,
    *,
    by: str,
    progress: Callable[[str], None] = lambda doing: None,
) -> Proof:
    """Erase and prove.

    Raises:
        Rejected: `unknown_document` when nothing is known of it, anywhere; nothing was changed then.
        Unavailable: Something is away; do it again.
    """
    progress("looking through the topics")
    traces = await asyncio.to_thread(traces_of, places.kafka, tenant, document_id)
    if not traces.topics and not await _in_store(places.repository, tenant, document_id):
        raise Rejected(
            f"nothing is known of a document {document_id!r} of tenant {tenant!r}",
            code="unknown_document",
            remedy="Check the id and --tenant; nothing was changed.",
        )
    learned = await _from_training(places, tenant, document_id, traces, progress)
    progress("erasing it from the store")
    erased = await places.repository.erase(tenant, document_id)
    progress("having other services erase what they keep")
    confirmed = await asyncio.to_thread(
        tell_owners,
        places.kafka,
        places.producer,
        erasure_of(erased),
        places.owners,
        wait_seconds=places.wait_seconds,
    )
    addresses = traces.objects | set(erased.objects)
    ours = {address for address in addresses if written_for(tenant, _key(places.store, address) or "")}
    progress("looking who else has its objects")
    elsewhere_used = await asyncio.to_thread(referred_to_by_others, places.kafka, tenant, document_id, ours)
    # Records outlive topics: what only a topic says of this document may be named by an older one's record.
    shared = ours & (elsewhere_used | await places.repository.referred_to(ours))
    deleted = sorted(ours - shared)
    progress("deleting its objects")
    for address in deleted:
        await asyncio.to_thread(places.store.delete, _key(places.store, address) or "")
    feedback_ids = sorted(traces.feedback_ids | set(erased.feedback_ids))
    progress("erasing its feedback")
    await asyncio.to_thread(places.producer.erase, FeedbackRecorded.topic, feedback_ids)
    await places.repository.erased(tenant, document_id)
    progress("checking")
    checks, left = await _checked(
        places, tenant, document_id, deleted, confirmed=confirmed.keys() >= places.owners
    )
    proof = Proof(
        tenant=tenant,
        document_id=document_id,
        erased_at=erased.erased_at,
        erased_by=by,
        removed={**erased.removed, **{name: n for part in confirmed.values() for name, n in part.items()}},
        owners_missing=sorted(places.owners - confirmed.keys()),
        objects_deleted=deleted,
        objects_shared=sorted(shared),
        objects_elsewhere=sorted(addresses - ours),
        feedback_erased=len(feedback_ids),
        remaining=[
            Remaining(
                topic=trace.topic.name,
                records=trace.records,
                unclear=trace.unclear,
                kept_until=trace.kept_until,
            )
            for trace in left.topics
        ],
        model_versions=erased.model_versions,
        training=learned,
        exports=await _exports(places.repository, tenant),
        checks=checks,
        not_covered=not_covered(training=learned is not None),
    )
    await places.repository.note([_entry(proof)])
    return proof


async def _from_training(
    places: Places, tenant: str, document_id: str, traces: Traces, progress: Callable[[str], None]
) -> Learned | None:
    """First of all, while the store still knows which text it is."""
    if places.trainer is None:
        return None
    progress("erasing it from training data")
    texts = set(traces.texts)
    document = await places.repository.document(tenant, document_id)
    if document is not None:
        texts.add(document.event.content_hash)
    page = await places.repository.summaries(tenant, SummaryFilter(document_id=document_id), limit=200)
    texts.update(item.event.content_hash for item in page.items)
    return await places.trainer.erase(digest for digest in texts if _DIGEST.fullmatch(digest))


async def _in_store(repository: Repository, tenant: str, document_id: str) -> bool:
    page = await repository.summaries(tenant, SummaryFilter(document_id=document_id), limit=1)
    return (
        bool(page.items)
        or await repository.document(tenant, document_id) is not None
        or bool(await repository.outcomes(tenant, document_id))
    )


async def _checked(
    places: Places, tenant: str, document_id: str, deleted: list[str], *, confirmed: bool
) -> tuple[Checks, Traces]:
    """Look everywhere again."""
    left = await asyncio.to_thread(traces_of, places.kafka, tenant, document_id)
    there = [address for address in deleted if await asyncio.to_thread(_readable, places.store, address)]
    return Checks(
        store_empty=not await _in_store(places.repository, tenant, document_id),
        objects_gone=not there,
        feedback_erased=not left.feedback_ids,
        owners_confirmed=confirmed,
    ), left


def _key(store: ObjectStore, address: str) -> str | None:
    """Where `address` lies in our bucket; None when it does not, or is none: a submission may name anything."""
    bucket = f"s3://{store.bucket}/"
    return address.removeprefix(bucket) if address.startswith(bucket) else None


def _readable(store: ObjectStore, address: str) -> bool:
    try:
        store.get(_key(store, address) or "", max_bytes=0)
    except Rejected as error:
        return error.code != "object_missing"  # one that is too large is there
    return True


async def _exports(repository: Repository, tenant: str) -> list[Export]:
    entries = await repository.audit(tenant, limit=_AUDIT_ENTRIES)
    return [
        Export(at=entry.at, subject=entry.subject, what=_EXPORTS[entry.action])
        for entry in entries
        if entry.action in _EXPORTS and entry.outcome == "done"
    ]


def _entry(proof: Proof) -> AuditEntry:
    return AuditEntry(
        at=datetime.now(UTC),
        tenant=proof.tenant,
        subject=proof.erased_by,
        role="admin",
        action="forget",
        target=proof.document_id,
        outcome="done",
        detail={"objects": len(proof.objects_deleted), "passed": proof.checks.passed},
    )
