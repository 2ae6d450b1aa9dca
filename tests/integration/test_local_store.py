"""The local stack's MongoDB-wire store: its indexes change how fast it answers, and never what."""

from __future__ import annotations

import contextlib
import random
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from deploy.local.java import classpath, free_port, java
from deploy.local.servers import MongoServer
from pymongo import MongoClient, UpdateOne
from pymongo.errors import DuplicateKeyError, PyMongoError

from tests.support.stack import require_local_stack
from tests.support.topics import eventually

START = datetime(2026, 1, 1, tzinfo=UTC)
INDEXES = (
    [("tenant", 1), ("at", -1), ("_id", -1)],
    [("tenant", 1), ("kind", 1), ("at", -1), ("_id", -1)],
    [("tenant", 1), ("words", 1), ("at", -1), ("_id", -1)],
    [("nested.number", 1)],
    [("at", 1)],
)
Record = dict[str, Any]


class PlainServer(MongoServer):
    """The store of an earlier release."""

    def command(self) -> Sequence[str]:
        program = Path(__file__).parents[1] / "support" / "PlainMongo.java"
        return [java(), "-cp", classpath(), str(program), str(self.port), str(self.folder / "mongo.h2")]


def client_of(server: MongoServer) -> MongoClient[Record]:
    return MongoClient(f"mongodb://{server.address}", tz_aware=True, timeoutMS=60_000)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MongoClient[Record]]:
    require_local_stack()
    server = MongoServer(free_port(), tmp_path_factory.mktemp("store"))
    server.start()
    server.wait_ready()
    with closing(client_of(server)) as client:
        yield client
    server.stop()


def a_record(chance: random.Random, number: int) -> Record:
    record: Record = {
        "_id": f"id-{number:05}",
        "tenant": chance.choice(("a", "b", None)),
        "at": START + timedelta(seconds=chance.randrange(50)),
        "kind": chance.choice(("x", "y", "y\0z", "å", "𝒳", 3, 3.5, True)),
        "words": [chance.choice("pqrst") for _ in range(chance.randrange(4))],
        "nested": {"number": chance.choice((-7, 0, 0.5, 12, 1 << 60, (1 << 60) + 1))},
    }
    if chance.random() < 0.3:
        del record[chance.choice(("tenant", "at", "kind", "words", "nested"))]
    return record


def a_query(chance: random.Random) -> Record:
    parts: list[Record] = [
        {"tenant": chance.choice(("a", "b", None))},
        {"kind": chance.choice(("x", "y\0z", 3, None, {"$in": ["x", "å", 3]}, {"$gt": "y"}, {"$lte": 3.2}))},
        {"words": chance.choice(("p", {"$all": ["p", "q"]}, {"$in": ["r", "s"]}, {"$gt": "q"}, []))},
        {"nested.number": chance.choice((0, {"$gt": 0}, {"$gte": 1 << 60, "$lt": (1 << 60) + 1}))},
        {"at": {"$gte": START + timedelta(seconds=chance.randrange(50))}},
        {"at": {"$exists": chance.random() < 0.5}},
        {"_id": {"$in": [f"id-{chance.randrange(400):05}" for _ in range(9)]}},
        {"$or": [{"tenant": "a", "kind": "x"}, {"words": "t"}]},
        {"$and": [{"at": {"$lte": START + timedelta(seconds=chance.randrange(50))}}]},
    ]
    query: Record = {}
    for part in chance.sample(parts, chance.randrange(4)):
        query |= part
    return query


def test_indexes_change_no_answer(store: MongoClient[Record]) -> None:
    chance = random.Random(7)
    with_indexes, without = store.same.indexed, store.same.plain
    for keys in INDEXES[:3]:
        with_indexes.create_index(keys)
    records = [a_record(chance, number) for number in range(400)]
    for collection in (with_indexes, without):
        collection.insert_many([dict(record) for record in records])
    for keys in INDEXES[3:]:  # over what is there already
        with_indexes.create_index(keys)
    sorts = (None, [("at", -1), ("_id", -1)], [("_id", 1)], [("tenant", 1), ("at", 1), ("_id", 1)], [("nested.number", -1), ("_id", -1)])  # fmt: skip
    found = 0
    for turn in range(400):
        query, sort, limit = a_query(chance), chance.choice(sorts), chance.choice((0, 1, 7))
        if turn % 20 == 0:
            change = {"$set": {"at": START, "kind": "moved", "words": ["p", "t"]}, "$unset": {"tenant": ""}}
            some = {"_id": {"$in": [f"id-{chance.randrange(400):05}" for _ in range(5)]}}
            for collection in (with_indexes, without):
                collection.update_many(some, change)
                collection.delete_one({"_id": f"id-{turn:05}"})
        if sort is None:
            limit = 0  # which ones is up to the store
        answers = [
            list(collection.find(query, sort=sort, limit=limit, projection={"tenant": 0}))
            for collection in (with_indexes, without)
        ]
        if sort is None:
            answers = [sorted(answer, key=lambda record: record["_id"]) for answer in answers]
        assert answers[0] == answers[1], (query, sort, limit)
        assert with_indexes.count_documents(query) == without.count_documents(query)
        found += len(answers[0])
    assert found > 5_000


