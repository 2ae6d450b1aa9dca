"""Documents that nobody writes, each small to send and once dear to read: `HOSTILE`, made when asked for.

The tests send the small ones, `bench.hostile` all, beside an honest caller.
"""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from docx import Document

MIB = 1 << 20


@dataclass(frozen=True)
class Case:
    """One hostile document.

    `media_type` None: the content tells. `outcomes` are the codes a clear end may have, "accepted" among them.
    """

    name: str
    make: Callable[[], bytes]
    media_type: str | None = "text/plain"
    outcomes: frozenset[str] = frozenset({"too_complex"})

    @property
    def as_text(self) -> bool:
        """Whether it can also come inside an event."""
        return self.media_type in ("text/plain", "text/html", "text/markdown")


def _repeat(unit: str, size: int, before: str = "", after: str = "") -> Callable[[], bytes]:
    def made() -> bytes:
        piece = unit.encode()
        return before.encode() + piece * (size // len(piece)) + after.encode()

    return made


def _text(name: str, unit: str, size: int, *outcomes: str, before: str = "", after: str = "") -> Case:
    return Case(name, _repeat(unit, size, before, after), outcomes=frozenset(outcomes or ("accepted",)))


def _markup(
    name: str, kind: str, unit: str, size: int, *outcomes: str, before: str = "", after: str = ""
) -> Case:
    ends = frozenset(outcomes or ("accepted", "too_complex", "not_prose", "no_text"))
    return Case(name, _repeat(unit, size, before, after), f"text/{kind}", ends)


def _attributes() -> bytes:
    return ("<p " + " ".join(f"a{i}=1" for i in range(100_000)) + ">One tag of many attributes.</p>").encode()


def _docx(body: str, extra: dict[str, bytes] | None = None, doctype: str = "") -> bytes:
    """The smallest DOCX whose body is `body`, in WordprocessingML, not checked in any way."""
    out = io.BytesIO()
    Document().save(out)
    with zipfile.ZipFile(out) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    head = (
        f'<?xml version="1.0" encoding="UTF-8"?>{doctype}<w:document '
        'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>'
    )
    parts["word/document.xml"] = f"{head}{body}</w:body></w:document>".encode()
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in {**parts, **(extra or {})}.items():
            archive.writestr(name, data)
    return made.getvalue()


def _paragraph(text: str) -> str:
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


def _spanning(columns: int, text: str, rows: int = 1) -> bytes:
    cell = f'<w:tc><w:tcPr><w:gridSpan w:val="{columns}"/></w:tcPr>{_paragraph(text)}</w:tc>'
    return _docx(f"<w:tbl>{f'<w:tr>{cell}</w:tr>' * rows}</w:tbl>")


def _merged_down(rows: int, text: str) -> bytes:
    first = f'<w:tr><w:tc><w:tcPr><w:vMerge w:val="restart"/></w:tcPr>{_paragraph(text)}</w:tc></w:tr>'
    further = "<w:tr><w:tc><w:tcPr><w:vMerge/></w:tcPr><w:p/></w:tc></w:tr>"
    return _docx(f"<w:tbl>{first}{further * rows}</w:tbl>")


def _nested_tables(depth: int) -> bytes:
    return _docx("<w:tbl><w:tr><w:tc>" * depth + _paragraph("deep") + "</w:tc></w:tr></w:tbl>" * depth)


def _entities() -> bytes:
    names = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10}">' for i in range(1, 12))
    doctype = f'<!DOCTYPE w:document [<!ENTITY e0 "word ">{names}]>'
    return _docx(_paragraph("&e11;"), doctype=doctype)


def _zip_in_zip() -> bytes:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b" " * 50_000_000)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("word/document.xml", inner.getvalue())
    return out.getvalue()


def _zip_bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b"\0" * 100_000_000)
    return out.getvalue()


