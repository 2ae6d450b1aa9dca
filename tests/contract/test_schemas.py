"""The released schemas are those of the models, and real events fit them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import jsonschema
import pytest
from pydantic import BaseModel
from tools import generate

from brevity.common.events import ALL_EVENTS, DocumentSubmitted, Event
from brevity.common.kafka.topics import TOPICS, retry_topic
from tests.contract.released import ALL_EXAMPLES, examples
from tests.support.samples import sample_documents

SCHEMAS = generate.DOCS / "schemas"
each_example = pytest.mark.parametrize(("event", "value"), ALL_EXAMPLES.values(), ids=ALL_EXAMPLES)


def released(event: type[Event]) -> dict[str, Any]:
    return json.loads((SCHEMAS / f"{event.topic}.json").read_text("utf-8"))


def validator(event: type[Event]) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(released(event))


def filled(value: Any, where: str = "") -> set[str]:
    """Places of the fields that hold something, in the event and in its parts."""
    if isinstance(value, list):
        return {place for item in value for place in filled(item, where)}
    if not isinstance(value, BaseModel):
        return set()
    held = {name: getattr(value, name) for name in type(value).model_fields}
    places = {f"{where}.{name}" for name, item in held.items() if item not in (None, [], {})}
    return places | {place for name, item in held.items() for place in filled(item, f"{where}.{name}")}


def parts(annotation: Any) -> Iterator[Any]:
    """What a type is made of, itself first."""
    yield annotation
    for part in get_args(annotation):
        yield from parts(part)


def fields(model: type[BaseModel], where: str = "") -> set[str]:
    """Places of all fields that the event and its parts have."""
    places: set[str] = set()
    for name, field in model.model_fields.items():
        places.add(f"{where}.{name}")
        for part in parts(field.annotation):
            if isinstance(part, type) and issubclass(part, BaseModel):
                places |= fields(part, f"{where}.{name}")
    return places


def test_the_generated_files_are_those_of_the_models() -> None:
    assert generate.stale() == [], "run `make docs` and commit what it writes"
    assert generate.main(["--check"]) == 0


def test_a_changed_missing_or_left_over_file_is_noticed_and_mended(tmp_path: Path) -> None:
    folder = tmp_path / "docs"
    generate.write(folder)
    schema = folder / "schemas" / "documents.accepted.json"
    schema.write_text(schema.read_text("utf-8").replace("Unicode NFC", "any form"), "utf-8")
    (folder / "topics.md").unlink()
    (folder / "schemas" / "documents.forgotten.json").write_text("{}")
    assert generate.stale(folder) == [
        "schemas/documents.accepted.json",
        "schemas/documents.forgotten.json",
        "topics.md",
    ]
    generate.write(folder)
    assert generate.stale(folder) == []


def test_every_event_has_a_topic_and_every_topic_an_event() -> None:
    retries = {retry_topic(topic.name) for topic in TOPICS} | {
        topic.name for topic in TOPICS if topic.name.endswith(".retry")
    }
    assert {event.topic for event in ALL_EVENTS} == {topic.name for topic in TOPICS} - retries


@pytest.mark.parametrize("event", ALL_EVENTS, ids=lambda event: event.topic)
def test_a_released_schema_is_itself_a_valid_schema(event: type[Event]) -> None:
    jsonschema.Draft202012Validator.check_schema(released(event))
    assert released(event)["$id"] == f"urn:brevity:{event.topic}:v{event.schema_version}"


@pytest.mark.parametrize("event", ALL_EVENTS, ids=lambda event: event.topic)
def test_every_field_of_an_event_is_in_one_of_its_examples(event: type[Event]) -> None:
    shown = {place for value in examples(event).values() for place in filled(event.model_validate(value))}
    assert fields(event) == shown, "add an example that holds the new field"


@each_example
def test_an_example_fits_its_released_schema(event: type[Event], value: dict[str, Any]) -> None:
    validator(event).validate(value)


@each_example
def test_what_a_model_writes_fits_the_schema_and_reads_back_the_same(
    event: type[Event], value: dict[str, Any]
) -> None:
    written = event.model_validate(value).to_json()
    validator(event).validate(json.loads(written))
    assert event.model_validate_json(written).to_json() == written


@each_example
def test_a_reader_ignores_a_field_it_does_not_know(event: type[Event], value: dict[str, Any]) -> None:
    later = {**value, "added_in_a_later_version": {"any": ["thing"]}}
    validator(event).validate(later)
    assert event.model_validate(later) == event.model_validate(value)


@pytest.mark.parametrize("event", ALL_EVENTS, ids=lambda event: event.topic)
def test_schema_and_model_refuse_the_same_when_a_required_field_is_missing(event: type[Event]) -> None:
    for name in released(event).get("required", []):
        value = {key: item for key, item in examples(event)["full"].items() if key != name}
        with pytest.raises(jsonschema.ValidationError):
            validator(event).validate(value)
        with pytest.raises(ValueError, match=name):
            event.model_validate(value)


@pytest.mark.parametrize("document", sample_documents(), ids=lambda document: document["document_id"])
def test_a_bundled_document_fits_the_schema_of_submissions(document: dict[str, str]) -> None:
    validator(DocumentSubmitted).validate(document)
    DocumentSubmitted.model_validate(document)


@pytest.mark.parametrize(
    "wrong",
    [
        {"text": "t", "tenant": "Upper"},
        {"text": "t", "document_id": "with blank"},
        {"text": "t", "summary": {"words": 4}},
        {"text": "t", "summary": {"style": "poem"}},
        {"text": "t", "language": "e"},
        {"text": "t", "metadata": {"k": 1}},
        {"object": {"uri": "http://elsewhere/x"}},
        {},
        {"text": None},
        {"text": "t", "object": {"uri": "s3://brevity/x"}},
    ],
    ids=str,
)
def test_the_schema_refuses_a_wrong_submission_as_the_model_does(wrong: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        validator(DocumentSubmitted).validate(wrong)
    with pytest.raises(ValueError, match="validation error"):
        DocumentSubmitted.model_validate(wrong)


@pytest.mark.parametrize(
    "right", [{"text": "t", "object": None}, {"text": None, "object": {"uri": "s3://brevity/x"}}], ids=str
)
def test_null_counts_as_absent_in_a_submission(right: dict[str, Any]) -> None:
    validator(DocumentSubmitted).validate(right)
    DocumentSubmitted.model_validate(right)
