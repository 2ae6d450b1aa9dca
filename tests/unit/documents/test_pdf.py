"""PDF files: what is on the page, in the order in which people read it."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, FloatObject, NameObject, TextStringObject

from brevity.common.errors import Rejected
from brevity.documents.budget import Budget
from brevity.documents.formats.pdf import read_pdf
from brevity.documents.model import BlockKind, Found
from tests.unit.documents.pdf_files import Drawn, column, pdf_of

DATA = Path(__file__).parents[2] / "data" / "reading"

LEFT = """\
The county council has examined the state of
its bridges after the big collapse and con-
siders most of them safe. Six must be closed
to lorries at once, and a report will follow."""
RIGHT = """\
Traffic over the closed bridges will be led
through Varde until autumn. Bus companies
expect delays of twenty minutes. The well-
known bridge at Holm stays open, as all of
the well-known bridges do."""


def read(data: bytes) -> Found:
    return read_pdf(data, Budget.idle())


def texts(found: Found, kind: BlockKind) -> list[str]:
    return [part.text for part in found.parts if part.kind is kind]


@pytest.mark.parametrize("name", ["columns-across.pdf", "columns-bycol.pdf"])
def test_two_columns_are_read_one_after_the_other_however_they_are_drawn(name: str) -> None:
    found = read((DATA / name).read_bytes())
    assert found.title == "State of the bridges"
    prose = " ".join(texts(found, BlockKind.PARAGRAPH))
    assert "The sensors hear the breaking of single wires and cost about 300 crowns" in prose
    assert "expect delays of up to twenty minutes in the morning. The council has promised two" in prose
    assert prose.startswith("The county council of Orlen has examined the state of 214 bridges after")
    assert prose.endswith("A public hearing will take place on the ninth of March in the town hall.")


@pytest.mark.parametrize("language", ["ar", "he", "hi", "th"])
def test_scripts_that_browsers_print_come_back_letter_for_letter(language: str) -> None:
    found = read((DATA / f"print-{language}.pdf").read_bytes())
    assert texts(found, BlockKind.PARAGRAPH) == [(DATA / f"print-{language}.txt").read_text().strip()]


def test_words_cut_at_line_ends_are_whole_again_and_compounds_keep_their_hyphen() -> None:
    found = read(pdf_of([column(60, 700, LEFT) + column(320, 700, RIGHT)]))
    assert texts(found, BlockKind.PARAGRAPH) == [
        "The county council has examined the state of its bridges after the big collapse and considers most "
        "of them safe. Six must be closed to lorries at once, and a report will follow.",
        "Traffic over the closed bridges will be led through Varde until autumn. Bus companies expect delays of "
        "twenty minutes. The well-known bridge at Holm stays open, as all of the well-known bridges do.",
    ]


def test_page_headers_footers_and_numbers_are_left_out_and_counted() -> None:
    pages = [
        [
            Drawn(60, 810, "Annual report of the harbour", 8),
            *column(
                60,
                700,
                f"Page {number} begins with a line that nobody else has, and\nends with another one of them.",
            ),
            Drawn(290, 30, str(number), 8),
        ]
        for number in range(1, 5)
    ]
    found = read(pdf_of(pages))
    assert [part.text for part in found.parts] == [
        f"Page {number} begins with a line that nobody else has, and ends with another one of them."
        for number in range(1, 5)
    ]
    assert found.words_dropped == 4 * 6


def test_a_paragraph_goes_on_over_the_page_and_the_note_below_it_stands_apart() -> None:
    first = [
        *column(
            60,
            160,
            "A first line of the paragraph that is as long as it can be\nand a second one that says that the harbour of",
        ),
        Drawn(60, 60, "1 The harbour was measured by the council.", 7),
    ]
    second = column(
        60,
        780,
        "the town was deeper in former times. It is now\nshallow, as all know who have swum there once.",
    )
    found = read(pdf_of([first, second]))
    assert texts(found, BlockKind.PARAGRAPH) == [
        "A first line of the paragraph that is as long as it can be and a second one that says that the harbour of "
        "the town was deeper in former times. It is now shallow, as all know who have swum there once."
    ]
    assert texts(found, BlockKind.NOTE) == ["1 The harbour was measured by the council."]


def test_headings_lists_captions_and_tables_are_told_apart() -> None:
    page = [
        Drawn(60, 780, "On harbours", 20, "bold"),
        Drawn(60, 740, "1. How they are built", 13, "bold"),
        *column(
            60, 715, "Most are built of stone. What they need beside stone is told here, in\na list of two:"
        ),
        Drawn(60, 680, "• patience, which is rare among those who build by the\xa0sea"),
        Drawn(60, 665, "• money"),
        Drawn(60, 630, "Figure 1. A harbour in winter.", 9),
        *[Drawn(60 + 120 * at, 590, cell) for at, cell in enumerate(("Year", "Ships", "Tons"))],
        *[Drawn(60 + 120 * at, 575, cell) for at, cell in enumerate(("1931", "41", "5,200"))],
        *[Drawn(60 + 120 * at, 560, cell) for at, cell in enumerate(("1932", "57", "7,900"))],
        *column(
            60,
            520,
            "After the table the text goes on in the usual way, with lines that are\nlong and end somewhere.",
        ),
    ]
    found = read(pdf_of([page], title="Microsoft Word - harbours_final2.doc"))
    assert [(part.kind.value, part.text) for part in found.parts] == [
        ("heading", "On harbours"),
        ("heading", "1. How they are built"),
        (
            "paragraph",
            "Most are built of stone. What they need beside stone is told here, in a list of two:",
        ),
        ("list_item", "patience, which is rare among those who build by the sea"),
        ("list_item", "money"),
        ("caption", "Figure 1. A harbour in winter."),
        ("table", "Year\tShips\tTons\n1931\t41\t5,200\n1932\t57\t7,900"),
        (
            "paragraph",
            "After the table the text goes on in the usual way, with lines that are long and end somewhere.",
        ),
    ]
    assert [part.level for part in found.parts[:2]] == [1, 2]
    assert found.title == "On harbours"


def test_a_scan_with_a_stamp_is_refused_with_what_to_do() -> None:
    with pytest.raises(Rejected) as caught:
        read(pdf_of([[Drawn(400, 800, "Received 12 March")]] * 3, picture=True))
    assert (caught.value.code, "ocrmypdf" in (caught.value.remedy or "")) == ("no_text", True)


def test_pictures_among_pages_of_text_are_warned_of() -> None:
    text = pdf_of([column(60, 700, LEFT * 2)])
    scan = pdf_of([[]], picture=True)
    writer = PdfWriter()
    for data in (text, scan):
        writer.append(PdfReader(io.BytesIO(data)))
    out = io.BytesIO()
    writer.write(out)
    found = read(out.getvalue())
    assert [warned.code for warned in found.warnings] == ["scanned_pages"]
    assert "1 of 2 pages" in found.warnings[0].message


def test_a_file_under_a_password_is_refused() -> None:
    writer = PdfWriter()
    writer.append(PdfReader(io.BytesIO(pdf_of([column(60, 700, LEFT)]))))
    writer.encrypt("secret")
    out = io.BytesIO()
    writer.write(out)
    with pytest.raises(Rejected) as caught:
        read(out.getvalue())
    assert caught.value.code == "encrypted"


def test_sideways_pages_are_read_and_sideways_stamps_are_not() -> None:
    writer = PdfWriter()
    writer.append(PdfReader(io.BytesIO(pdf_of([column(60, 700, LEFT)]))))
    writer.pages[0].rotate(90)
    out = io.BytesIO()
    writer.write(out)
    assert texts(read(out.getvalue()), BlockKind.PARAGRAPH)[0].startswith(
        "The county council has examined the state"
    )


def test_code_keeps_its_lines() -> None:
    code = "def harbour(ships):\n    return ships * 2"
    found = read(pdf_of([[*column(60, 700, LEFT), *column(60, 560, code, font="typed")]]))
    assert texts(found, BlockKind.CODE) == [code]


def test_what_is_filled_into_a_form_is_read_where_it_stands() -> None:
    writer = PdfWriter()
    writer.append(
        PdfReader(io.BytesIO(pdf_of([[*column(60, 700, LEFT), Drawn(60, 500, "Name of the ship:")]])))
    )
    for name, value, left in (("name", TextStringObject("Aurora"), 160), ("box", NameObject("/Off"), 300)):
        field = DictionaryObject()
        field[NameObject("/Type")], field[NameObject("/Subtype")] = (
            NameObject("/Annot"),
            NameObject("/Widget"),
        )
        field[NameObject("/T")], field[NameObject("/V")] = TextStringObject(name), value
        field[NameObject("/Rect")] = ArrayObject([FloatObject(each) for each in (left, 497, left + 50, 511)])
        writer.add_annotation(0, field)
    out = io.BytesIO()
    writer.write(out)
    assert "Name of the ship: Aurora" in " ".join(part.text for part in read(out.getvalue()).parts).replace(
        "\t", " "
    )
