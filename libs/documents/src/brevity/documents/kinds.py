"""What a file is: by its signature where it has one, else by what was declared, by its name, and by how it begins.

A declared type wins over signs in the content, since a text may speak of any; it does not where it cannot be true: no text
begins as a PDF does. What is not read is refused by its name.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from brevity.common.errors import Rejected
from brevity.documents.foreign import BINARY, BY_SUFFIX, BY_TYPE, NEVER_TEXT
from brevity.documents.formats import FORMATS

_TYPES = {declared: each.name for each in FORMATS.values() for declared in each.media_types}
_SUFFIXES = {suffix: each.name for each in FORMATS.values() for suffix in each.suffixes}
_VAGUE = {
    "",
    "text/plain",
    "application/octet-stream",
    "binary/octet-stream",
    "application/x-download",
    "*/*",
}

_PDF_WITHIN = 1_024
_BINARY_WITHIN = 65_536
_HTML = re.compile(
    rb"\s*(?:<\?xml[^>]{0,200}>\s*)?(?:<!--[^>]{0,2000}-->\s*){0,5}<(?:!doctype\s+html|html|head|body|article)\b",
    re.IGNORECASE,
)
_HTML_END = re.compile(rb"</html>\s*\Z", re.IGNORECASE)
_MAIL = re.compile(
    rb"(?:(?:From|To|Cc|Bcc|Subject|Date|Sender|Reply-To|Received|Return-Path|Message-ID|MIME-Version|Delivered-To"
    rb"|Content-[\w-]{1,40}|DKIM-Signature|Authentication-Results|X-[\w-]{1,60}|List-[\w-]{1,40}|ARC-[\w-]{1,60})"
    rb":[^\n]*\n(?:[ \t][^\n]*\n){0,200}){3,}\r?\n",
    re.IGNORECASE,
)
_MAIL_SURE = re.compile(rb"^(?:MIME-Version|Message-ID|Received|Content-Type):", re.IGNORECASE | re.MULTILINE)
_SUBTITLES = re.compile(
    rb"\s*(?:\d{1,6}\s*\n)?\s*(?:\d{1,2}:)?\d\d:\d\d[,.]\d{3} --> (?:\d{1,2}:)?\d\d:\d\d[,.]\d{3}"
)
_LOCKED = "an Office file under a password"
_BOM = b"\xef\xbb\xbf"


def kind_of(data: bytes, media_type: str | None = None, name: str | None = None) -> str:
    """The format of `data`, one of FORMATS.

    Args:
        media_type: As it was declared, if it was.
        name: The file's, if it is known.

    Raises:
        Rejected: `unsupported_type`.
    """
    signed = _signed(data, media_type, name)
    if signed is not None:
        return _read(signed)
    declared = (media_type or "").split(";")[0].strip().lower()
    suffix = suffix_of(name)
    if declared not in _VAGUE:
        kind = _textual(_TYPES.get(declared))
        if kind is not None:
            return kind
        if _can_be(BY_TYPE.get(declared), data):
            return _read(BY_TYPE[declared])
    kind = _textual(_SUFFIXES.get(suffix))
    if kind is not None and kind != "text":
        return kind
    if _can_be(BY_SUFFIX.get(suffix), data):
        return _read(BY_SUFFIX[suffix])
    return _by_beginning(data, sure=declared == "text/plain" or kind == "text")


def _can_be(what: str | None, data: bytes) -> bool:
    """Whether `data` can be what its name or declared type says: no text is a program, whatever its file is called."""
    return what is not None and (what not in NEVER_TEXT or b"\x00" in data[:_BINARY_WITHIN])


def kind_of_text(text: str, media_type: str | None) -> str:
    """The format of a text that came as a string.

    Raises:
        Rejected: `unsupported_type`.
    """
    declared = (media_type or "").split(";")[0].strip().lower()
    if not declared:
        return _by_beginning(text[:8_192].encode("utf-8", "replace"), sure=False)
    kind = _textual(_TYPES.get(declared))
    if kind is None:
        if declared in BY_TYPE:
            _read(BY_TYPE[declared])
        raise Rejected(
            f"`media_type` {declared!r} cannot come as `text`", code="unsupported_type", remedy=_remedy()
        )
    return kind


def media_type_of(media_type: str | None, name: str | None) -> str | None:
    """The declared type of a file that travels without its name: what the name says where the type says little."""
    declared = (media_type or "").split(";")[0].strip().lower()
    suffix = suffix_of(name)
    kind = _SUFFIXES.get(suffix)
    if declared not in _VAGUE:
        return media_type
    if kind is not None and kind != "text":
        charset = (media_type or "").partition(";")[2]
        return FORMATS[kind].media_types[0] + (f";{charset}" if charset else "")
    return media_type or (FORMATS["text"].media_types[0] if kind else None)


def suffix_of(name: str | None) -> str:
    """In lower case, with the dot; "" for none."""
    return PurePosixPath(name or "").suffix.lower()


def readable_suffixes() -> frozenset[str]:
    """Of the files whose names say that they can be read."""
    return frozenset(_SUFFIXES)


def _textual(kind: str | None) -> str | None:
    """`kind` where files of it have no signature that they begin with."""
    return kind if kind is not None and FORMATS[kind].in_characters else None


def _signed(data: bytes, media_type: str | None, name: str | None) -> str | None:
    """By the bytes it begins with; a format, or what it is called in BINARY."""
    if data.startswith(b"%PDF-"):
        return "pdf"
    if b"%PDF-" in data[:_PDF_WITHIN] and (
        suffix_of(name) == ".pdf"
        or _TYPES.get((media_type or "").lower()) == "pdf"
        or b"\x00" in data[:8_192]
    ):
        return "pdf"
    if data.startswith(b"PK\x03\x04"):
        return _archive(data)
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        return _compound(data)
    if data.lstrip(_BOM + b" \t\r\n").startswith(b"{\\rtf"):
        return "rtf"
    return next((name for signature, name in BINARY if data.startswith(signature)), None)


def _archive(data: bytes) -> str:
    """Only the names of the archive's parts are searched here; the reader checks the archive itself."""
    for part, name in (
        (b"word/document.xml", "docx"),
        (b"ppt/presentation.xml", "pptx"),
        (b"xl/workbook.", "xlsx"),
        (b"application/epub+zip", "epub"),
        (b"application/vnd.oasis.opendocument.text", "odt"),
        (b"application/vnd.oasis.opendocument.spreadsheet", "an OpenDocument spreadsheet"),
        (b"application/vnd.oasis.opendocument.presentation", "an OpenDocument presentation"),
        (b"Index/Document.iwa", "a Pages file"),
    ):
        if part in data:
            return name
    return "a ZIP archive"


