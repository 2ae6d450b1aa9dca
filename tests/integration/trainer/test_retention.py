"""What the trainer keeps goes when its time is over, by the store's own clock moved forward."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from brevity.trainer.jobs.store import Jobs
from brevity.trainer.live.ratings import COLLECTION, Ratings
from tests.support.expiry import expire
from tests.support.stack import Stack
from tests.support.trainer import fresh_store, job

pytestmark = pytest.mark.stack


def test_ended_jobs_and_what_started_them_go_and_promotions_stay(stack: Stack) -> None:
    store = fresh_store(stack)
    store.prepare(days=30)
    Ratings(store.promotions.database).prepare(days=30)
    ratings = store.promotions.database[COLLECTION]
    now = datetime.now(UTC)
    jobs = Jobs(store)
    for name in ("ended", "waiting"):
        jobs.add(job(name))
    store.jobs.update_one({"_id": "ended"}, {"$set": {"state": "succeeded", "finished_at": now}})
    store.signals.insert_one({"_id": "alarm", "model": "m", "settled": None, "at": now})
    store.examples.insert_one({"_id": "edit", "engine": "m", "recorded_at": now})
    ratings.insert_one({"_id": "rating", "model_version": "m-1", "recorded_at": now})
    store.promotions.insert_one({"_id": "first", "model": "m", "sequence": 1, "promoted_at": now})
    places = (store.jobs, store.signals, store.examples, ratings, store.promotions)

    def left(day: int) -> list[int]:
        for place in places:
            expire(place, now + timedelta(days=day))
        return [place.count_documents({}) for place in places]

    assert left(29) == [2, 1, 1, 1, 1]
    assert left(31) == [1, 0, 0, 0, 1]
    assert jobs.get("waiting").state == "queued"
