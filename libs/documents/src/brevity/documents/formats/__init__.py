"""One reader for each family of formats: bytes in, `Found` out.

A module of this package holds `read_NAME(data, budget)` for each of its formats, or `read_NAME(data, budget, charset=...)`
where the format is written in characters; and `warm()` when it loads anything only when it is needed, since a reader
process can open no file. FORMATS names them all: docs/reading.md tells what each keeps and drops.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file that is read.

    Attributes:
        name: As documents, metrics and messages name it; its reader is `read_NAME`.
        module: Of this package.
        suffixes: Of its files, in lower case, with the dot.
        media_types: Declared types; the first is the one to send.
        in_characters: Whether it is text in some encoding, which its reader is told where it was declared.
    """

    name: str
    module: str
    suffixes: tuple[str, ...]
    media_types: tuple[str, ...]
    in_characters: bool = False


_ALL = (
    Format("text", "text", (".txt", ".text"), ("text/plain",), in_characters=True),
    Format(
        "markdown",
        "markdown",
        (".md", ".markdown", ".mdown", ".mkd"),
        ("text/markdown", "text/x-markdown"),
        in_characters=True,
    ),
    Format(
        "html",
        "html",
        (".html", ".htm", ".xhtml"),
        ("text/html", "application/xhtml+xml"),
        in_characters=True,
    ),
    Format("eml", "mail", (".eml",), ("message/rfc822",), in_characters=True),
    Format("vtt", "subtitles", (".vtt",), ("text/vtt",), in_characters=True),
    Format("srt", "subtitles", (".srt",), ("application/x-subrip", "text/srt"), in_characters=True),
    Format("pdf", "pdf", (".pdf",), ("application/pdf", "application/x-pdf")),
    Format(
        "docx",
        "docx",
        (".docx",),
        ("application/vnd.openxmlformats-officedocument.wordprocessingml.document",),
    ),
    Format(
        "pptx",
        "pptx",
        (".pptx", ".ppsx"),
        ("application/vnd.openxmlformats-officedocument.presentationml.presentation",),
    ),
    Format("odt", "odt", (".odt", ".ott"), ("application/vnd.oasis.opendocument.text",)),
    Format("rtf", "rtf", (".rtf",), ("application/rtf", "text/rtf")),
    Format("epub", "epub", (".epub",), ("application/epub+zip",)),
)
FORMATS = {each.name: each for each in _ALL}
