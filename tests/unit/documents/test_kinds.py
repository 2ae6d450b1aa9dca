"""What a file is taken for, and what is refused by its name."""

from __future__ import annotations

from pathlib import Path

import pytest

from brevity.common.errors import Rejected
from brevity.documents import read, read_file
from brevity.documents.data_files import data_name
from brevity.documents.kinds import kind_of, kind_of_text

DATA = Path(__file__).parents[2] / "data" / "reading"
PAGE = b"<!DOCTYPE html><html><body><p>It rained.</p></body></html>"
PROSE = b"The tag <html> opens a page, and a PDF file begins with %PDF-1.7 as everybody knows."


@pytest.mark.parametrize(
    ("data", "media_type", "name", "kind"),
    [
        (PROSE, None, None, "text"),
        (PROSE, None, "guide.md", "markdown"),
        (PROSE, "text/markdown; charset=utf-8", "guide.txt", "markdown"),
        (PROSE, "text/plain", "README.md", "markdown"),
        (PROSE, "application/octet-stream", "guide.txt", "text"),
        (PROSE, "text/html", None, "html"),
        (PAGE, None, None, "html"),
        (PAGE, "text/plain", "page.txt", "html"),
        (PAGE + b"\nis what a page looks like.", "text/plain", None, "text"),
        (b"\xef\xbb\xbf <!-- saved -->\n" + PAGE, None, None, "html"),
        (b"%PDF-1.4 ...", "text/plain", "a.txt", "pdf"),
        (b"junk before\n%PDF-1.4 ...", None, "a.pdf", "pdf"),
        (b"From here: nowhere.\n\nTo: be or not.", None, None, "text"),
    ],
)
def test_the_declared_type_wins_unless_it_cannot_be_true(
    data: bytes, media_type: str | None, name: str | None, kind: str
) -> None:
    assert kind_of(data, media_type, name) == kind


@pytest.mark.parametrize(
    ("data", "media_type", "name", "called"),
    [
        (b"a,b\n1,2", None, "d.csv", "CSV data"),
        (b'{"a": 1}', "application/json", None, "JSON data"),
        (b"\x89PNG\r\n", None, "a.txt", "a PNG image"),
        (b"\xd0\xcf\x11\xe0" + "WordDocument".encode("utf-16-le"), None, None, "an old Word file"),
        (b"PK\x03\x04rest", None, None, "a ZIP archive"),
        (b"print(1)", None, "a.py", "source code"),
    ],
)
def test_what_is_not_read_is_refused_by_its_name(
    data: bytes, media_type: str | None, name: str | None, called: str
) -> None:
    with pytest.raises(Rejected, match=called) as caught:
        read(data, media_type, name)
    assert caught.value.code == "unsupported_type"


@pytest.mark.parametrize(
    ("name", "called"),
    [
        ("a.csv", "CSV data"),
        ("a.json", "JSON data"),
        ("a.xml", "XML data"),
        ("a.log", "a log"),
        ("a.tex", "LaTeX source"),
        ("code.txt", "source code"),
    ],
)
def test_data_is_told_from_running_text_without_its_name(name: str, called: str) -> None:
    assert data_name((DATA / "data-files" / name).read_text("utf-8").strip()) == called


def test_running_text_is_not_taken_for_data() -> None:
    paths = [*DATA.rglob("*.txt"), *DATA.rglob("*.md")]
    texts = {
        path.name: path.read_bytes().decode("utf-8", "ignore") for path in paths if path.name != "code.txt"
    }
    texts["verse"] = "O, say, can you see;\nBy the dawn, early, light;\n" * 5
    texts["list"] = "Monday: bread, milk, eggs\nTuesday: rice, beans, corn\n" * 5
    texts["cited"] = "[1, 2] show that rivers rise.\n[3] does not."
    assert {name: data_name(text) for name, text in texts.items() if data_name(text)} == {}


def test_a_text_that_speaks_of_tags_and_signatures_is_read_as_the_text_it_is() -> None:
    assert read_file(DATA / "kinds" / "pdf.txt").format == "text"
    tutorial = read_file(DATA / "kinds" / "tut.md")
    assert (tutorial.format, tutorial.title) == ("markdown", "A first page")
    assert "Every page needs the <html> and <body> tags" in tutorial.text


def test_a_string_is_told_by_its_declared_type_or_its_beginning() -> None:
    assert kind_of_text(PAGE.decode(), None) == "html"
    assert kind_of_text(PAGE.decode(), "text/plain") == "text"
    with pytest.raises(Rejected):
        kind_of_text("x", "application/pdf")


@pytest.mark.parametrize("path", sorted((DATA / "page-encodings").glob("*.html")), ids=lambda path: path.stem)
def test_a_page_is_read_in_the_encoding_that_it_names(path: Path) -> None:
    said = {
        "cp1251": "Городской совет",
        "eucjp": "東雲市",
        "gb": "青石市",
        "latin2": "Gródek",
        "sjis": "東雲市",
    }
    document = read_file(path)
    assert said[path.stem] in document.text
    assert not document.warnings


@pytest.mark.parametrize("name", ["notes.bin", "meeting.class", "photo.jpg", "backup.zip", "letter.doc"])
@pytest.mark.parametrize("declared", [None, "application/octet-stream", "image/png"])
def test_a_text_is_read_whatever_program_its_name_is_of(name: str, declared: str | None) -> None:
    text = "Der Gemeinderat von Grünau hat am Dienstag beschlossen, das Heizwerk zu schließen. ".encode() * 5
    assert kind_of(text, declared, name) == "text"
    with pytest.raises(Rejected, match="which is not read"):
        kind_of(b"\x00\x01\x02" * 500, declared, name)
