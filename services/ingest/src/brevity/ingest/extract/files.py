"""From a submission's bytes or string to text. Whatever has a structure is read in a confined process."""

from __future__ import annotations

from dataclasses import dataclass

from brevity.ingest.extract.kinds import Kind, kind_of, kind_of_text
from brevity.ingest.extract.readers import shared_readers
from brevity.ingest.extract.texts import decode_text


@dataclass(frozen=True, slots=True)
class Extracted:
    """Text as found (not yet normalised), the title the file gives itself, and the file's kind."""

    text: str
    title: str | None
    kind: Kind


@dataclass(frozen=True, slots=True)
class Limits:
    """What reading one file may take: processor seconds, bytes of memory, characters of text; and whose it is."""

    seconds: float = 30.0
    memory: int = 201_326_592
    most_characters: int = 20_000_000
    caller: str = ""


USUAL = Limits()


def extract_bytes(data: bytes, media_type: str | None, limits: Limits = USUAL) -> Extracted:
    """The text of a file. Raises Rejected with the reason; Unavailable when no reader can be started."""
    kind = kind_of(data, media_type)
    if kind in ("pdf", "docx"):
        return _confined(kind, data, limits)
    return _of_string(decode_text(data), kind, limits)


def extract_string(text: str, media_type: str | None, limits: Limits = USUAL) -> Extracted:
    """The text of a submission's `text` field. Raises Rejected, `unsupported_type` for one; Unavailable."""
    return _of_string(text, kind_of_text(media_type), limits)


def _of_string(text: str, kind: Kind, limits: Limits) -> Extracted:
    if kind == "text":
        return Extracted(text, None, kind)
    return _confined(kind, text.encode("utf-8", "surrogatepass"), limits)


def _confined(kind: Kind, data: bytes, limits: Limits) -> Extracted:
    text, title = shared_readers().read(
        kind,
        data,
        seconds=limits.seconds,
        memory=limits.memory,
        most_characters=limits.most_characters,
        caller=limits.caller,
    )
    return Extracted(text, title, kind)
