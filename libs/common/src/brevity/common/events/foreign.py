"""What a value that is no event looks like: the framings, encodings and wrappings that producers are set up to write."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from brevity.common.errors import Rejected

_PLAIN = (
    "Write plain JSON: value.serializer=org.apache.kafka.common.serialization.StringSerializer and the JSON as its"
    " string, or in Kafka Connect value.converter=org.apache.kafka.connect.json.JsonConverter with"
    " value.converter.schemas.enable=false."
)
_ENCODINGS = (
    ("UTF-32", (b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff", b"{\x00\x00\x00", b"\x00\x00\x00{")),
    ("UTF-16", (b"\xff\xfe", b"\xfe\xff", b"{\x00", b"\x00{\x00")),
)
_COMPRESSIONS = (
    ("gzip", b"\x1f\x8b"),
    ("zstd", b"\x28\xb5\x2f\xfd"),
    ("lz4", b"\x04\x22\x4d\x18"),
    ("snappy", b"\x82SNAPPY\x00"),
    ("zip", b"PK\x03\x04"),
    ("zlib", b"\x78\x9c"),
    ("zlib", b"\x78\xda"),
    ("zlib", b"\x78\x01"),
)
_FILES = (
    ("a PDF file", b"%PDF-"),
    ("an Avro file", b"Obj\x01"),
    ("a serialised Java object", b"\xac\xed\x00\x05"),
    ("XML or HTML", b"<"),
)


def unlike_json(value: bytes) -> Rejected | None:
    """What bytes that are no JSON are, when their beginning tells."""
    for name, beginnings in _ENCODINGS:
        if value.startswith(beginnings):
            return Rejected(
                f"the event is in {name}, not UTF-8",
                code="not_utf8",
                remedy="Write the event as JSON in UTF-8, with or without a byte order mark.",
            )
    for name, beginning in _COMPRESSIONS:
        if value.startswith(beginning):
            return Rejected(
                f"the value itself is compressed ({name})",
                code="not_json",
                remedy="Write the JSON as it is and let the producer compress: its setting compression.type.",
            )
    if value[:1] == b"\x00" and len(value) > 5:
        return Rejected(
            f"the value has the framing of Confluent's Schema Registry (schema id {int.from_bytes(value[1:5])}, "
            f"{_registered(value[5:])} behind it)",
            code="not_json",
            remedy=_PLAIN,
        )
    if value[:2] in (b"\x03\x00", b"\x03\x05") and len(value) > 18:
        packed = ", compressed" if value[1] else ""
        return Rejected(
            f"the value has the framing of AWS Glue's Schema Registry (schema version {value[2:18].hex()}{packed})",
            code="not_json",
            remedy=_PLAIN,
        )
    for name, beginning in _FILES:
        if value.lstrip().startswith(beginning):
            return Rejected(
                f"the value is {name}, not JSON",
                code="not_json",
                remedy='Write {"text": "..."}, or store the file and write {"object": {"uri": "s3://bucket/key"}}.',
            )
    if value.lstrip().startswith(b"eyJ"):  # what `{"` begins
        return Rejected(
            "the event is JSON in Base64",
            code="not_json",
            remedy="Write the JSON as it is: Kafka carries any bytes.",
        )
    if value.lstrip().startswith((b"{'", b"{u'")):
        return Rejected(
            "the event is a Python dictionary as it is printed, not JSON",
            code="not_json",
            remedy="Write it with json.dumps.",
        )
    return None


def several_objects(text: str) -> bool:
    """Whether `text` is JSON lines: more than one object."""
    try:
        _, end = json.JSONDecoder().raw_decode(text.lstrip())
    except (ValueError, RecursionError):
        return False
    return text.lstrip()[end:].lstrip().startswith("{")


def unlike_event(value: Any, topic: str) -> Rejected | None:
    """What JSON that is no event is: an array, a string, or an event in another's wrapping."""
    if isinstance(value, list):
        return Rejected(
            f"the event is a JSON array of {len(value)} items",  # pyright: ignore[reportUnknownArgumentType]
            code="bad_schema",
            remedy="Write one JSON object a record.",
        )
    if isinstance(value, str):
        twice = value.lstrip().startswith(("{", "["))
        return Rejected(
            "the event is JSON in a JSON string: it was encoded twice"
            if twice
            else "the event is a JSON string",
            code="bad_schema",
            remedy="Encode the object once: hand the serializer the object itself, or the bytes of its JSON."
            if twice
            else f'Write a JSON object that fits docs/schemas/{topic}.json, e.g. {{"text": "..."}}.',
        )
    if not isinstance(value, Mapping):
        return Rejected(
            "the event is JSON, but no object",
            code="bad_schema",
            remedy=f"Compare with docs/schemas/{topic}.json.",
        )
    names = set(map(str, value))  # pyright: ignore[reportUnknownArgumentType]
    if names == {"schema", "payload"}:
        return Rejected(
            "the event lies in Kafka Connect's envelope of schema and payload",
            code="bad_schema",
            remedy="Set value.converter.schemas.enable=false, so that the payload alone is written.",
        )
    if {"before", "after", "op"} <= names:
        return Rejected(
            "the event lies in Debezium's envelope of before and after",
            code="bad_schema",
            remedy="Set transforms=unwrap and transforms.unwrap.type=io.debezium.transforms.ExtractNewRecordState.",
        )
    if "specversion" in names and names & {"data", "data_base64"}:
        return Rejected(
            "the event is a CloudEvent in structured mode",
            code="bad_schema",
            remedy="Write it in binary mode: the data alone as the value, the attributes as ce_ headers.",
        )
    return None


def _registered(body: bytes) -> str:
    if body.lstrip().startswith(b"{"):
        return "JSON"
    return "Protobuf" if body[:1] == b"\x00" else "Avro or Protobuf"
