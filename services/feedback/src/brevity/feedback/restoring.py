"""`python -m brevity.feedback.restoring`: ratings and corrections back into an empty store, from their topic.

Documents, summaries and failures come back by themselves when the consumer group reads its topics again; feedback is what
the service writes and does not read. Run it once the summaries are there (docs/operations.md). Safe to repeat.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable
from dataclasses import dataclass

from pydantic import Field, ValidationError

from brevity.common.errors import BrevityError, Rejected
from brevity.common.events import FeedbackRecorded, decode
from brevity.common.kafka.dead_letters import read_topic
from brevity.common.kafka.record import Record
from brevity.common.settings import MongoSettings, Settings, load_settings
from brevity.common.storage.mongo import async_mongo_client
from brevity.feedback.judging import tally_of
from brevity.feedback.model import Feedback
from brevity.feedback.mongo import MongoRepository
from brevity.feedback.repository import Repository
from brevity.feedback.settings import FeedbackBlock

_OWNER = "restoring"


@dataclass(slots=True)
class Restored:
    """How many were put back, were there already, have no summary in the store, or could not be read."""

    back: int = 0
    there: int = 0
    without_summary: int = 0
    unreadable: int = 0


class RestoreSettings(Settings):
    """Where the topic and the store are."""

    mongo: MongoSettings = Field(default_factory=MongoSettings)
    feedback: FeedbackBlock = Field(default_factory=FeedbackBlock)


def standing(records: Iterable[Record]) -> list[Record]:
    """The last record of each key, in order, without those that a tombstone erased."""
    last: dict[bytes | None, Record] = {}
    for record in records:
        last.pop(record.key, None)
        if record.value is not None:
            last[record.key] = record
    return list(last.values())


async def restore(records: Iterable[Record], repository: Repository) -> Restored:
    """Put the feedback of `records` into the store, without publishing it again, and add it up.

    Raises:
        Unavailable: The store is away; run it again.
    """
    result = Restored()
    touched: dict[tuple[str, str], None] = {}
    for record in standing(records):
        try:
            said = decode(FeedbackRecorded, record).model_dump(exclude_none=True)
            feedback = Feedback.model_validate(
                {name: said[name] for name in Feedback.model_fields if name in said}
            )
        except (Rejected, ValidationError):
            result.unreadable += 1
            continue
        try:
            _, new = await repository.add_feedback(feedback, _OWNER)
        except Rejected:
            result.without_summary += 1
            continue
        if new:
            await repository.published([feedback.feedback_id])
            result.back += 1
        else:
            result.there += 1
        touched[feedback.tenant, feedback.summary_id] = None
    for tenant, summary_id in touched:
        known = await repository.feedback_of(tenant, summary_id)
        await repository.set_tally(tenant, summary_id, tally_of(known), len(known))
    return result


async def _run(settings: RestoreSettings) -> Restored:
    client = async_mongo_client(settings.mongo, "feedback")
    try:
        repository = MongoRepository(client, settings.mongo.database, settings.feedback)
        return await restore(read_topic(settings.kafka, FeedbackRecorded.topic), repository)
    finally:
        await client.close()


def main() -> int:
    try:
        done = asyncio.run(_run(load_settings(RestoreSettings)))
    except BrevityError as error:
        print(f"{error.message}. {error.remedy}", file=sys.stderr)
        return 1
    print(
        f"{done.back} put back, {done.there} were there, {done.without_summary} without their summary, "
        f"{done.unreadable} unreadable"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
