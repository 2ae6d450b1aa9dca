"""Reading files: every kind, and every reason to refuse one."""

from __future__ import annotations

import io
import zipfile

import pytest
from docx import Document
from pypdf import PdfWriter

from brevity.common.errors import Rejected
from brevity.documents import Limits, read
from brevity.documents.kinds import kind_of
from brevity.documents.normalise import check_prose, normalise

LIMITS = Limits(seconds=20.0)


def docx_of(*paragraphs: str) -> bytes:
    document = Document()
    for paragraph in paragraphs:
        document.add_paragraph(paragraph)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def pdf_of(line: str) -> bytes:
    """A PDF of one page written by hand, so that reading it owes nothing to the library that reads it."""
    stream = f"BT /F1 12 Tf 72 700 Td ({line}) Tj ET".encode()
    bodies = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(stream), stream),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    out = bytearray(b"%PDF-1.4\n")
    places: list[int] = []
    for number, body in enumerate(bodies, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 6\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % place for place in places)
    return bytes(out + b"trailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % start)


def code_of(data: bytes, media_type: str | None = None) -> str:
    with pytest.raises(Rejected) as caught:
        read(data, media_type, limits=LIMITS)
    return caught.value.code


def test_a_docx_gives_its_paragraphs_in_order() -> None:
    assert read(docx_of("First point.", "Second point."), limits=LIMITS).text == (
        "First point.\n\nSecond point."
    )


def test_a_pdf_gives_its_text() -> None:
    assert "The river rose" in read(pdf_of("The river rose"), limits=LIMITS).text


def test_an_html_page_gives_its_article_and_title_without_scripts() -> None:
    page = b"<!doctype html><title>News</title><nav>Menu</nav><article><p>It rained.</p><script>x()</script></article>"
    found = read(page, limits=LIMITS)
    assert (found.text, found.title) == ("It rained.", "News")


def test_markdown_loses_its_marks() -> None:
    found = read("# Report\n\nSales **grew** by 3%.", "text/markdown")
    assert found.text == "Report\n\nSales grew by 3%."


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_text_is_read_in_the_encoding_it_is_written_in(encoding: str) -> None:
    assert read("Größe façade".encode(encoding), "text/plain", limits=LIMITS).text == "Größe façade"


def test_a_zip_bomb_is_refused_before_it_is_unpacked() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b"\0" * 50_000_000)
    assert code_of(out.getvalue()) == "zip_bomb"


def test_a_damaged_pdf_is_refused_as_unreadable() -> None:
    assert code_of(b"%PDF-1.7\n" + b"\xff" * 5_000) == "unreadable"


def test_a_pdf_with_a_password_is_refused() -> None:
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    writer.encrypt("secret")
    out = io.BytesIO()
    writer.write(out)
    assert code_of(out.getvalue()) == "encrypted"


def test_a_reader_that_needs_too_much_memory_harms_only_itself() -> None:
    with pytest.raises(Rejected) as caught:
        read(docx_of("Some words. " * 400_000), limits=Limits(memory=1 << 20))
    assert caught.value.code == "too_complex"


def test_binary_data_is_no_text() -> None:
    assert code_of(bytes(range(256)) * 10) == "binary"


@pytest.mark.parametrize("data", [b"\x89PNG\r\n", b"\xff\xd8\xff\xe0", b"PK\x03\x04rest"])
def test_other_files_are_of_an_unsupported_type(data: bytes) -> None:
    with pytest.raises(Rejected) as caught:
        kind_of(data)
    assert caught.value.code == "unsupported_type"


def test_equal_texts_have_one_form() -> None:
    assert normalise("Cafe\u0301  \r\n\r\n\r\n\r\nb\x00c\n") == normalise("Caf\u00e9\n\nbc") == "Café\n\nbc"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "no_text"),
        ("12345 67", "no_text"),
        ("a" * 1_000_000, "not_prose"),
        ("x " + "=-#" * 90, "not_prose"),
    ],
)
def test_what_is_not_prose_is_refused(text: str, code: str) -> None:
    with pytest.raises(Rejected) as caught:
        check_prose(text)
    assert caught.value.code == code


@pytest.mark.parametrize("text", ["東京で会議が開かれた。" * 300, "การประชุมเริ่มต้นวันนี้" * 200, "हिन्दी में समाचार"])
def test_scripts_without_blanks_are_prose(text: str) -> None:
    check_prose(normalise(text))
