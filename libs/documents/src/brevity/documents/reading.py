"""The one way from a file or a string to a document, for every door. What has a structure is read in a confined process."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from brevity.common.errors import Rejected
from brevity.documents.characters import Decoded, decode, of_string
from brevity.documents.confined.readers import shared_readers
from brevity.documents.data_files import check_running_text
from brevity.documents.encodings import charset_of_media_type
from brevity.documents.formats.text import document_of
from brevity.documents.kinds import kind_of, kind_of_text
from brevity.documents.model import Document
from brevity.documents.normalise import check_prose


@dataclass(frozen=True, slots=True)
class Limits:
    """What reading one file may take: processor seconds, bytes of memory, characters of text; and whose it is."""

    seconds: float = 30.0
    memory: int = 201_326_592
    most_characters: int = 20_000_000
    caller: str = ""


USUAL = Limits()


def read(
    data: bytes | str, media_type: str | None = None, name: str | None = None, limits: Limits = USUAL
) -> Document:
    """What a file, or a text that came as a string, says.

    Args:
        media_type: As it was declared, with its charset where that is known.
        name: The file's.

    Raises:
        Rejected: Why it cannot be read, `no_text` and `not_prose` among the reasons.
        Unavailable: No reader can be started.
    """
    document = _document(data, media_type, name, limits)
    check_prose(document.text)
    return document


def _document(data: bytes | str, media_type: str | None, name: str | None, limits: Limits) -> Document:
    if isinstance(data, str):
        kind = kind_of_text(data, media_type)
        if kind == "text":
            return _plain(of_string(data))
        return _confined(kind, data.encode("utf-8", "replace"), limits, "utf-8")
    kind = kind_of(data, media_type, name)
    charset = charset_of_media_type(media_type)
    if kind == "text":
        return _plain(decode(data, charset))
    return _confined(kind, data, limits, charset)


def _plain(decoded: Decoded) -> Document:
    """Read here: every step is linear, and a process would cost more than most texts do."""
    document = document_of(decoded)
    check_running_text(document.text)
    return document


def read_file(path: str | Path, media_type: str | None = None, limits: Limits = USUAL) -> Document:
    """As `read`, of a file. Raises Rejected also when it cannot be opened or is larger than is read."""
    path = Path(path)
    try:
        with path.open("rb") as file:
            data = file.read(limits.most_characters + 1)
    except OSError as error:
        raise Rejected(
            f"{path} cannot be read: {error.strerror}", code="unreadable", remedy="Check the path."
        ) from None
    if len(data) > limits.most_characters:
        raise Rejected(
            f"{path} has more than {limits.most_characters:,} bytes", code="too_large", remedy="Split it."
        )
    return read(data, media_type, path.name, limits)


def _confined(kind: str, data: bytes, limits: Limits, charset: str | None) -> Document:
    return shared_readers().read(
        kind,
        data,
        seconds=limits.seconds,
        memory=limits.memory,
        most_characters=limits.most_characters,
        caller=limits.caller,
        charset=charset,
    )
