"""Whether a changed JSON Schema still agrees with the released one: for those who write by it and those who read.

A change may be *narrower* (something that was valid no longer is: old producers, and old events still on the topic,
break), *wider* (something new may appear: old readers break), or neither. A topic that anybody writes and only the
platform reads may become wider, never narrower. Every other topic has readers elsewhere and may become neither; what
it can gain is an optional field, which readers ignore.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from brevity.common.kafka.topics import Topic

Schema = dict[str, Any]

_NOTES = {"$schema", "$id", "$defs", "$comment", "title", "description", "examples", "deprecated"}
_HANDLED = {
    "type",
    "enum",
    "const",
    "properties",
    "required",
    "items",
    "additionalProperties",
    "propertyNames",
}
_LOWER = {"minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"}
_UPPER = {"maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"}
_EVERY_TYPE = ("array", "boolean", "null", "number", "object", "string")


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where two schemas say different things, e.g. `summary.style`."""

    where: str
    kind: Literal["narrower", "wider"]
    what: str

    def __str__(self) -> str:
        return f"{self.where or 'event'}: {self.what}"


def breaking(released: Schema, new: Schema, topic: Topic) -> list[str]:
    """What of the change from `released` to `new` would break someone who reads or writes `topic`."""
    harmless = "wider" if "any" in topic.writers else None
    return [str(found) for found in differences(released, new) if found.kind != harmless]


def differences(released: Schema, new: Schema) -> list[Difference]:
    """Every narrower or wider place; added optional fields are neither. What cannot be judged counts as narrower."""
    return list(_compare("", released, new, _Definitions(released), _Definitions(new), frozenset()))


class _Definitions:
    """Finds what `$ref` names in one document."""

    def __init__(self, root: Schema) -> None:
        self._found: Schema = root.get("$defs", {})

    def alternatives(self, schema: Schema) -> list[Schema]:
        """The schema as a list of alternatives of one type each."""
        if "$ref" in schema:
            found = self._found[schema["$ref"].removeprefix("#/$defs/")]
            schema = {**found, **{name: value for name, value in schema.items() if name != "$ref"}}
        for joiner in ("anyOf", "oneOf"):
            if joiner in schema and "properties" not in schema:  # beside fields it is a rule about them
                rest = {name: value for name, value in schema.items() if name != joiner}
                return [one for option in schema[joiner] for one in self.alternatives({**rest, **option})]
        types = schema.get("type", _EVERY_TYPE)
        return [{**schema, "type": kind} for kind in ([types] if isinstance(types, str) else types)]


def _compare(
    where: str, old: Schema, new: Schema, olds: _Definitions, news: _Definitions, seen: frozenset[str]
) -> Iterator[Difference]:
    pair = json.dumps([old, new], sort_keys=True)
    if pair in seen:
        return  # a definition inside itself: compared already
    seen |= {pair}
    if old.get("default") != new.get("default"):
        yield Difference(
            where, "narrower", f"the default is {new.get('default')!r}, was {old.get('default')!r}"
        )
    before, after = _by_type(olds.alternatives(old)), _by_type(news.alternatives(new))
    if "integer" in before and "number" in after and "number" not in before:
        yield Difference(where, "wider", "any number may stand where an integer did")
        after["integer"] = [{**one, "type": "integer"} for one in after.pop("number")]
    elif "number" in before and "integer" in after and "number" not in after:
        yield Difference(where, "narrower", "only an integer may stand where any number did")
        after["number"] = [{**one, "type": "number"} for one in after.pop("integer")]
    for kind in sorted(before.keys() - after.keys()):
        yield Difference(where, "narrower", f"may no longer be {kind}")
    for kind in sorted(after.keys() - before.keys()):
        yield Difference(where, "wider", f"may now be {kind}")
    for kind in sorted(before.keys() & after.keys()):
        if len(before[kind]) == len(after[kind]) == 1:
            yield from _one_type(where, before[kind][0], after[kind][0], olds, news, seen)
        elif before[kind] != after[kind]:
            yield Difference(where, "narrower", f"the alternatives of type {kind} are others")


def _by_type(alternatives: list[Schema]) -> dict[str, list[Schema]]:
    found: dict[str, list[Schema]] = {}
    for one in alternatives:
        found.setdefault(one["type"], []).append(one)
    return found


def _one_type(
    where: str, old: Schema, new: Schema, olds: _Definitions, news: _Definitions, seen: frozenset[str]
) -> Iterator[Difference]:
    yield from _values(where, old, new)
    yield from _bounds(where, old, new)
    yield from _fields(where, old, new, olds, news, seen)
    for name in ("items", "additionalProperties", "propertyNames"):
        inner_old, inner_new = _part(old, name), _part(new, name)
        yield from _compare(f"{where}[{name}]", inner_old, inner_new, olds, news, seen)


def _part(schema: Schema, name: str) -> Schema:
    part = schema.get(name, True)
    if part is False:
        return {"enum": []}
    return {} if part is True else part


def _values(where: str, old: Schema, new: Schema) -> Iterator[Difference]:
    before, after = _enumerated(old), _enumerated(new)
    if before is None or after is None:
        if before is not None:
            yield Difference(where, "wider", "may be more than the values listed before")
        if after is not None:
            yield Difference(where, "narrower", f"may only be one of {after}")
        return
    for value in before:
        if value not in after:
            yield Difference(where, "narrower", f"may no longer be {value!r}")
    for value in after:
        if value not in before:
            yield Difference(where, "wider", f"may now be {value!r}")


def _enumerated(schema: Schema) -> list[Any] | None:
    return [schema["const"]] if "const" in schema else schema.get("enum")


def _bounds(where: str, old: Schema, new: Schema) -> Iterator[Difference]:
    names = (old.keys() | new.keys()) - _NOTES - _HANDLED - {"default"}
    for name in sorted(names):
        before, after = old.get(name), new.get(name)
        if before == after:
            continue
        change = f"{name} is {after!r}, was {before!r}"
        if before is None:
            yield Difference(where, "narrower", change)
        elif after is None:
            yield Difference(where, "wider", change)
        elif name in _LOWER | _UPPER:
            yield Difference(where, "narrower" if (after > before) == (name in _LOWER) else "wider", change)
        else:  # a pattern, a format or a keyword unknown here: it may be both
            yield Difference(where, "narrower", change)
            yield Difference(where, "wider", change)


def _fields(
    where: str, old: Schema, new: Schema, olds: _Definitions, news: _Definitions, seen: frozenset[str]
) -> Iterator[Difference]:
    def place(name: str) -> str:
        return f"{where}.{name}" if where else name

    before, after = old.get("properties", {}), new.get("properties", {})
    needed_before, needed_after = set(old.get("required", ())), set(new.get("required", ()))
    for name in sorted(before.keys() - after.keys()):
        yield Difference(place(name), "narrower", "the field is gone")
    for name in sorted(needed_after - needed_before):
        yield Difference(place(name), "narrower", "the field is required now")
    for name in sorted((needed_before - needed_after) & after.keys()):
        yield Difference(place(name), "wider", "the field may be absent now")
    for name in sorted(before.keys() & after.keys()):
        yield from _compare(place(name), before[name], after[name], olds, news, seen)
