"""Every acknowledged rating is in the store once and on the topic, however often the service is killed.

On the topic means: a read_committed reader that counts each event id once (`ce_id`) finds it once. After a kill an event
may be written again, under the same id and with the same bytes: the outbox promises at least once (docs/adr/0009-outbox.md).
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from pymongo import MongoClient

from tests.support.feedback import accepted, completed
from tests.support.feedback_service import FeedbackService, planned
from tests.support.processes import Supervised, wait_until
from tests.support.stack import fresh_stack
from tests.support.topics import read

SUMMARIES = 20
RATERS = 8


@dataclass
class Ratings:
    """What was acknowledged: feedback id to what was said, and how often it had to be said."""

    acknowledged: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    attempts: int = 0
    repeated: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def give(self, service: FeedbackService, number: int, summary_id: str) -> None:
        """Give rating `number` until it is acknowledged."""
        person = ("anna", "ben")[number % 2]
        said = ("up", "down")[number % 3 == 0]
        deadline = time.monotonic() + 120
        with service.as_(person) as client:
            while True:
                assert time.monotonic() < deadline, f"rating {number} is not acknowledged"
                with self.lock:
                    self.attempts += 1
                try:
                    answer = client.post(
                        f"/v1/summaries/{summary_id}/feedback",
                        json={"rating": said},
                        headers={"Idempotency-Key": f"rating-{number}"},
                    )
                except httpx.TransportError:
                    time.sleep(0.25)
                    continue
                if answer.status_code == 503:
                    time.sleep(0.25)
                    continue
                assert answer.status_code in (200, 201), answer.text
                with self.lock:
                    self.repeated += answer.status_code == 200
                    self.acknowledged[answer.json()["feedback_id"]] = (summary_id, person, said)
                return


def _published(service: FeedbackService) -> Counter[str]:
    """How often each event id is on the topic; the same id must carry the same bytes."""
    seen: dict[str, bytes] = {}
    count: Counter[str] = Counter()
    for message in read(service.stack.kafka, "feedback.recorded"):
        event_id = dict(message.headers() or ())["ce_id"]
        name = (message.key() or b"").decode()
        assert seen.setdefault(str(event_id), message.value() or b"") == message.value()
        count[name] += 1
    assert len(seen) == len(count), "one piece of feedback under two event ids"
    return count


async def _attack(folder: Path, *, ratings: int, kills: int) -> None:
    with fresh_stack(folder / "stack") as stack:
        service = planned(stack)
        summaries = [completed(f"d{number}") for number in range(SUMMARIES)]
        await service.fill([event for s in summaries for event in (accepted(s.document_id), s)])
        supervised = Supervised("feedback", ["-m", "brevity.feedback"], service.environ(), folder / "log")
        given = Ratings()
        try:
            wait_until("the service is ready", service.ready, seconds=60)
            with ThreadPoolExecutor(RATERS) as pool:
                jobs = [
                    pool.submit(given.give, service, number, summaries[number % SUMMARIES].summary_id)
                    for number in range(ratings)
                ]
                for turn in range(kills):
                    until = (turn + 1) * ratings // (kills + 1)
                    wait_until("ratings", lambda until=until: len(given.acknowledged) >= until, seconds=120)
                    supervised.kill()
                for job in jobs:
                    job.result()
            database: MongoClient = MongoClient(service.mongo.url.get_secret_value())
            entries = database[service.mongo.database]["feedback_entries"]
            wait_until(
                "the outbox is empty",
                lambda: not entries.count_documents({"pending": {"$exists": True}}),
                seconds=60,
            )
        finally:
            status = supervised.stop()
        assert status == 0
        assert supervised.unexpected_exits == []
        stored = Counter(str(entry["_id"]) for entry in entries.find())
        published = _published(service)
        again = sum(published.values()) - len(published)
        print(
            f"\n{ratings} ratings, {supervised.kills} kills, {given.attempts - ratings} said again,"
            f" {given.repeated} of them kept before, {again} events written again"
        )
        assert supervised.kills == kills
        assert len(given.acknowledged) == ratings
        assert stored == Counter(given.acknowledged.keys())
        assert set(published) == set(given.acknowledged)
        _assert_tallies(service, given, database)
        database.close()


def _assert_tallies(service: FeedbackService, given: Ratings, database: MongoClient) -> None:
    """Each summary's tally is what its stored ratings say: one of each person's, up or down."""
    people: dict[str, set[str]] = {}
    for summary_id, person, _ in given.acknowledged.values():
        people.setdefault(summary_id, set()).add(person)
    for record in database[service.mongo.database]["feedback_summaries"].find():
        assert record["tally"]["up"] + record["tally"]["down"] == len(people[record["summary_id"]])


@pytest.mark.stack
@pytest.mark.timeout(300)
async def test_ratings_survive_kills(tmp_path: Path) -> None:
    await _attack(tmp_path, ratings=200, kills=3)


@pytest.mark.stack
@pytest.mark.chaos_large
@pytest.mark.timeout(1_200)
async def test_two_thousand_ratings_survive_kills(tmp_path: Path) -> None:
    await _attack(tmp_path, ratings=2_000, kills=12)