def test_a_long_answer_comes_in_pieces(store: MongoClient[Record]) -> None:
    many = store.same.many
    many.create_index([("tenant", 1), ("number", 1)])
    many.insert_many([{"_id": f"{n}", "tenant": "a", "number": n, "text": "x" * 200_000} for n in range(300)])
    assert [record["number"] for record in many.find({"tenant": "a"}).sort("number", 1)] == [*range(300)]
    many.drop()


def test_unique_indexes_hold(store: MongoClient[Record]) -> None:
    slots = store.same.slots
    slots.create_index("slot", unique=True, sparse=True)
    slots.insert_many([{"_id": "one", "slot": "a"}, {"_id": "two"}, {"_id": "three"}])
    with pytest.raises(DuplicateKeyError):
        slots.update_one({"_id": "two"}, {"$set": {"slot": "a"}})
    slots.update_one({"_id": "one"}, {"$unset": {"slot": ""}})
    assert slots.update_one({"_id": "two"}, {"$set": {"slot": "a"}}).modified_count == 1


def test_a_killed_store_has_all_or_nothing_of_each_record(tmp_path: Path) -> None:
    require_local_stack()
    server = MongoServer(free_port(), tmp_path)
    server.start()
    server.wait_ready()
    written = threading.Event()

    def write() -> None:
        chance = random.Random(3)
        with closing(client_of(server)) as client, contextlib.suppress(PyMongoError):
            for turn in range(100_000):
                at = START + timedelta(seconds=turn)
                moved = {"$set": {"tenant": "a", "at": at, "words": ["p", f"{turn}"]}}
                names = [f"id-{chance.randrange(3_000)}" for _ in range(50)]
                client.same.all.bulk_write([UpdateOne({"_id": name}, moved, upsert=True) for name in names])
                if turn == 40:
                    written.set()

    with closing(client_of(server)) as client:
        for keys in (INDEXES[0], INDEXES[2]):
            client.same.all.create_index(keys)
    writer = threading.Thread(target=write)
    writer.start()
    assert written.wait(120)
    server.kill()
    writer.join()
    server.start()
    server.wait_ready()
    with closing(client_of(server)) as client:
        everything = {record["_id"]: record for record in client.same.all.find({"at": {"$exists": True}})}
        newest = list(client.same.all.find({"tenant": "a"}).sort([("at", -1), ("_id", -1)]).limit(100_000))
        searched = list(client.same.all.find({"tenant": "a", "words": "p"}))
        assert everything
        assert {record["_id"]: record for record in newest} == everything
        assert {record["_id"]: record for record in searched} == everything
        assert all(
            client.same.all.find_one({"_id": name}) == everything[name] for name in list(everything)[:50]
        )
    server.stop()


def test_a_folder_of_an_earlier_release_opens(tmp_path: Path) -> None:
    require_local_stack()
    chance = random.Random(5)
    records = [a_record(chance, number) for number in range(300)]
    for server in (PlainServer(free_port(), tmp_path), MongoServer(free_port(), tmp_path)):
        server.start()
        server.wait_ready()
        with closing(client_of(server)) as client:
            kept = client.same.kept
            if isinstance(server, PlainServer):
                for keys in INDEXES:
                    kept.create_index(keys)
                kept.create_index("slot", unique=True, sparse=True)
                kept.insert_many(records)
                kept.update_one({"_id": "id-00001"}, {"$set": {"slot": "a"}})
                records = list(kept.find().sort("_id", 1))
            else:
                assert list(kept.find().sort("_id", 1)) == records
                listed = list(kept.find({"tenant": "a"}).sort([("at", -1), ("_id", -1)]))
                assert {record["_id"] for record in listed} == {
                    record["_id"] for record in records if record.get("tenant") == "a"
                }
                with pytest.raises(DuplicateKeyError):
                    kept.insert_one({"_id": "another", "slot": "a"})
                kept.update_one({"_id": "id-00002"}, {"$set": {"tenant": "c"}})
                assert [record["_id"] for record in kept.find({"tenant": "c"})] == ["id-00002"]
        server.stop()


class QuickServer(MongoServer):
    """It looks for what has expired each second instead of each minute."""

    def command(self) -> Sequence[str]:
        program, *rest = super().command()
        return [program, "-Dbrevity.expire.seconds=1", *rest]


def test_what_has_expired_is_deleted_and_nothing_else_also_after_a_restart(tmp_path: Path) -> None:
    require_local_stack()
    server = QuickServer(free_port(), tmp_path)
    now = datetime.now(UTC)
    for start in range(2):
        server.start()
        server.wait_ready()
        with closing(client_of(server)) as client:
            records = client["database"]["records"]
            if start == 0:
                records.create_index([("at", 1)], name="retention", expireAfterSeconds=3_600)
                client["database"]["others"].create_index([("at", 1)])
            for name in ("records", "others"):
                client["database"][name].insert_many(
                    [{"_id": "old", "at": now - timedelta(hours=2)}, {"_id": f"new {start}", "at": now}]
                )
                client["database"][name].insert_many([{"at": None}, {"at": "yesterday"}, {}])
            eventually("the old one has gone", lambda there=records: there.find_one({"_id": "old"}) is None)
            assert records.count_documents({}) == 4 * (start + 1)
            assert client["database"]["others"].delete_one({"_id": "old"}).deleted_count == 1
            assert client["database"]["others"].count_documents({}) == 4 * (start + 1)
        server.stop()
