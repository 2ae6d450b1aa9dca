"""The feedback store and its HTTP door against the bare driver doing the same operations on the same server.

The store holds 100,000 summaries of 20 tenants (1,000 of one with QUICK=1). Each operation is done by the service's way and by PyMongo with
the same query or the same prepared records, in turns, so that both meet the same machine. What is over 1 is what keeping
out erased documents, checking values, making JSON and HTTP cost. The server is the local MongoDB-wire stand-in, which
scans where MongoDB would use an index: times say nothing about MongoDB, ratios say what our code adds.

The page's first load is fetched as a browser does, file by file, and held against its limit of 100 KB.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from pymongo import UpdateOne
from tests.support.feedback import START, completed, feedback
from tests.support.feedback_service import FeedbackService, planned, running
from tests.support.samples import sample_texts
from tests.support.stack import fresh_stack

from bench.report import QUICK, finish, show
from brevity.common.events import SummaryCompleted
from brevity.common.storage.mongo import async_mongo_client
from brevity.feedback.model import SummaryFilter
from brevity.feedback.mongo import MongoRepository
from brevity.feedback.mongo import collections as names
from brevity.feedback.mongo.query import query_of
from brevity.feedback.mongo.records import of_feedback, of_summary, within
from brevity.feedback.settings import FeedbackBlock

COUNT = 1_000 if QUICK else 100_000
ROUNDS = 10 if QUICK else 30
WRITES = 3 if QUICK else 20
LISTS = 10 if QUICK else 3
"""Few, because the stand-in takes seconds to scan 100,000 summaries."""
TENANTS = ("first",) if QUICK else ("first", *(f"tenant-{number}" for number in range(1, 20)))
"""The stand-in sorts whatever matches, with all that is in it: 100,000 of one tenant are beyond it."""
BATCH = 500
INSERTED = 2_000
PAGE = 50
LANGUAGES = ("en", "de", "fr", "es", "pt", "zh", "ar", "hi", "ja", "nb")

QUERIES = {
    "list the newest": SummaryFilter(),
    "list a language": SummaryFilter(language="nb"),
    "list a model's, with warnings": SummaryFilter(model_version="extractive-7", has_warnings=True),
    "search two words": SummaryFilter(text="storm harbour"),
}

Operation = Callable[[int], Awaitable[object]]


@dataclass
class Pair:
    """Seconds of one operation done both ways."""

    ours: list[float] = field(default_factory=list[float])
    bare: list[float] = field(default_factory=list[float])

    async def measure(
        self, ours: Operation, bare: Operation, rounds: int = ROUNDS, *, warm: bool = False
    ) -> Pair:
        """In turns; the first round of each is not counted, unless it is `warm` already."""
        for number in range(0 if warm else -1, rounds):
            for operation, taken in ((ours, self.ours), (bare, self.bare)):
                began = time.perf_counter()
                await operation(number)
                if number >= 0:
                    taken.append(time.perf_counter() - began)
        return self

    def ratio(self, share: float) -> float:
        return _quantile(self.ours, share) / _quantile(self.bare, share)

    def row(self, name: str) -> tuple[object, ...]:
        ms = [_quantile(taken, share) * 1_000 for taken in (self.ours, self.bare) for share in (0.5, 0.95)]
        return (name, *ms, self.ratio(0.5), self.ratio(0.95))


def _quantile(values: Sequence[float], share: float) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[round(share * 100) - 1]


def summaries(first: int, count: int) -> list[SummaryCompleted]:
    """Summaries number `first` and on: first sentences of real documents under mixed languages and models."""
    texts, chance = sample_texts(), random.Random(first)
    return [
        completed(
            f"d{number}",
            text=texts[number % len(texts)],
            title=f"{chance.choice(('Storm', 'Calm', 'Fog'))} over the {chance.choice(('harbour', 'market', 'valley'))}",
            language=LANGUAGES[number % len(LANGUAGES)],
            model_version=f"extractive-{number % 9}",
            warnings=number % 4 == 0,
            submitted_at=START + timedelta(seconds=number),
        )
        for number in range(first, first + count)
    ]


async def store_pairs(service: FeedbackService) -> dict[str, Pair]:
    """Fill the store, then measure the repository."""
    client = async_mongo_client(service.mongo.model_copy(update={"timeout_seconds": 120.0}))
    repository = MongoRepository(client, service.mongo.database, FeedbackBlock())
    collection = client[service.mongo.database][names.SUMMARIES]
    entries = client[service.mongo.database][names.FEEDBACK]
    await repository.prepare()
    await _fill(collection)
    await repository.save(summaries(0, BATCH))  # those that are rated
    rated = summaries(0, 1)[0]
    pairs: dict[str, Pair] = {}

    batches = {number: summaries(10_000_000 + number * BATCH, BATCH) for number in range(-1, WRITES)}
    updates = {number: _updates(20_000_000 + number * BATCH) for number in range(-1, WRITES)}

    async def write(number: int) -> object:
        return await repository.save(batches[number])

    async def write_bare(number: int) -> object:
        return await collection.bulk_write(updates[number], ordered=False)

    async def rate(number: int) -> object:
        return await repository.add_feedback(feedback(rated, f"ours-{number}"), "bench")

    async def rate_bare(number: int) -> object:
        """The entry, and then whether the summary is still there: an erasure may have come between."""
        await entries.insert_one(of_feedback(feedback(rated, f"bare-{number}")))
        return await collection.find_one({"_id": within("first", rated.summary_id)}, {"_id": 1})

    pairs[f"write {BATCH} summaries"] = await Pair().measure(write, write_bare, WRITES)
    pairs["keep a rating"] = await Pair().measure(rate, rate_bare)
    pairs["filter choices"] = await Pair().measure(
        lambda _: repository.kinds("first"),
        lambda _: client[service.mongo.database][names.KINDS].find({"tenant": "first"}).to_list(),
    )
    for name, wanted in QUERIES.items():
        pairs[name] = await Pair().measure(
            lambda _, wanted=wanted: repository.summaries("first", wanted, limit=PAGE),
            lambda _, wanted=wanted: _bare(collection, wanted),
            LISTS,
            warm=not QUICK,  # a scan of so much leaves nothing to warm
        )
    await client.close()
    return pairs


async def _fill(collection: Any) -> None:
    """Records as the repository writes them, by plain inserts: filling is not what is measured."""
    patterns = [of_summary(event)[1] for event in summaries(0, 90)]  # all pairs of a language and a model
    for first in range(0, COUNT, INSERTED):
        await collection.insert_many(
            [
                _record(
                    patterns[number // len(TENANTS) % len(patterns)], TENANTS[number % len(TENANTS)], number
                )
                for number in range(first, min(first + INSERTED, COUNT))
            ],
            ordered=False,
        )


def _record(pattern: dict[str, Any], tenant: str, number: int) -> dict[str, Any]:
    name, at = f"sum_{number:032x}", START + timedelta(seconds=number)
    event = json.loads(pattern["event"]) | {
        "tenant": tenant,
        "summary_id": name,
        "document_id": f"d{number}",
        "submitted_at": at.isoformat(),
    }
    return pattern | {
        "_id": within(tenant, name),
        "tenant": tenant,
        "summary_id": name,
        "document_id": f"d{number}",
        "submitted_at": at,
        "day": f"{at:%Y-%m-%d}",
        "stored_at": at,
        "event": json.dumps(event, ensure_ascii=False),
    }


async def door_pairs(service: FeedbackService) -> dict[str, Pair]:
    """The same over HTTP, a process of its own."""
    client = async_mongo_client(service.mongo.model_copy(update={"timeout_seconds": 120.0}))
    collection = client[service.mongo.database][names.SUMMARIES]
    entries = client[service.mongo.database][names.FEEDBACK]
    audit = client[service.mongo.database][names.AUDIT]
    rated = summaries(1, 1)[0]
    pairs: dict[str, Pair] = {}
    headers = dict(service.as_("anna").headers)
    async with httpx.AsyncClient(
        base_url=service.address, headers=headers, trust_env=False, timeout=120
    ) as http:

        async def listed(_: int) -> object:
            answer = await http.get("/v1/summaries", params={"language": "nb", "limit": PAGE})
            assert len(answer.json()["items"]) == PAGE
            return answer

        async def given(_: int) -> object:
            answer = await http.post(f"/v1/summaries/{rated.summary_id}/feedback", json={"rating": "up"})
            assert answer.status_code == 201, answer.text
            return answer

        async def rate_bare(number: int) -> object:
            """What must be in the store once a rating is answered: the entry, the tally, the audit note."""
            given = feedback(rated, f"door-{number}")
            assert await collection.find_one({"_id": within("first", rated.summary_id)}, {"words": 0})
            await entries.insert_one(of_feedback(given))
            known = await entries.find({"tenant": "first", "summary_id": rated.summary_id}).to_list()
            tally = {"version": len(known), "up": 1}
            await collection.update_one(
                {"_id": within("first", rated.summary_id)}, {"$max": {"tally": tally}}
            )
            return await audit.insert_one({"tenant": "first", "at": START, "target": rated.summary_id})

        pairs["HTTP: list a language"] = await Pair().measure(
            listed, lambda _: _bare(collection, QUERIES["list a language"]), LISTS, warm=not QUICK
        )
        pairs["HTTP: rate"] = await Pair().measure(given, rate_bare)
    await client.close()
    return pairs


def first_load(service: FeedbackService) -> int:
    """Bytes of the first page and of every file that it and its modules name."""
    with service.as_("anna") as http:
        http.timeout = httpx.Timeout(120)
        page = http.get("/", headers={"Accept": "text/html"}).raise_for_status()
        files: dict[str, bytes] = {}
        wanted = re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text)
        while wanted:
            address = wanted.pop()
            if address not in files:
                files[address] = http.get(address).raise_for_status().content
                folder = address.rsplit("/", 1)[0]
                named = re.findall(rb'from "\./([^"]+)"|import "\./([^"]+)"', files[address])
                wanted += [f"{folder}/{(one or other).decode()}" for one, other in named]
        assert any(name.endswith(".css") for name in files)
        assert any(name.endswith(".js") for name in files)
        return len(page.content) + sum(map(len, files.values()))


def _updates(first: int) -> list[UpdateOne]:
    """What the driver needs to keep summaries as the service does."""
    return [
        UpdateOne({"_id": name}, {"$setOnInsert": {**fields, "stored_at": START}}, upsert=True)
        for name, fields in map(of_summary, summaries(first, BATCH))
    ]


async def _bare(collection: Any, wanted: SummaryFilter) -> list[Any]:
    found = collection.find(query_of("first", wanted), {"words": 0})
    return await found.sort([("submitted_at", -1), ("_id", -1)]).limit(PAGE).to_list()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, fresh_stack(Path(folder)) as stack:
        service = planned(stack)
        pairs = asyncio.run(store_pairs(service))
        with running(service, {"BREVITY_MONGO_TIMEOUT_SECONDS": "120"}):
            pairs |= asyncio.run(door_pairs(service))
            loaded = first_load(service)
    show(
        f"{COUNT:,} summaries in the store; milliseconds, and ratios of the service to the bare driver",
        ("operation", "p50", "p95", "bare p50", "bare p95", "ratio p50", "ratio p95"),
        [pair.row(name) for name, pair in pairs.items()],
    )
    print(f"The page's first load: {loaded / 1_000:.1f} KB of at most 100.")
    lists = [pair for name, pair in pairs.items() if name in QUERIES]
    finish(
        "feedback",
        {
            "write_p50": pairs[f"write {BATCH} summaries"].ratio(0.5),
            "write_p95": pairs[f"write {BATCH} summaries"].ratio(0.95),
            "rating_p50": pairs["keep a rating"].ratio(0.5),
            "rating_p95": pairs["keep a rating"].ratio(0.95),
            "list_search_p50": max(pair.ratio(0.5) for pair in lists),
            "list_search_p95": max(pair.ratio(0.95) for pair in lists),
            "http_list_p50": pairs["HTTP: list a language"].ratio(0.5),
            "http_list_p95": pairs["HTTP: list a language"].ratio(0.95),
            "http_rating_p50": pairs["HTTP: rate"].ratio(0.5),
            "http_rating_p95": pairs["HTTP: rate"].ratio(0.95),
            "first_load_of_limit": loaded / 100_000,
        },
    )


if __name__ == "__main__":
    main()
