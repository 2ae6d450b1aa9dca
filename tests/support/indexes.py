"""Every query that a service sends is held against the indexes that the services declare.

The listener sees the commands of all clients in this process. What a service's own code sent, and no index serves, is a
query that reads a whole collection, in MongoDB as in the local store: it is fast in every test and stops a platform.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pymongo.monitoring import CommandListener

_SMALL = {"feedback_summary_kinds", "feedback_drift", "feedback_promotions", "feedback_model_reports"}
"""Some tens or hundreds of records, whatever the platform has done."""

_ONCE = ("feedback/mongo/kinds.py", "feedback/mongo/gathering.py", "trainer/jobs/tenants.py")
"""Read all that an earlier release has left, at one start."""

_FIRST_TIME = "/common/storage/retention.py"
"""Gives all that an earlier release has left a time to expire by, at one start."""

_FEW = {"document_id", "summary_id", "content_hash"}
"""What is found by one of these is little, and may be sorted."""

_RANGES = {"$gt", "$gte", "$lt", "$lte"}
_FILTERS = {"find": "filter", "count": "query", "distinct": "query", "findAndModify": "query"}
Query = Mapping[str, Any]
Keys = Sequence[tuple[str, int]]


class QueryListener(CommandListener):
    """Collects what was asked, by collection, and which indexes were declared."""

    def __init__(self) -> None:
        self.indexes: dict[str, list[Keys]] = {}
        self.asked: dict[str, tuple[str, Query, Keys]] = {}

    def started(self, event: Any) -> None:
        command, name = event.command, event.command_name
        collection = str(command.get(name))
        if name == "createIndexes":
            for index in command["indexes"]:
                if not index.get("sparse"):
                    self.indexes.setdefault(collection, []).append([*index["key"].items()])
            return
        where = _asked_by()
        if where is None:
            return
        sort: Keys = [*(command.get("sort") or {}).items()]
        for query in _queries(name, command):
            self.asked[f"{where} {collection} {sorted(query)} {sort}"] = (collection, query, sort)

    def succeeded(self, event: Any) -> None: ...

    def failed(self, event: Any) -> None: ...

    def unserved(self) -> list[str]:
        """What no index serves, each with the line that asked."""
        return [
            told
            for told, (collection, query, sort) in self.asked.items()
            if collection in self.indexes
            and not told.startswith(_ONCE)
            and collection not in _SMALL
            and not served(query, sort, self.indexes[collection])
        ]


def served(query: Query, sort: Keys, indexes: Sequence[Keys]) -> bool:
    """Whether an index finds what `query` asks for, in the order of `sort`, without reading much else."""
    conditions = dict(_conditions(query))
    equal = {
        field
        for field, value in conditions.items()
        if not isinstance(value, dict) or {"$eq", "$all"} & value.keys()
    }
    one_of = {field for field, value in conditions.items() if isinstance(value, dict) and "$in" in value}
    between = {
        field for field, value in conditions.items() if isinstance(value, dict) and _RANGES & value.keys()
    }
    if "_id" in equal | one_of:
        return True
    rest = [(field, direction) for field, direction in sort if field not in equal]
    for keys in indexes:
        bound = 0
        while bound < len(keys) and keys[bound][0] in equal | one_of:
            bound += 1
        found = {field for field, _ in keys[:bound]}
        begins = bound > 0 or keys[0][0] in between
        in_order = not found & one_of and _same_order(rest, keys[bound:])
        if begins and (in_order or not rest or found & _FEW):
            return True
        if rest and in_order and not query:
            return True
    return False


def _same_order(sort: Keys, keys: Keys) -> bool:
    signs = {mine * its for (_, mine), (_, its) in zip(sort, keys, strict=False)}
    return [field for field, _ in sort] == [field for field, _ in keys[: len(sort)]] and len(signs) <= 1


def _conditions(query: Query) -> Iterator[tuple[str, Any]]:
    for field, value in query.items():
        if field == "$and":
            for part in value:
                yield from _conditions(part)
        elif not field.startswith("$"):
            yield field, value


def _queries(name: str, command: Query) -> Iterator[Query]:
    if name in _FILTERS:
        yield command.get(_FILTERS[name]) or {}
    elif name in ("update", "delete"):
        for item in command.get("updates") or command.get("deletes") or ():
            yield item["q"]
    elif name == "aggregate":
        yield command["pipeline"][0].get("$match", {})


def _asked_by() -> str | None:
    """The nearest line of a service's own code; None when a test asks by itself."""
    frame = sys._getframe(2)
    while frame is not None:
        file = frame.f_code.co_filename
        if file.endswith(_FIRST_TIME):
            return None
        if "/services/" in file and "/brevity/" in file:
            return f"{file.rsplit('/brevity/', 1)[1]}:{frame.f_lineno}"
        frame = frame.f_back
    return None
