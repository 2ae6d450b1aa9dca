"""A change of an event that would break a producer or a reader fails here, and harmless ones pass."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tools import generate
from tools.compatibility import Schema, breaking, differences

from brevity.common.events import ALL_EVENTS, DocumentSubmitted, SummaryCompleted, asyncapi
from brevity.common.kafka.topics import BY_NAME
from tests.contract.released import ALL_EXAMPLES

Change = Callable[[Schema], None]

SUBMITTED, COMPLETED = BY_NAME["documents.submitted"], BY_NAME["summaries.completed"]


def changed(event: Any, change: Change) -> tuple[Schema, Schema]:
    schema = asyncapi.schema(event)
    other = copy.deepcopy(schema)
    change(other)
    assert other != schema, "the change changes nothing"
    return schema, other


def setting(*path: str | int, to: Any) -> Change:
    """A change that sets one place of a schema; `{}` on the way are made."""

    def change(schema: Schema) -> None:
        place: Any = schema
        for name in path[:-1]:
            place = place[name] if isinstance(name, int) else place.setdefault(name, {})
        place[path[-1]] = to

    return change


def without(*path: str) -> Change:
    def change(schema: Schema) -> None:
        place = schema
        for name in path[:-1]:
            place = place[name]
        del place[path[-1]]

    return change


def requiring(name: str, *path: str) -> Change:
    def change(schema: Schema) -> None:
        place = schema
        for step in path:
            place = place[step]
        place.setdefault("properties", {}).setdefault(name, {"type": "string"})
        place["required"] = [*place.get("required", []), name]

    return change


def not_requiring(name: str) -> Change:
    return lambda schema: schema["required"].remove(name)


REQUEST = ("$defs", "SummaryRequest", "properties")
STYLE = (*REQUEST, "style", "anyOf", 0)
"""Where its values stand in what anybody writes: beside the alternative that it is null."""

NARROWER: dict[str, Change] = {
    "a new field that is required": requiring("department"),
    "an old field that becomes required": requiring("title"),
    "a field that is gone": without("properties", "title"),
    "a field of a part that is gone": without(*REQUEST, "words"),
    "a part's field that becomes required": requiring("words", "$defs", "SummaryRequest"),
    "a string that becomes a number": setting("properties", "tenant", "anyOf", 0, "type", to="integer"),
    "null no longer allowed": setting("properties", "title", to={"type": "string", "maxLength": 1_000}),
    "a value of an enumeration that is gone": setting(*STYLE, "enum", to=["paragraph"]),
    "free text that becomes an enumeration": setting("properties", "tenant", "enum", to=["default"]),
    "a shorter longest text": setting("properties", "tenant", "maxLength", to=10),
    "a longer shortest text": setting("properties", "tenant", "minLength", to=2),
    "another pattern": setting("properties", "tenant", "pattern", to="^[a-z]+$"),
    "a new format": setting("properties", "tenant", "format", to="hostname"),
    "a smaller range": setting(
        *REQUEST,
        "words",
        "anyOf",
        to=[{"type": "integer", "minimum": 50, "maximum": 5_000}, {"type": "null"}],
    ),
    "fewer entries": setting("properties", "metadata", "maxProperties", to=1),
    "other values in a map": setting("properties", "metadata", "additionalProperties", "type", to="integer"),
    "no unknown fields any more": setting("additionalProperties", to=False),
    "another default": setting(*REQUEST, "style", "default", to="bullets"),
    "a new rule between fields": setting("anyOf", to=[{"required": ["title"]}]),
    "a keyword nobody here knows": setting("properties", "tenant", "x-unheard-of", to=1),
}
"""What was valid is no longer: breaks old producers, and old events that are read again."""

WIDER: dict[str, Change] = {
    "a required field that may be absent": not_requiring("language"),
    "null where there was none": setting(
        "properties", "summary", to={"anyOf": [{"type": "string"}, {"type": "null"}]}
    ),
    "a number that becomes a string or number": setting(
        "$defs", "Span", "properties", "start", to={"type": ["integer", "string"], "minimum": 0}
    ),
    "an integer that becomes any number": setting(
        "$defs", "Usage", "properties", "source_words", "type", to="number"
    ),
    "a new value of an enumeration": setting(
        "$defs",
        "SummaryRequest",
        "properties",
        "style",
        "enum",
        to=["paragraph", "bullets", "headline", "poem"],
    ),
    "an enumeration that becomes free text": without(
        "$defs", "SummaryRequest", "properties", "style", "enum"
    ),
    "a larger range": setting("$defs", "SupportedSentence", "properties", "support", "maximum", to=100),
    "a bound that is gone": without("$defs", "Coverage", "properties", "percent", "maximum"),
    "a pattern that is gone": without("properties", "tenant", "pattern"),
}
"""What was never written may come now: breaks old readers."""

HARMLESS: dict[str, Change] = {
    "a new optional field": setting("properties", "department", to={"type": "string"}),
    "a new optional field of a part": setting(*REQUEST, "tone", to={"type": "string", "default": "plain"}),
    "another description": setting("properties", "tenant", "description", to="Whose it is."),
    "a definition under another name": lambda schema: schema.update(
        json.loads(json.dumps(schema).replace("SummaryRequest", "Wish"))
    ),
    "the order of an enumeration": setting(*STYLE, "enum", to=["headline", "bullets", "paragraph"]),
}


@pytest.mark.parametrize("event", ALL_EVENTS, ids=lambda event: event.topic)
def test_the_models_agree_with_the_released_schemas(event: Any) -> None:
    released = json.loads((generate.DOCS / "schemas" / f"{event.topic}.json").read_text("utf-8"))
    assert breaking(released, asyncapi.schema(event), BY_NAME[event.topic]) == []


@pytest.mark.parametrize("name", NARROWER)
def test_what_old_producers_write_must_stay_valid(name: str) -> None:
    released, new = changed(DocumentSubmitted, NARROWER[name])
    assert any(found.kind == "narrower" for found in differences(released, new))
    assert breaking(released, new, SUBMITTED)
    assert breaking(released, new, COMPLETED)


@pytest.mark.parametrize("name", WIDER)
def test_what_old_readers_meet_must_stay_what_they_know(name: str) -> None:
    released, new = changed(SummaryCompleted, WIDER[name])
    assert {found.kind for found in differences(released, new)} == {"wider"}
    assert breaking(released, new, COMPLETED)


@pytest.mark.parametrize("name", WIDER)
def test_the_platform_may_take_more_than_before_from_producers(name: str) -> None:
    released, new = changed(SummaryCompleted, WIDER[name])
    assert breaking(released, new, SUBMITTED) == []


@pytest.mark.parametrize("name", HARMLESS)
def test_harmless_changes_pass_for_everybody(name: str) -> None:
    released, new = changed(DocumentSubmitted, HARMLESS[name])
    assert breaking(released, new, SUBMITTED) == []
    assert breaking(released, new, COMPLETED) == []


def test_a_break_is_named_by_its_place() -> None:
    released, new = changed(DocumentSubmitted, NARROWER["a value of an enumeration that is gone"])
    assert breaking(released, new, SUBMITTED) == [
        "summary.style: may no longer be 'bullets'",
        "summary.style: may no longer be 'headline'",
    ]


def test_a_schema_that_contains_itself_is_compared_to_its_end() -> None:
    tree: Schema = {
        "$ref": "#/$defs/Tree",
        "$defs": {
            "Tree": {
                "type": "object",
                "properties": {"name": {"type": "string"}, "child": {"anyOf": [{"$ref": "#/$defs/Tree"}, {"type": "null"}]}},
            }
        },
    }  # fmt: skip
    other = copy.deepcopy(tree)
    other["$defs"]["Tree"]["properties"]["name"]["maxLength"] = 5
    assert differences(tree, tree) == []
    assert "name: maxLength is 5, was None" in [str(found) for found in differences(tree, other)]


_FACETS = st.fixed_dictionaries(
    {},
    optional={
        "minLength": st.integers(0, 4),
        "maxLength": st.integers(0, 4),
        "enum": st.lists(st.sampled_from(["", "a", "bb", "ccc"]), min_size=1, unique=True),
    },
)
_STRING = _FACETS.map(lambda facets: {"type": "string", **facets})
_NUMBER = st.sampled_from(["integer", "number"]).flatmap(
    lambda kind: st.fixed_dictionaries(
        {"type": st.just(kind)}, optional={"minimum": st.integers(0, 3), "maximum": st.integers(0, 3)}
    )
)
_ONE = st.one_of(_STRING, _NUMBER, st.just({"type": "null"}))
_ANY = st.one_of(_ONE, st.tuples(_STRING, _NUMBER).map(lambda two: {"anyOf": list(two)}))
_OBJECT = st.dictionaries(st.sampled_from("xy"), _ANY, max_size=2).flatmap(
    lambda fields: st.lists(st.sampled_from(sorted(fields) or ["x"]), unique=True, max_size=len(fields)).map(
        lambda needed: {"type": "object", "properties": fields, "required": needed}
    )
)
_VALUES = st.dictionaries(
    st.sampled_from("xy"), st.sampled_from(["", "a", "bb", "ccc", 0, 1, 2.5, 3, None]), max_size=2
)


@given(released=_OBJECT, new=_OBJECT, value=_VALUES)
def test_nothing_that_was_valid_is_refused_by_a_change_called_harmless(
    released: Schema, new: Schema, value: dict[str, Any]
) -> None:
    old_says, new_says = (
        jsonschema.Draft202012Validator(schema).is_valid(value) for schema in (released, new)
    )
    kinds = {found.kind for found in differences(released, new)}
    added = new["properties"].keys() - released["properties"].keys()
    if (
        old_says and not new_says and not added & value.keys()
    ):  # an unknown field of that name is ignored today
        assert "narrower" in kinds
    if new_says and not old_says:
        assert kinds, "what could not come before may come now"


@pytest.mark.parametrize(("event", "value"), ALL_EXAMPLES.values(), ids=ALL_EXAMPLES)
def test_examples_of_today_stay_valid_in_a_schema_that_gained_a_field(
    event: Any, value: dict[str, Any]
) -> None:
    _, new = changed(event, setting("properties", "department", to={"type": "string"}))
    jsonschema.Draft202012Validator(new).validate(value)


def _folder_released_with(tmp_path: Path, change: Change) -> Path:
    """A docs folder as it would be had the submission's schema been released with `change`."""
    folder = tmp_path / "docs"
    generate.write(folder)
    path = folder / "schemas" / "documents.submitted.json"
    schema = json.loads(path.read_text("utf-8"))
    change(schema)
    path.write_text(json.dumps(schema), "utf-8")
    return folder


def test_generating_refuses_to_overwrite_a_schema_that_it_would_break(tmp_path: Path) -> None:
    folder = _folder_released_with(tmp_path, setting("properties", "priority", to={"type": "integer"}))
    assert generate.broken(folder) == ["documents.submitted: priority: the field is gone"]


def test_a_raised_version_is_another_schema(tmp_path: Path) -> None:
    def change(schema: Schema) -> None:
        schema["properties"]["priority"] = {"type": "integer"}
        schema["$id"] = "urn:brevity:documents.submitted:v0"

    assert generate.broken(_folder_released_with(tmp_path, change)) == []


def test_a_field_that_is_gained_is_no_break(tmp_path: Path) -> None:
    folder = _folder_released_with(tmp_path, without("properties", "media_type"))
    assert generate.broken(folder) == []
