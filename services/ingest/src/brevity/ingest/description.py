"""What `/openapi.json` says of the door: bodies as JSON or as a form, and every answer."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from brevity.common.events import DocumentSubmitted
from brevity.common.events.documents import SummaryRequest
from brevity.common.http.problem import described

Schema = dict[str, Any]


def inlined(model: type[BaseModel]) -> Schema:
    """The model's JSON Schema without references: those of a part of a document would lead elsewhere."""
    schema = model.model_json_schema()
    parts: Schema = schema.pop("$defs", {})

    def put(value: Any) -> Any:
        if isinstance(value, list):
            return [put(item) for item in value]
        if not isinstance(value, dict):
            return value
        if "$ref" in value:
            named = parts[value["$ref"].rsplit("/", 1)[1]]
            return put({**named, **{name: item for name, item in value.items() if name != "$ref"}})
        return {name: put(item) for name, item in value.items()}

    return put(schema)


def _json_body() -> Schema:
    schema = inlined(DocumentSubmitted)
    properties: Schema = schema["properties"]
    del properties["tenant"]  # the key says whose it is
    properties["url"] = {
        "type": "string",
        "description": "Address of a page to fetch instead; where BREVITY_INGEST_URL_FETCH allows it.",
    }
    schema["oneOf"] = [{"required": [name]} for name in ("text", "object", "url")]
    return schema


def _form_body() -> Schema:
    document, wanted = inlined(DocumentSubmitted)["properties"], inlined(SummaryRequest)["properties"]
    return {
        "type": "object",
        "required": ["file"],
        "additionalProperties": False,
        "properties": {
            "file": {"type": "string", "format": "binary", "description": "The document, in any format of docs/reading.md."},
            **{name: document[name] for name in ("document_id", "title", "language")},
            **{name: wanted[name] for name in ("words", "length", "style")},
        },
    }  # fmt: skip


SUBMIT: Schema = {
    "openapi_extra": {
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": _json_body()},
                "multipart/form-data": {"schema": _form_body()},
            },
        }
    },
    "responses": {
        202: {
            "description": "Kafka has it; `location` tells how it stands.",
            "headers": {"Location": {"schema": {"type": "string"}}},
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "required": ["document_id", "location"],
                        "properties": {"document_id": {"type": "string"}, "location": {"type": "string"}},
                    }
                }
            },
        },
        **described(400, 401, 403, 404, 408, 413, 415, 422, 429, 503),
    },
}
"""Of `POST /v1/documents`."""


class ToRead(BaseModel):
    """A text to be read, as JSON."""

    model_config = ConfigDict(extra="forbid")

    text: str
    media_type: str | None = Field(
        default=None,
        max_length=200,
        description="What it is, e.g. `text/markdown`; absent: told by how it begins.",
    )


_READING: Schema = {
    "type": "object",
    "required": ["kind", "language", "text", "blocks", "warnings", "words", "words_dropped"],
    "properties": {
        "kind": {"type": "string"},
        "title": {"type": ["string", "null"]},
        "language": {"type": "string"},
        "language_confidence": {"type": "number"},
        "text": {"type": "string"},
        "blocks": {"type": "array", "items": {"type": "object"}},
        "warnings": {"type": "array", "items": {"type": "object"}},
        "words": {"type": "integer"},
        "words_dropped": {"type": "integer"},
    },
}

READ: Schema = {
    "openapi_extra": {
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": inlined(ToRead)},
                "multipart/form-data": {
                    "schema": {
                        "type": "object",
                        "required": ["file"],
                        "additionalProperties": False,
                        "properties": {"file": {"type": "string", "format": "binary"}},
                    }
                },
            },
        }
    },
    "responses": {
        200: {
            "description": "What was read: nothing of it is kept.",
            "content": {"application/json": {"schema": _READING}},
        },
        **described(400, 401, 403, 408, 413, 415, 422, 429, 503),
    },
}
"""Of `POST /v1/read`."""

SHOW: Schema = {
    "responses": {
        200: {
            "description": "How it stands, with what is known of it by then: summary, or reason and remedy.",
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "required": ["document_id", "state"],
                        "properties": {
                            "document_id": {"type": "string"},
                            "state": {"enum": ["submitted", "accepted", "rejected", "failed", "completed"]},
                        },
                    }
                }
            },
        },
        **described(401, 404, 422, 429, 503),
    },
}
"""Of `GET /v1/documents/{document_id}`."""
