"""What every event shares: strict frozen models, the topic each travels on, and its CloudEvents type."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, cast

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

Identifier = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\s\x00-\x1f\x7f]+$")]
"""An id: 1 to 200 characters, no blanks or control characters."""

Tenant = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[a-z0-9][a-z0-9._-]*$")]
Language = Annotated[
    str, StringConstraints(min_length=2, max_length=35, pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")
]
"""A BCP 47 tag, e.g. `en`, `nb`, `zh-Hant`."""

_HALVES = re.compile("[\ud800-\udfff]")
_PIECE = 1 << 20


def whole_characters(text: Any) -> Any:
    """`text` without lone surrogates: halves of characters, left by programs that cut strings by UTF-16 units."""
    if not isinstance(text, str) or text.isascii():
        return text
    try:
        for start in range(0, len(text), _PIECE):
            text[start : start + _PIECE].encode()
    except UnicodeEncodeError:
        return _HALVES.sub("", text)
    return text


Prose = Annotated[str, BeforeValidator(whole_characters)]
"""What a person reads. Half a character in it is left out; in an id or a name it is an error."""

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


def without_nulls(fields: Any) -> Any:
    """`fields` without those that are null: many serializers write an absent field as null."""
    if not isinstance(fields, dict):
        return fields
    known = cast(dict[Any, Any], fields)
    if None not in known.values():
        return known
    return {name: value for name, value in known.items() if value is not None}


class Event(BaseModel):
    """Base of the event payloads.

    Readers ignore fields they do not know, so that adding an optional field stays compatible.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_inf_nan="null", allow_inf_nan=False)

    _nulls_are_absent = model_validator(mode="before")(without_nulls)

    topic: ClassVar[str]
    schema_version: ClassVar[int] = 1

    @classmethod
    def ce_type(cls) -> str:
        """CloudEvents type, e.g. `brevity.documents.accepted.v1`."""
        return f"brevity.{cls.topic}.v{cls.schema_version}"

    def key(self) -> str:
        """The record key: what keeps its order. Most often the document's id."""
        raise NotImplementedError

    def to_json(self) -> bytes:
        """UTF-8 JSON without absent fields; equal events have equal bytes."""
        return self.model_dump_json(exclude_none=True).encode()


class Value(BaseModel):
    """A part of an event."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    _nulls_are_absent = model_validator(mode="before")(without_nulls)


class ObjectRef(Value):
    """Bytes in the object store."""

    uri: str = Field(description="`s3://bucket/key`.", pattern=r"^s3://[^/]+/.+$", max_length=2_000)
    sha256: Sha256 | None = Field(
        default=None, description="SHA-256 of the bytes; checked on reading when given."
    )
    size_bytes: int | None = Field(default=None, ge=0)
    media_type: str | None = Field(
        default=None,
        description="e.g. `application/pdf`; guessed from the bytes when absent.",
        max_length=200,
    )

    @property
    def bucket(self) -> str:
        return self.uri.removeprefix("s3://").split("/", 1)[0]

    @property
    def object_key(self) -> str:
        return self.uri.removeprefix("s3://").split("/", 1)[1]


class Origin(Value):
    """The record an event was made from."""

    topic: str
    partition: int = Field(ge=0)
    offset: int = Field(ge=0)
    log: str | None = Field(
        default=None,
        max_length=100,
        description="Which log the offset counts in: the topic's id and the epoch of the leader that wrote the record;"
        " absent when unknown. Another one for a topic that was made again.",
    )


Timestamp = AwareDatetime
__all__ = [
    "Event",
    "Identifier",
    "Language",
    "ObjectRef",
    "Origin",
    "Prose",
    "Sha256",
    "Tenant",
    "Timestamp",
    "Value",
]
