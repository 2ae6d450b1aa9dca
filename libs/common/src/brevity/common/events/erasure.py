"""Erasing a document: told to every service that keeps something of it, and what each did."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from brevity.common.events.base import Event, Identifier, Sha256, Timestamp, Value
from brevity.common.events.documents import SummaryRequest


class ErasedText(Value):
    """A text of the document, and the summary that was asked for: what an owner may have named its records by."""

    content_hash: Sha256
    request: SummaryRequest


class DocumentErased(Event):
    """A document is to be forgotten: every owner of data erases what it keeps of it, and confirms."""

    topic: ClassVar[str] = "documents.erased"

    erasure_id: Identifier
    tenant: str
    document_id: str
    texts: list[ErasedText] = Field(default_factory=list[ErasedText])
    erased_at: Timestamp = Field(description="What was submitted later is a new document.")

    def key(self) -> str:
        return self.document_id


class ErasureConfirmed(Event):
    """One owner has erased what it kept of a document."""

    topic: ClassVar[str] = "erasures.confirmed"

    erasure_id: Identifier
    tenant: str
    document_id: str
    owner: str = Field(description="The service, e.g. `ingest`.")
    removed: dict[str, int] = Field(description="Records removed, by collection.")
    confirmed_at: Timestamp

    def key(self) -> str:
        return self.document_id
