"""Documents on their way in: submitted by anyone, then accepted or rejected by ingest."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import BeforeValidator, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from brevity.common.contracts.vocabulary import Length, RejectionCode, Style
from brevity.common.events.base import (
    Event,
    Identifier,
    Language,
    ObjectRef,
    Origin,
    Prose,
    Sha256,
    Tenant,
    Timestamp,
    Value,
    whole_characters,
    without_nulls,
)
from brevity.common.ids import canonical_json, deterministic_id

MetadataKey = Annotated[str, StringConstraints(min_length=1, max_length=100)]
MetadataValue = Annotated[str, StringConstraints(max_length=2_000), BeforeValidator(whole_characters)]
Title = Annotated[str, StringConstraints(max_length=1_000), BeforeValidator(whole_characters)]
Metadata = Annotated[dict[MetadataKey, MetadataValue], Field(max_length=50), BeforeValidator(without_nulls)]


class SummaryRequest(Value):
    """What summary is wanted. `words` wins over `length`; with neither the length is `medium`."""

    words: int | None = Field(
        default=None, ge=5, le=5_000, description="Words wanted in the summary, at most."
    )
    length: Length | None = Field(default=None, description="Length relative to the document.")
    style: Style = Field(default="paragraph", description="Running text, one point a line, or one sentence.")
    language: Language | None = Field(
        default=None, description="Language of the summary; absent for the document's own."
    )
    engine: str | None = Field(
        default=None, max_length=100, description="Engine to use; absent for the platform's choice."
    )


class DocumentSubmitted(Event):
    """A document that somebody wants summarized. The one event that anybody may write."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                {"required": ["text"], "properties": {"text": {"type": "string"}}},
                {"required": ["object"], "properties": {"object": {"type": "object"}}},
            ]
        }
    )

    topic: ClassVar[str] = "documents.submitted"

    document_id: Identifier | None = Field(
        default=None, description="Your id; absent: the record key, else derived from the text."
    )
    tenant: Tenant = Field(default="default", description="Whose document it is.")
    title: Title | None = None
    language: Language | None = Field(default=None, description="Language of the text; absent: detected.")
    text: Prose | None = Field(default=None, description="The text itself. Either this or `object`.")
    object: ObjectRef | None = Field(
        default=None, description="Where the text or file lies. Either this or `text`."
    )
    media_type: str | None = Field(
        default=None, max_length=200, description="What `text` is, e.g. `text/html`; absent: plain text."
    )
    summary: SummaryRequest = Field(default_factory=SummaryRequest)
    metadata: Metadata = Field(default_factory=dict, description="Yours; carried along, never interpreted.")
    again: Identifier | None = Field(
        default=None,
        description="A name for summarizing once more a text that was summarized with these wishes, say after a model"
        " was recalled. Each name counts once; absent: a text has one summary for each wish.",
    )

    @model_validator(mode="after")
    def _one_source(self) -> DocumentSubmitted:
        if (self.text is None) == (self.object is None):
            raise PydanticCustomError("one_source", "give either `text` or `object`")
        return self

    def key(self) -> str:
        return self.document_id or ""


def named(document: DocumentSubmitted) -> DocumentSubmitted:
    """`document` with an id: its own, or one derived from all it says, so that sending it twice is harmless."""
    if document.document_id is not None:
        return document
    body = canonical_json(document.model_dump(mode="json", exclude_none=True)).decode()
    return document.model_copy(update={"document_id": deterministic_id("doc", document.tenant, body)})


class TextBlock(Value):
    """What a stretch of the text is: characters [start, end), in Unicode code points."""

    kind: str = Field(
        description="paragraph, list_item, quotation, speech (sentences come from these), heading, table, code, caption,"
        " mail_header, note or furniture; others may come."
    )
    start: int = Field(ge=0)
    end: int = Field(ge=0)
    level: int | None = Field(default=None, description="Of a heading or a list item, from 1.")
    speaker: str | None = Field(default=None, description="Who says it; the name is not part of the block.")
    seconds: float | None = Field(
        default=None, description="When it is said, from the recording's beginning."
    )


class ReadingWarning(Value):
    """Something that the reading of the file has to tell whoever reads its summary."""

    code: str = Field(description="e.g. `text_left_out`, `characters_doubtful`; see docs/vocabulary.md.")
    message: str


class DocumentAccepted(Event):
    """A document fit to be summarized: plain text in Unicode NFC, its language known, seen for the first time."""

    topic: ClassVar[str] = "documents.accepted"

    document_id: Identifier
    tenant: Tenant
    content_hash: Sha256 = Field(description="SHA-256 of the normalised text in UTF-8.")
    title: str | None = None
    language: str = Field(description="BCP 47 tag, `und` when it cannot be told.")
    language_confidence: float = Field(ge=0, le=1, description="1 when the submitter named the language.")
    word_count: int = Field(ge=1)
    char_count: int = Field(ge=1)
    text: str | None = Field(
        default=None, description="The normalised text, when it is short enough to travel."
    )
    text_ref: ObjectRef | None = Field(
        default=None, description="Where the normalised text lies, when it is not inline."
    )
    summary: SummaryRequest = Field(default_factory=SummaryRequest)
    metadata: Metadata = Field(default_factory=dict)
    blocks: list[TextBlock] | None = Field(
        default=None,
        description="What the stretches of the text are, in order; absent when that is not known, or under `blocks_ref`.",
    )
    blocks_ref: ObjectRef | None = Field(
        default=None, description="Where the blocks lie when they are many: one JSON object a line."
    )
    warnings: list[ReadingWarning] | None = Field(
        default=None, description="What is doubtful about the text."
    )
    words_dropped: int | None = Field(
        default=None, ge=0, description="Words of the file that are not in the text."
    )
    claim_id: str | None = Field(
        default=None, description="What ingest holds the text by: free again when the document fails."
    )
    submitted_at: Timestamp = Field(description="When the submission was written to its topic.")
    origin: Origin

    def key(self) -> str:
        return self.document_id


class DocumentRejected(Event):
    """A submission that cannot be accepted as it is. Its bytes are kept under `original`."""

    topic: ClassVar[str] = "documents.rejected"

    document_id: str | None = Field(
        default=None, description="Absent when the submission could not be read far enough to know it."
    )
    tenant: str | None = None
    code: str = Field(
        description="Reason, one of " + ", ".join(f"`{code}`" for code in RejectionCode) + "; more may come."
    )
    message: str = Field(description="What is wrong, for a person.")
    remedy: str = Field(description="What to do about it.")
    duplicate_of: str | None = Field(
        default=None, description="With code `duplicate`: the document that has the summary."
    )
    attempts: int = Field(default=1, ge=1)
    original: ObjectRef | None = Field(default=None, description="The submission's bytes as received.")
    claim_id: str | None = Field(
        default=None, description="What ingest held the text by, where it did: it is free again."
    )
    submitted_at: Timestamp
    origin: Origin

    def key(self) -> str:
        return self.document_id or f"{self.origin.topic}/{self.origin.partition}/{self.origin.offset}"
