"""Which objects a tenant's document may lie in, and reading one.

A tenant may name what lies below its own prefixes of the platform's bucket, and what the operator gave it of other
buckets. What lies elsewhere is never asked for, and is refused in the words that are used for what is not there: nobody
learns what others have.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from brevity.common.errors import Rejected
from brevity.common.events import DocumentSubmitted, ObjectRef
from brevity.common.ids import content_hash
from brevity.common.kafka.record import Record
from brevity.common.storage.objects import ObjectStore
from brevity.common.storage.places import before_tenants, may_refer
from brevity.ingest.settings import IngestBlock

EVERYBODY = "*"
_LONGEST_KEY = 1_024  # bytes; S3 has no longer keys
_OUR_DOORS = frozenset({"/brevity/ingest", "/brevity/feedback"})


def fetch(record: Record, submitted: DocumentSubmitted, store: ObjectStore, settings: IngestBlock) -> bytes:
    """The bytes that `submitted` refers to. Raises Rejected when they are not there for its tenant; Unavailable."""
    reference = submitted.object
    assert reference is not None  # noqa: S101 - the caller looked
    # What our own doors had written before each tenant had a prefix is still on the topic, or in the store of summaries.
    old = reference.bucket == store.bucket and before_tenants(reference.object_key, reference.sha256)
    if not (old and record.header("ce_source") in _OUR_DOORS):
        check(reference, submitted.tenant, store.bucket, settings)
    try:
        data = store.get(reference.object_key, max_bytes=settings.max_bytes, bucket=reference.bucket)
    except Rejected as error:
        if error.code == "object_missing":
            raise _not_there(reference, submitted.tenant, store.bucket) from None
        raise
    if reference.sha256 is not None and content_hash(data) != reference.sha256:
        raise Rejected(
            "the object's bytes do not fit the SHA-256 that was given",
            code="object_changed",
            remedy="Submit the reference of the object as it is now.",
        )
    return data


def check(reference: ObjectRef, tenant: str, bucket: str, settings: IngestBlock) -> None:
    """Raises Rejected unless documents of `tenant` may lie there, by its address alone.

    Args:
        bucket: The platform's own.
    """
    key = reference.object_key
    if (
        len(key.encode("utf-8", "surrogatepass")) > _LONGEST_KEY
        or not key.isprintable()
        or ".." in key.split("/")
    ):
        raise Rejected(
            "the object's key is too long or holds characters a key cannot have", code="bad_reference"
        )
    if _given(reference, tenant, settings.extra_buckets):
        return
    if reference.bucket != bucket:
        raise Rejected(
            f"bucket {reference.bucket!r} is not one that documents of tenant {tenant!r} may lie in",
            code="bucket_not_allowed",
            remedy=f"Write the object below s3://{bucket}/uploads/{tenant}/, or have BREVITY_INGEST_EXTRA_BUCKETS extended.",
        )
    if not may_refer(tenant, key):
        raise _not_there(reference, tenant, bucket)


def _given(reference: ObjectRef, tenant: str, extra: Mapping[str, Sequence[str]]) -> bool:
    """Whether a further bucket, or a prefix of one, was given to `tenant`."""
    address = f"{reference.bucket}/{reference.object_key}"
    return any(
        (tenant in tenants or EVERYBODY in tenants) and address.startswith(f"{place.rstrip('/')}/")
        for place, tenants in extra.items()
    )


def _not_there(reference: ObjectRef, tenant: str, bucket: str) -> Rejected:
    return Rejected(
        f"there is no object {reference.uri!r} that documents of tenant {tenant!r} may lie in",
        code="object_missing",
        remedy=f"Write the object first, below s3://{bucket}/uploads/{tenant}/, then submit its reference.",
    )
