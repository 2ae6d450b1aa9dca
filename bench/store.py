"""The stores as they fill: what a submission and a question cost with 1,000, 10,000 and 100,000 documents behind them.

The server is the local stack's. Documents are put straight into its collections, as the services write them, spread over
the days of a retention; then the services' own code writes outcomes and answers the questions of page and API. What is
wanted is flat: an index for everything. QUICK=1 fills 300 and 3,000; MILLION=1 goes on to 1,000,000.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from deploy.local.java import ensure_jars, free_port
from deploy.local.servers import MongoServer
from pydantic import SecretStr
from tests.support.feedback import accepted, completed, feedback
from tests.support.samples import sample_texts

from bench.report import QUICK, finish, show
from brevity.common.events import DocumentAccepted, Origin, SummaryCompleted
from brevity.common.settings import MongoSettings
from brevity.common.storage.mongo import async_mongo_client
from brevity.feedback.cursor import to_cursor
from brevity.feedback.model import SummaryFilter
from brevity.feedback.mongo import MongoRepository
from brevity.feedback.mongo import collections as names
from brevity.feedback.mongo.records import of_document, of_feedback, of_summary
from brevity.feedback.settings import FeedbackBlock
from brevity.ingest.states import changed
from brevity.ingest.view import View

SIZES = (300, 3_000) if QUICK else (1_000, 10_000, 100_000)
if os.environ.get("MILLION") == "1":
    SIZES = (*SIZES, 1_000_000)
BATCH = 200
WRITES = 5
ROUNDS = 15
DAYS = 90
NOW = datetime.now(UTC).replace(microsecond=0)
TEXTS = sample_texts()
Pair = tuple[DocumentAccepted, SummaryCompleted]


def document(number: int) -> Pair:
    """An accepted document and its summary; the later its number, the newer it is."""
    text = f"{TEXTS[number % len(TEXTS)][:1_500]} Number {number}."
    fields: dict[str, Any] = {
        "text": text,
        "submitted_at": NOW - timedelta(days=DAYS) + timedelta(days=DAYS) * (number / 1_100_000),
        "origin": Origin(topic="documents.submitted", partition=number % 8, offset=number),
    }
    language = ("en", "de", "nb")[number % 3]
    return accepted(f"d{number}", **fields), completed(
        f"d{number}", language=language, model_version=f"extractive-{number % 3}", **fields
    )


async def fill(database: Any, first: int, until: int) -> None:
    for start in range(first, until, BATCH * 5):
        pairs = [document(number) for number in range(start, min(start + BATCH * 5, until))]
        records: dict[str, list[dict[str, Any]]] = {"documents": []}
        for text, summary in pairs:
            at = summary.submitted_at
            state = changed(None, [(text, at), (summary, at)])
            records["documents"].append({"_id": f"first/{summary.document_id}", **(state or {})})
            for collection, (name, fields) in (
                (names.DOCUMENTS, of_document(text)),
                (names.SUMMARIES, of_summary(summary)),
            ):
                record = {"_id": name, **fields, "stored_at": at, "last_submitted_at": at}
                records.setdefault(collection, []).append(record)
            if int(summary.document_id[1:]) % 20 == 0:
                records.setdefault(names.FEEDBACK, []).append(
                    of_feedback(feedback(summary, f"f-{summary.document_id}", recorded_at=at))
                )
        for collection, items in records.items():
            await database[collection].insert_many(items, ordered=False)


async def median_ms(operation: Callable[[int], Awaitable[object]], rounds: int) -> float:
    taken: list[float] = []
    for number in range(-2, rounds):
        began = time.perf_counter()
        await operation(number)
        if number >= 0:
            taken.append((time.perf_counter() - began) * 1_000)
    return statistics.median(taken)


async def measured(repository: MongoRepository, view: View, size: int) -> dict[str, float]:
    """Milliseconds of each operation."""
    next_number = 1_200_000 + size

    async def submit(_: int) -> object:
        nonlocal next_number
        pairs = [document(number) for number in range(next_number, next_number + BATCH)]
        next_number += BATCH
        await view.note([(text, NOW) for text, _ in pairs])
        await view.note([(summary, NOW) for _, summary in pairs])
        await repository.save([event for pair in pairs for event in pair], [NOW] * (2 * BATCH))
        return None

    def some(number: int) -> SummaryCompleted:
        return document((number + 7) * 7_919 % size)[1]

    async def rate(number: int) -> object:
        given = feedback(some(number), f"rated-{size}-{number}")
        await repository.add_feedback(given, "bench")
        return await repository.published([given.feedback_id])

    middle = some(3)
    cursor = to_cursor((middle.submitted_at, middle.summary_id))
    questions: dict[str, Callable[[int], Awaitable[object]]] = {
        "list": lambda _: repository.summaries("first", SummaryFilter(), limit=50),
        "list a language": lambda _: repository.summaries("first", SummaryFilter(language="nb"), limit=50),
        "page 2": lambda _: repository.summaries("first", SummaryFilter(), limit=50, cursor=cursor),
        "search": lambda _: repository.summaries("first", SummaryFilter(text="the of"), limit=50),
        "search a rare word": lambda n: repository.summaries(
            "first", SummaryFilter(text=some(n).summary.split()[-1]), limit=50
        ),
        "one summary": lambda n: repository.summary("first", some(n).summary_id),
        "one document": lambda n: repository.document("first", some(n).document_id),
        "where a document stands": lambda n: repository.stands("first", some(n).document_id),
        "versions of a text": lambda n: repository.summaries(
            "first", SummaryFilter(content_hash=some(n).content_hash), limit=50
        ),
        "outbox": lambda _: repository.pending("bench", NOW),
        "live": lambda _: repository.changes("first", datetime.now(UTC)),
    }
    found = {"submit": await median_ms(submit, WRITES) / BATCH}
    found |= {name: await median_ms(question, ROUNDS) for name, question in questions.items()}
    found["rate"] = await median_ms(rate, ROUNDS)
    found["statistics of all"] = await median_ms(lambda _: repository.statistics("first", SummaryFilter()), 1)
    return found


async def run(server: MongoServer) -> dict[int, dict[str, float]]:
    settings = MongoSettings(url=SecretStr(f"mongodb://{server.address}"), timeout_seconds=300)
    client = async_mongo_client(settings)
    database = client[settings.database]
    repository = MongoRepository(client, settings.database, FeedbackBlock())
    await repository.prepare()
    table: dict[int, dict[str, float]] = {}
    filled = 0
    for size in SIZES:
        await fill(database, filled, size)
        filled = size
        table[size] = await measured(repository, View(database), size)
        print(f"{size:,} documents: {table[size]['submit']:.2f} ms a submission", flush=True)
    await client.close()
    return table


def main() -> None:
    ensure_jars()
    with tempfile.TemporaryDirectory() as folder:
        server = MongoServer(free_port(), Path(folder))
        server.start()
        server.wait_ready()
        try:
            table = asyncio.run(run(server))
        finally:
            server.stop()
    least, most = SIZES[0], SIZES[-1]
    ratios = {name: table[most][name] / table[least][name] for name in table[least]}
    show(
        "milliseconds (median) with so many documents in the store, and the last against the first",
        ("operation", *(f"{size:,}" for size in SIZES), "ratio"),
        [(name, *(table[size][name] for size in SIZES), ratios[name]) for name in ratios],
    )
    rates = ", ".join(f"{1_000 / table[size]['submit']:,.0f}" for size in SIZES)
    print(f"Submissions a second: {rates}")
    finish("store", {name.replace(" ", "_"): ratio for name, ratio in ratios.items()})


if __name__ == "__main__":
    main()
