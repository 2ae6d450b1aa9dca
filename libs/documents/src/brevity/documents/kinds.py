"""What a file is, told by its content: names and declared types can be wrong, signatures seldom are."""

from __future__ import annotations

import re

from brevity.common.errors import Rejected
from brevity.documents.formats import FORMATS

_HTML = re.compile(rb"<(?:!doctype\s+html|html|head|body|article)\b", re.IGNORECASE)
_FOREIGN = (
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\xd0\xcf\x11\xe0", "an old Office file"),
    (b"\x7fELF", "a program"),
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"{\\rtf", "an RTF file"),
)
_DECLARED = {declared: each.name for each in FORMATS.values() for declared in each.media_types}
REMEDY = "Send plain text, Markdown, HTML, PDF or DOCX."


def kind_of(data: bytes, media_type: str | None = None) -> str:
    """The format of `data`, one of FORMATS; `media_type` only tells text formats apart.

    Raises:
        Rejected: `unsupported_type`.
    """
    if data.startswith(b"%PDF-") or b"%PDF-" in data[:1024]:
        return "pdf"
    if data.startswith(b"PK\x03\x04"):
        # Only the directory of the archive is searched here; the reader checks the archive itself.
        if b"word/document.xml" in data:
            return "docx"
        raise Rejected("the file is a ZIP archive but no DOCX", code="unsupported_type", remedy=REMEDY)
    for signature, name in _FOREIGN:
        if data.startswith(signature):
            raise Rejected(f"the file is {name}", code="unsupported_type", remedy=REMEDY)
    declared = (media_type or "").split(";")[0].strip().lower()
    if _HTML.search(data[:2048]):
        return "html"
    kind = _DECLARED.get(declared, "text")
    return kind if FORMATS[kind].in_characters else "text"


def kind_of_text(media_type: str | None) -> str:
    """The format of a text that came as a string, by its declared type.

    Raises:
        Rejected: `unsupported_type`.
    """
    declared = (media_type or "text/plain").split(";")[0].strip().lower()
    kind = _DECLARED.get(declared)
    if kind is None or not FORMATS[kind].in_characters:
        raise Rejected(
            f"`media_type` {declared!r} cannot come as `text`", code="unsupported_type", remedy=REMEDY
        )
    return kind
