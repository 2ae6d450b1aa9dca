"""Alarms over HTTP: one's own and those over all documents, without a word on another tenant's."""

from __future__ import annotations

from typing import Any

import pytest

from brevity.common.events import DriftDetected
from brevity.common.events.learning import Window
from brevity.common.storage.mongo import async_mongo_client
from brevity.feedback.mongo.drift import DriftStore
from tests.support.feedback_service import FeedbackService
from tests.unit.feedback.drift.observing import at

pytestmark = pytest.mark.stack

LATER = 5_000_000
"""Minutes: after whatever the service's own monitors have found in other tests' events."""


def alarm(name: str, minute: int, tenant: str | None) -> DriftDetected:
    fields: dict[str, Any] = {"reference": Window(first_at=at(0), last_at=at(1), count=9)}
    return DriftDetected(
        drift_id=name, monitor="quality.rating", tenant=tenant, language="en" if tenant else None,
        model_version="m-1", statistic=9.0, threshold=8.0, effect=-0.2, current=fields["reference"],
        sample_document_ids=["a-secret-id"], detected_at=at(minute), **fields,
    )  # fmt: skip


async def test_a_tenant_sees_its_own_alarms_and_the_general_ones_without_their_documents(
    service: FeedbackService,
) -> None:
    client = async_mongo_client(service.mongo)
    store = DriftStore(client[service.mongo.database])
    given = [alarm("d-1", LATER, "first"), alarm("d-2", LATER + 1, None), alarm("d-3", LATER + 2, "second")]
    for _ in range(2):
        await store.published("nobody", -1, given)
    await client.close()
    with service.as_("rita") as rita:
        items = rita.get("/v1/drift").json()["items"]
        assert [item["drift_id"] for item in rita.get("/v1/drift?limit=1").json()["items"]] == ["d-2"]
    assert [item["drift_id"] for item in items[:2]] == ["d-2", "d-1"]
    assert "d-3" not in {item["drift_id"] for item in items}
    assert [item["sample_document_ids"] for item in items[:2]] == [[], ["a-secret-id"]]