def _pdf(bodies: list[bytes]) -> bytes:
    out, places = bytearray(b"%PDF-1.4\n"), list[int]()
    for number, body in enumerate(bodies, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(bodies) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    return bytes(out + b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(bodies) + 1, start))


_FONT = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"


def _pdf_of_stream(content: bytes, pages: int = 1) -> bytes:
    packed = zlib.compress(content, 9)
    kids = b" ".join(b"%d 0 R" % (5 + i) for i in range(pages))
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F1 3 0 R>>>>>>"
    return _pdf(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, pages),
            _FONT,
            b"<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream" % (len(packed), packed),
            *[page] * pages,
        ]
    )


def _deep_pages(depth: int) -> bytes:
    """A tree of pages where each holds but the next."""
    nodes = [b"<</Type/Pages/Count 1/Kids[%d 0 R]>>" % (number + 3) for number in range(depth)]
    return _pdf([b"<</Type/Catalog/Pages 2 0 R>>", *nodes, b"<</Type/Page/MediaBox[0 0 9 9]>>"])


def _circular_pages() -> bytes:
    return _pdf([b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Count 9/Kids[2 0 R 2 0 R 2 0 R]>>"])


def _nested_arrays(depth: int) -> bytes:
    return _pdf(
        [
            b"<</Type/Catalog/Pages 2 0 R/X " + b"[" * depth + b"]" * depth + b">>",
            b"<</Type/Pages/Count 0/Kids[]>>",
        ]
    )


_FILE = frozenset({"accepted", "too_complex", "too_large", "unreadable", "zip_bomb", "no_text", "not_prose"})

HOSTILE: list[Case] = [
    _text("combining marks, 240 KB", "\u0301\u0323", 240_000, "no_text", "not_prose", "accepted", before="a"),
    _text("combining marks, 20 MB", "\u0316", 19_900_000, "no_text", "not_prose", before="a"),
    _text("runs of 30 marks, 10 MB", "a" + "\u0323\u0301" * 15, 10 * MIB, "not_prose"),
    _text("decomposed letters, 20 MB", "e\u0301 ", 19_900_000, "accepted"),
    _text("conjoining vowels, 20 MB", "\u1161", 19_900_000, "not_prose"),
    _text("one word, 20 MB", "a", 19_900_000, "not_prose"),
    _text("one-letter words, 20 MB", "a ", 19_900_000, "accepted"),
    _text("one-letter lines, 20 MB", "a\n", 19_900_000, "accepted"),
    _text(
        "newlines, 20 MB", "\n", 19_900_000, "accepted", before="The first of two lines.", after="The last."
    ),
    _text("blanks, 20 MB", " ", 19_900_000, "accepted", before="The first of two words.", after="The last."),
    _text("blank lines, 20 MB", " \n", 19_900_000, "accepted", before="The first line. ", after="The last."),
    _text("full stops, 5 MB", ".", 5_000_000, "not_prose", "no_text", before="A word "),
    _text("digits, 5 MB", "1", 5_000_000, "no_text", "not_prose", before="A word "),
    _text("numbers, 5 MB", "1,", 5_000_000, "no_text", "not_prose", before="A word ", after="a"),
    _text(
        "marks of direction, 5 MB", "\u200f", 5_000_000, "not_prose", "accepted", before="Three words here "
    ),
    _text("joined emoji, 5 MB", "\U0001f469\u200d", 5_000_000, "not_prose", before="Three words here "),
    _text("wide characters, 20 MB", "Some words in a row. ", 19_900_000, "accepted", after="\U0001f469"),
    _text("control characters, 20 MB", "a\x02\r", 19_900_000, "binary", "accepted"),
    _markup("nested div, 0.9 MB", "html", "<div>", 400_000, "too_complex", after="text"),
    _markup("nested list, 0.9 MB", "html", "<ul><li>", 900_000, after="text"),
    _markup("nested fonts, 1 MB", "html", "<p><font>x", 1_000_000),
    _markup("misnested tags, 1 MB", "html", "<b><i><a></b>x", 1_000_000),
    _markup("breaks, 5 MB", "html", "<br>", 5_000_000),
    _markup("paragraphs, 20 MB", "html", "<p>a", 19_900_000),
    _markup("open comments, 5 MB", "html", "<!--", 5_000_000),
    _markup("open tags, 5 MB", "html", "<a b='", 5_000_000),
    Case("100,000 attributes, 0.8 MB", _attributes, "text/html", frozenset({"accepted", "too_complex"})),
    _markup("Markdown, 0.4 MB", "markdown", "# a *b* [c](d)\n\n", 400_000),
    _markup("Markdown, 20 MB", "markdown", '- *a* `b` ![c](d "e")\n', 19_900_000),
    _markup("brackets, 0.2 MB", "markdown", "[", 200_000),
    _markup("stars, 0.2 MB", "markdown", "**a ", 200_000),
    _markup("quotes in quotes, 0.1 MB", "markdown", ">", 100_000),
    _markup("backticks, 0.5 MB", "markdown", "`" * 50 + "a" + "`" * 49 + "b", 500_000),
    _markup("definitions, 5 MB", "markdown", "[a]: b\n", 5_000_000),
    Case("DOCX, a cell over 1,000,000 columns", lambda: _spanning(1_000_000, "x"), None, _FILE),
    Case("DOCX, cells over 1,000 columns", lambda: _spanning(1_000, "word " * 100, 1_000), None, _FILE),
    Case("DOCX, 3 MB in a cell over 500 columns", lambda: _spanning(500, "abc def " * 400_000), None, _FILE),
    Case("DOCX, 5,000 rows merged", lambda: _merged_down(5_000, "word " * 1_000), None, _FILE),
    Case("DOCX, 2,000 tables in each other", lambda: _nested_tables(2_000), None, _FILE),
    Case("DOCX, entities of 10^11 words", _entities, None, _FILE),
    Case("DOCX, 150 MB of runs in 0.9 MB", lambda: _docx("<w:p><w:r/></w:p>" * 8_000_000), None, _FILE),
    Case("ZIP bomb", _zip_bomb, None, frozenset({"zip_bomb"})),
    Case("ZIP in a ZIP", _zip_in_zip, None, _FILE | {"unsupported_type"}),
    Case(
        "PDF, a page of 100 MB", lambda: _pdf_of_stream(b"BT /F1 9 Tf (word) Tj ET " * 4_000_000), None, _FILE
    ),
    Case("PDF, a page without text", lambda: _pdf_of_stream(b"0 0 m 9 9 l S " * 4_000_000), None, _FILE),
    Case(
        "PDF, one page 2,000 times",
        lambda: _pdf_of_stream(b"BT /F1 9 Tf (word ) Tj ET " * 5_000, 2_000),
        None,
        _FILE,
    ),
    Case("PDF, pages 20,000 deep", lambda: _deep_pages(20_000), None, _FILE),
    Case("PDF, pages in a circle", _circular_pages, None, _FILE),
    Case("PDF, arrays 100,000 deep", lambda: _nested_arrays(100_000), None, _FILE),
    Case("PDF, damaged, 20 MB", lambda: b"%PDF-1.7\n" + b"1 0 obj<<" * 2_200_000, None, _FILE),
]


def json_bodies() -> dict[str, bytes]:
    """Bodies of JSON within the size limit that hold far more values than any event has."""
    size = 32 * MIB
    return {
        "empty lists": b'{"text":"a","metadata":[' + b"[]," * (size // 3) + b"[]]}",
        "zeros": b'{"text":"a","metadata":[' + b"0," * (size // 2) + b"0]}",
        "names": b"{" + b'"a":0,' * (size // 6) + b'"text":"a"}',
        "deep lists": b'{"text":' + b"[" * size,
        "short strings": b"[" + b'"",' * (size // 3) + b'""]',
        "escapes": json.dumps({"text": "\u0001" * (size // 6)}).encode(),
    }
