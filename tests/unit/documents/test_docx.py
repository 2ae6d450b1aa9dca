"""DOCX files: what Word shows, and nothing that it hides."""

from __future__ import annotations

import io
import zipfile
from xml.sax.saxutils import quoteattr

import pytest

from brevity.common.errors import Rejected
from brevity.documents.budget import Budget
from brevity.documents.formats.docx import read_docx
from brevity.documents.model import BlockKind, Found

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
NAMES = (
    f'xmlns:w="{WORD}" xmlns:v="urn:schemas-microsoft-com:vml" xmlns:mc="http://schemas.openxmlformats.org/'
    'markup-compatibility/2006" xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
)


def package(body: str, **parts: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", f"<w:document {NAMES}><w:body>{body}</w:body></w:document>")
        for name, xml in parts.items():
            archive.writestr(f"word/{name}.xml", f"<w:{name} {NAMES}>{xml}</w:{name}>")
    return out.getvalue()


def run(text: str, properties: str = "") -> str:
    return f'<w:r>{f"<w:rPr>{properties}</w:rPr>" if properties else ""}<w:t xml:space="preserve">{text}</w:t></w:r>'


def paragraph(*runs: str, properties: str = "") -> str:
    inside = "".join(each if each.startswith("<") else run(each) for each in runs)
    return f"<w:p>{f'<w:pPr>{properties}</w:pPr>' if properties else ''}{inside}</w:p>"


def style(name: str) -> str:
    return f"<w:pStyle w:val={quoteattr(name)}/>"


def item(list_id: int, level: int) -> str:
    return f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{list_id}"/></w:numPr>'


def read(data: bytes) -> Found:
    return read_docx(data, Budget.idle())


def blocks(data: bytes) -> list[tuple[str, str]]:
    return [(part.kind.value, part.text) for part in read(data).parts]


def test_insertions_and_controls_count_and_deletions_and_hidden_text_do_not() -> None:
    body = paragraph(
        "The builder repays ",
        f"<w:del>{run('three').replace('w:t', 'w:delText')}</w:del>",
        f"<w:ins>{run('two')}</w:ins>",
        " million to ",
        f"<w:sdt><w:sdtContent>{run('Norrland')}</w:sdtContent></w:sdt>",
        f"<w:smartTag>{run(' of')}</w:smartTag>",
        f"<w:moveFrom>{run(' Varde')}</w:moveFrom><w:moveTo>{run(' Holm')}</w:moveTo>",
        run(" secretly", "<w:vanish/>"),
        f"<w:sdt><w:sdtPr><w:showingPlcHdr/></w:sdtPr><w:sdtContent>{run('Click here.')}</w:sdtContent></w:sdt>",
        run("."),
    )
    control = f"<w:sdt><w:sdtContent>{paragraph('In a control.')}</w:sdtContent></w:sdt>"
    assert blocks(package(body + control)) == [
        ("paragraph", "The builder repays two million to Norrland of Holm."),
        ("paragraph", "In a control."),
    ]


def test_a_paragraph_whose_end_was_deleted_goes_on_in_the_next() -> None:
    body = paragraph("The harbour ", properties="<w:rPr><w:del/></w:rPr>") + paragraph("was closed.")
    assert blocks(package(body)) == [("paragraph", "The harbour was closed.")]


def test_fields_show_their_results_only() -> None:
    field = (
        '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>HYPERLINK "x"</w:instrText></w:r>'
        f'<w:r><w:fldChar w:fldCharType="separate"/></w:r>{run("the report")}<w:r><w:fldChar w:fldCharType="end"/></w:r>'
    )
    assert blocks(package(paragraph("See ", field, "."))) == [("paragraph", "See the report.")]


def test_text_boxes_come_once_after_the_paragraph_that_they_hang_on() -> None:
    box = f"<w:txbxContent>{paragraph('In the box.')}</w:txbxContent>"
    drawing = (
        f"<w:r><mc:AlternateContent><mc:Choice><w:drawing>{box}</w:drawing></mc:Choice>"
        f"<mc:Fallback><w:pict><v:textbox>{box}</v:textbox></w:pict></mc:Fallback></mc:AlternateContent></w:r>"
    )
    assert blocks(package(paragraph("Before.", drawing))) == [
        ("paragraph", "Before."),
        ("paragraph", "In the box."),
    ]


def test_notes_stand_at_the_end_and_comments_nowhere() -> None:
    body = paragraph(
        "Profits rose.", '<w:r><w:footnoteReference w:id="2"/></w:r><w:r><w:commentReference w:id="0"/></w:r>'
    )
    notes = f'<w:footnote w:type="separator" w:id="0"/><w:footnote w:id="1">{paragraph("Lost.")}</w:footnote>'
    notes += f'<w:footnote w:id="2">{paragraph("As audited.")}</w:footnote>'
    data = package(body, footnotes=notes, comments=f'<w:comment w:id="0">{paragraph("Sure?")}</w:comment>')
    assert blocks(data) == [("paragraph", "Profits rose."), ("note", "As audited."), ("note", "Lost.")]


def test_a_merged_cell_is_read_once_and_a_row_is_a_line() -> None:
    def cell(text: str, properties: str = "") -> str:
        return f"<w:tc><w:tcPr>{properties}</w:tcPr>{paragraph(text)}</w:tc>"

    wide, first, more = '<w:gridSpan w:val="2"/>', '<w:vMerge w:val="restart"/>', "<w:vMerge/>"
    inner = f"<w:tbl><w:tr>{cell('inner')}</w:tr></w:tbl>"
    table = (
        f"<w:tbl><w:tr>{cell('Costs', wide)}</w:tr>"
        f"<w:tr>{cell('Year', first)}{cell('1931')}</w:tr>"
        f"<w:tr>{cell('', more)}<w:tc>{paragraph('1932')}{inner}</w:tc></w:tr>"
        f"<w:tr><w:trPr><w:del/></w:trPr>{cell('gone')}{cell('gone')}</w:tr></w:tbl>"
    )
    assert blocks(package(table)) == [("table", "Costs\nYear\t1931\n\t1932 inner")]


def test_a_table_that_lays_out_a_page_is_its_cells_text() -> None:
    text = "The council of the town has decided " * 8
    table = f"<w:tbl><w:tr><w:tc>{paragraph(text)}</w:tc><w:tc>{paragraph(text)}</w:tc></w:tr></w:tbl>"
    assert [kind for kind, _ in blocks(package(table))] == ["paragraph", "paragraph"]


def test_headings_are_told_by_style_and_clauses_keep_their_numbers() -> None:
    styles = (
        '<w:style w:styleId="berschrift1"><w:name w:val="heading 1"/><w:pPr><w:outlineLvl w:val="0"/></w:pPr></w:style>'
        '<w:style w:styleId="mine"><w:name w:val="Mine"/><w:basedOn w:val="berschrift1"/></w:style>'
        '<w:style w:styleId="toc1"><w:name w:val="toc 1"/></w:style>'
    )
    levels = (
        '<w:lvl w:ilvl="0"><w:numFmt w:val="decimal"/><w:lvlText w:val="%1."/></w:lvl>'
        '<w:lvl w:ilvl="1"><w:numFmt w:val="lowerLetter"/><w:lvlText w:val="%1.%2"/></w:lvl>'
    )
    bullets = '<w:lvl w:ilvl="0"><w:numFmt w:val="bullet"/><w:lvlText w:val="x"/></w:lvl>'
    numbering = (
        f'<w:abstractNum w:abstractNumId="7">{levels}</w:abstractNum><w:abstractNum w:abstractNumId="8">{bullets}'
        '</w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="7"/></w:num>'
        '<w:num w:numId="2"><w:abstractNumId w:val="8"/></w:num>'
    )
    body = (
        paragraph("Contents 1", properties=style("toc1"))
        + paragraph("Price", properties=style("mine") + item(1, 0))
        + paragraph("It is 4 crowns.", properties=item(1, 1))
        + paragraph("It is paid in May.", properties=item(1, 1))
        + paragraph("End", properties=style("berschrift1") + item(1, 0))
        + paragraph("a point", properties=item(2, 0))
    )
    found = read(package(body, styles=styles, numbering=numbering))
    assert [(part.kind, part.text, part.level) for part in found.parts] == [
        (BlockKind.FURNITURE, "Contents 1", None),
        (BlockKind.HEADING, "1. Price", 1),
        (BlockKind.LIST_ITEM, "1.a It is 4 crowns.", 2),
        (BlockKind.LIST_ITEM, "1.b It is paid in May.", 2),
        (BlockKind.HEADING, "2. End", 1),
        (BlockKind.LIST_ITEM, "a point", 1),
    ]


def test_entities_of_a_file_are_not_expanded() -> None:
    bomb = (
        '<!DOCTYPE w:document [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
        f'<!ENTITY c SYSTEM "file:///etc/passwd">]><w:document {NAMES}><w:body>{paragraph("x&b;&c;y")}</w:body></w:document>'
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("word/document.xml", bomb)
    assert "aaaa" not in str(blocks(out.getvalue()))


def test_a_broken_file_is_refused_with_what_to_do() -> None:
    with pytest.raises(Rejected) as caught:
        read(package("<w:p><w:r></w:p>"))
    assert (caught.value.code, "save it again" in (caught.value.remedy or "")) == ("unreadable", True)