def _compound(data: bytes) -> str:
    for part, name in (
        ("__substg1.0_", "msg"),
        ("WordDocument", "an old Word file (.doc)"),
        ("Workbook", "an old Excel file (.xls)"),
        ("PowerPoint Document", "an old PowerPoint file (.ppt)"),
        ("EncryptedPackage", _LOCKED),
    ):
        if part.encode("utf-16-le") in data:
            return name
    return "an old Office file"


def _by_beginning(data: bytes, *, sure: bool) -> str:
    """The text format that `data` begins as; `sure` that it is plain text where that can be true."""
    beginning = data[: 1 << 16].removeprefix(_BOM)
    if _HTML.match(beginning) and (not sure or _HTML_END.search(data[-200:])):
        return "html"
    if beginning.startswith(b"WEBVTT"):
        return _read("vtt")
    if _SUBTITLES.match(beginning):
        return _read("srt")
    mail = _MAIL.match(beginning)
    if mail and _MAIL_SURE.search(mail[0]):
        return _read("eml")
    return "text"


def _read(kind: str) -> str:
    if kind in FORMATS:
        return kind
    what = {"msg": "an Outlook message (.msg)", "rtf": "an RTF file", "xlsx": "an Excel file"}
    named = what.get(kind) or kind
    if kind == "msg":
        raise Rejected(
            f"the file is {named}, which is not read",
            code="unsupported_type",
            remedy="Save it as .eml (in Outlook: drag it to a mail folder of another program, or save it as HTML or text).",
        )
    if named == _LOCKED:
        raise Rejected(
            f"the file is {named}",
            code="encrypted",
            remedy="Open it, save it without a password, and send that file.",
        )
    if named.startswith("an old "):
        raise Rejected(
            f"the file is {named}, which is not read",
            code="unsupported_type",
            remedy="Open it in its program, save it in today's format (DOCX, PPTX) or as PDF, and send that file.",
        )
    if " " not in named:
        named = f"a file of type {named.upper()}"
    raise Rejected(f"the file is {named}, which is not read", code="unsupported_type", remedy=_remedy())


def _remedy() -> str:
    names = ", ".join(name.upper() if len(name) < 5 and name != "text" else name for name in FORMATS)
    return f"Send a document of running text. These formats are read: {names}."
