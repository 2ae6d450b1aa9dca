"""Characters out of bytes."""

from __future__ import annotations

import codecs
from dataclasses import dataclass, field

from brevity.common.errors import Rejected
from brevity.documents.model import Warned

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True, slots=True)
class Decoded:
    """A text, the encoding it was read in, and what is doubtful about it."""

    text: str
    encoding: str
    warnings: list[Warned] = field(default_factory=list[Warned])


def decode(data: bytes, charset: str | None = None) -> Decoded:
    """Characters of `data`: by byte order mark, else UTF-8, else Windows-1252.

    Raises:
        Rejected: `binary`: it holds zero bytes or too many control characters; `not_utf8`: a broken encoding.
    """
    del charset
    for mark, name in _BOMS:
        if data.startswith(mark):
            try:
                return Decoded(data.decode(name), name)
            except UnicodeDecodeError:
                raise Rejected(
                    f"the text begins as {name} but is broken further on",
                    code="not_utf8",
                    remedy="Save the file as UTF-8.",
                ) from None
    sample = data[:65_536]
    controls = sum(byte < 9 or 13 < byte < 27 or 28 <= byte < 32 for byte in sample)
    if b"\x00" in sample or controls * 50 > max(len(sample), 1):
        raise Rejected(
            "the file holds binary data, not text",
            code="binary",
            remedy="Send plain text, Markdown, HTML, PDF or DOCX.",
        )
    try:
        return Decoded(data.decode("utf-8", "surrogatepass"), "utf-8")
    except UnicodeDecodeError:
        # Every byte means something in this reading once its five holes are replaced.
        return Decoded(data.decode("cp1252", "replace"), "cp1252")
