"""Whose a job is: kept as a field of its own, so that an index finds a tenant's jobs."""

from __future__ import annotations

from brevity.common.storage.mongo import translated
from brevity.trainer.mongo import Store


def tenant_of(requested_by: str | None) -> str | None:
    """A caller's name is its tenant, a slash and its own name; the platform's own jobs have no tenant."""
    tenant, slash, _ = (requested_by or "").partition("/")
    return tenant if slash else None


def name_tenants(store: Store) -> None:
    """Name the tenant in jobs of a release that did not keep it."""
    with translated():
        for found in list(store.jobs.find({"tenant": {"$exists": False}}, {"requested_by": 1})):
            named = {"tenant": tenant_of(found.get("requested_by"))}
            store.jobs.update_one({"_id": found["_id"]}, {"$set": named})
