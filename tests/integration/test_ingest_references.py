"""What documents may lie in: each tenant's own places of the object store, and nobody else's."""

from __future__ import annotations

import json
import uuid
from itertools import count
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from brevity.common.errors import BrevityError
from brevity.common.events import DocumentAccepted
from brevity.common.ids import content_hash
from brevity.common.kafka.record import Headers, Record
from brevity.common.kafka.results import Done, Failed
from brevity.common.storage.mongo import mongo_client
from brevity.common.storage.places import rejected_key, text_key, upload_key
from brevity.common.storage.s3 import S3ObjectStore
from brevity.ingest.claims import Claims
from brevity.ingest.handler import IngestHandler
from brevity.ingest.metrics import IngestMetrics
from brevity.ingest.settings import IngestBlock
from tests.support.stack import Stack

pytestmark = pytest.mark.stack

_offsets = count()


@pytest.fixture(scope="module")
def store(stack: Stack) -> S3ObjectStore:
    return S3ObjectStore(stack.s3)


def handler(stack: Stack, **settings: Any) -> IngestHandler:
    claims = Claims(mongo_client(stack.mongo), stack.mongo.database)
    block = IngestBlock.model_validate({"inline_bytes": 100, **settings})
    return IngestHandler(S3ObjectStore(stack.s3), claims, block, IngestMetrics(CollectorRegistry()))


def fresh() -> bytes:
    return f"The council of town {uuid.uuid4().hex} decided to build a school near the river.".encode()


def submission(tenant: str, uri: str, headers: Headers = (), **reference: Any) -> Record:
    value = json.dumps({"tenant": tenant, "object": {"uri": uri, **reference}}).encode()
    return Record("documents.submitted", 0, next(_offsets), uuid.uuid4().hex.encode(), value, headers)


def refused(stack: Stack, record: Record, **settings: Any) -> BrevityError:
    (result,) = handler(stack, **settings)([record])
    assert isinstance(result, Failed), result
    return result.error


def taken(stack: Stack, record: Record, **settings: Any) -> DocumentAccepted:
    (result,) = handler(stack, **settings)([record])
    assert isinstance(result, Done), result
    return DocumentAccepted.model_validate_json(result.outputs[0].value)


@pytest.mark.parametrize("kind", ["uploads", "texts"])
def test_a_tenant_reads_its_own(stack: Stack, store: S3ObjectStore, kind: str) -> None:
    data = fresh()
    key = f"{kind}/acme/{content_hash(data)}"
    store.put(key, data)
    assert taken(stack, submission("acme", f"s3://{store.bucket}/{key}")).tenant == "acme"


def others_places(data: bytes) -> list[str]:
    digest = content_hash(data)
    return [
        upload_key("globex", data), text_key("globex", data), rejected_key("globex", data),
        f"uploads/{digest}", f"texts/{digest}", f"rejected/{digest}", f"rejected/_/{digest}",
        rejected_key("acme", data), f"uploads/acme.x/{digest}", f"uploads/{digest}.txt", f"acme/{digest}",
        f"uploads//acme/{digest}", f"uploads/./acme/{digest}", f"uploads/acme//{digest}", f"UPLOADS/acme/{digest}",
        "models/extractive/1/model.json", "datasets/1/rows.jsonl.gz", "training/sources/s.jsonl.gz",
    ]  # fmt: skip


def test_what_is_not_the_tenants_is_refused_as_what_is_not_there(stack: Stack, store: S3ObjectStore) -> None:
    data = fresh()
    for key in others_places(data):
        uri = f"s3://{store.bucket}/{key}"
        before = refused(stack, submission("acme", uri))
        with_hash = refused(stack, submission("acme", uri, sha256=content_hash(data)))
        store.put(key, data)
        after = refused(stack, submission("acme", uri))
        with_hash_after = refused(stack, submission("acme", uri, sha256=content_hash(data)))
        store.delete(key)
        assert before.code == "object_missing"
        assert (
            len({(e.code, e.message, e.remedy) for e in (before, after, with_hash, with_hash_after)}) == 1
        ), key
    nothing, foreign = (
        refused(stack, submission("acme", f"s3://{store.bucket}/uploads/{tenant}/none")).message
        for tenant in ("acme", "globex")
    )
    assert nothing.replace("uploads/acme/none", "uploads/globex/none") == foreign


def test_what_our_doors_wrote_before_tenants_had_prefixes_is_still_read(
    stack: Stack, store: S3ObjectStore
) -> None:
    data = fresh()
    digest = content_hash(data)
    uri = f"s3://{store.bucket}/uploads/{digest}"
    store.put(f"uploads/{digest}", data)
    ours: Headers = (("ce_source", b"/brevity/ingest"),)
    assert refused(stack, submission("acme", uri, ours)).code == "object_missing", "the hash is what was kept"
    assert refused(stack, submission("acme", uri, ours, sha256="0" * 64)).code == "object_missing"
    assert taken(stack, submission("acme", uri, ours, sha256=digest)).content_hash == digest


def test_further_buckets_belong_to_those_they_were_given_to(stack: Stack, store: S3ObjectStore) -> None:
    extra = S3ObjectStore(stack.s3.model_copy(update={"bucket": "partners"}))
    extra.ensure_bucket()
    for key in ("a/doc", "ab/doc", "b/doc"):
        extra.put(key, fresh())
    given = {"extra_buckets": {"partners/a": ["acme"], "partners/b/": ["*"]}}
    assert taken(stack, submission("acme", "s3://partners/a/doc"), **given)
    assert taken(stack, submission("globex", "s3://partners/b/doc"), **given)
    for tenant, key in (("globex", "a/doc"), ("acme", "ab/doc"), ("default", "a/doc"), ("globex", "none")):
        error = refused(stack, submission(tenant, f"s3://partners/{key}"), **given)
        assert error.code == "bucket_not_allowed"
    listed = {"extra_buckets": ["partners"]}
    assert taken(stack, submission("default", "s3://partners/ab/doc"), **listed)
    assert refused(stack, submission("acme", "s3://partners/a/doc"), **listed).code == "bucket_not_allowed"


def test_the_same_text_of_two_tenants_lies_in_two_places(stack: Stack, store: S3ObjectStore) -> None:
    data = fresh() + b" It opens in spring." * 10
    keys: set[str] = set()
    for tenant in ("acme", "globex"):
        store.put(upload_key(tenant, data), data)
        document = taken(stack, submission(tenant, f"s3://{store.bucket}/{upload_key(tenant, data)}"))
        assert document.text_ref is not None
        keys.add(document.text_ref.object_key)
    assert keys == {text_key("acme", data), text_key("globex", data)}
