"""The description of ingest's door: what errors point people to."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from brevity.ingest.description import SHOW, SUBMIT

BODIES: dict[str, Any] = SUBMIT["openapi_extra"]["requestBody"]["content"]
TOLD = BODIES["application/json"]["schema"]


@pytest.mark.parametrize(
    ("body", "fits"),
    [
        ({"text": "The bridge is open."}, True),
        ({"url": "https://example.org/", "title": "A page"}, True),
        ({"object": {"uri": "s3://bucket/uploads/default/x"}, "summary": {"words": 20}}, True),
        ({}, False),
        ({"text": "Two", "url": "https://example.org/"}, False),
        ({"text": "The bridge is open.", "summary": {"words": 1}}, False),
        ({"text": "The bridge is open.", "document_id": "a" * 201}, False),
    ],
)
def test_the_schema_takes_what_the_door_takes(body: dict[str, Any], fits: bool) -> None:
    assert jsonschema.Draft202012Validator(TOLD).is_valid(body) is fits


def test_nothing_refers_to_what_is_not_there() -> None:
    assert "$ref" not in json.dumps([BODIES, SUBMIT["responses"], SHOW])


def test_every_answer_is_told() -> None:
    assert {202, 401, 413, 415, 422, 429, 503} <= set(SUBMIT["responses"])
    assert {200, 401, 404, 429, 503} <= set(SHOW["responses"])
    for route in (SUBMIT, SHOW):
        for status, answer in route["responses"].items():
            assert ("application/problem+json" in answer["content"]) is (status >= 400)
    assert BODIES["multipart/form-data"]["schema"]["required"] == ["file"]
