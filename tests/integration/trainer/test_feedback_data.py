"""Reviewers' words as data to train on, from a real feedback service."""

from __future__ import annotations

import uuid

import pytest

from brevity.common.errors import Rejected, Unavailable
from brevity.trainer.data.bucket import Bucket
from brevity.trainer.data.sources import Sources
from brevity.trainer.data.spec import DatasetSpec
from brevity.trainer.data.versions import Versions
from tests.support.feedback import accepted, completed
from tests.support.feedback_service import planned, running
from tests.support.stack import Stack

pytestmark = pytest.mark.stack

TEXT = "The ferry was late again on Monday. Nobody had told the passengers why. The next one came at noon."
LIKED = "The mill burned down in March. Neighbours put the fire out. It will be built up again by autumn."


async def test_an_edit_is_a_reference_and_a_summary_that_people_chose_stands_in_for_one(stack: Stack) -> None:
    bucket = Bucket(stack.s3.model_copy(update={"bucket": f"fed-{uuid.uuid4().hex[:8]}"}))
    bucket.ensure()
    with running(planned(stack)) as service:
        edited = completed("edited", text=TEXT)
        better = completed("liked", text=LIKED, summary="The mill burned down.")
        worse = completed("liked", text=LIKED, summary="A mill.", model_version="extractive-other")
        await service.fill(
            [accepted("edited", text=TEXT), accepted("liked", text=LIKED), edited, better, worse]
        )
        with service.as_("anna") as anna:
            for summary_id, body in (
                (edited.summary_id, {"edited_summary": "The ferry was late; the next came at noon."}),
                (better.summary_id, {"preferred_over": worse.summary_id}),
            ):
                assert anna.post(f"/v1/summaries/{summary_id}/feedback", json=body).status_code == 201
        sources = Sources(bucket, feedback_url=service.address, feedback_key="first-ada-0123456789")
        versions = Versions(bucket)
        card = sources.assemble(DatasetSpec(), versions, "m")
        rows = {row.text: row for row in versions.rows(card["version"])}
        assert (rows[TEXT].summary, rows[TEXT].origin) == (
            "The ferry was late; the next came at noon.",
            "edit",
        )
        assert (rows[LIKED].summary, rows[LIKED].origin) == (better.summary, "choice")
        assert card["origins"] == {"choice": 1, "edit": 1}
        assert card["languages"] == {"en": 2}

        reader = Sources(bucket, feedback_url=service.address, feedback_key="first-rita-0123456789")
        with pytest.raises(Rejected, match="feedback_refused"):
            reader.assemble(DatasetSpec(), versions, "m")
        address = service.address
    with pytest.raises(Unavailable, match="feedback"):
        Sources(bucket, feedback_url=address).assemble(DatasetSpec(), versions, "m")
