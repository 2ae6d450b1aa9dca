"""PPTX files: slides in order, each title, bullet, table and note as what it is."""

from __future__ import annotations

import io
import zipfile

from brevity.documents.budget import Budget
from brevity.documents.formats.pptx import read_pptx

NAMES = (
    'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
)


def shape(text: str, kind: str | None = None, place: tuple[int, int] | None = None) -> str:
    placeholder = f'<p:nvSpPr><p:nvPr><p:ph type="{kind}"/></p:nvPr></p:nvSpPr>' if kind else ""
    offset = f'<p:spPr><a:xfrm><a:off x="{place[0]}" y="{place[1]}"/></a:xfrm></p:spPr>' if place else ""
    lines = "".join(
        f'<a:p><a:pPr lvl="{len(line) - len(line.lstrip())}"/><a:r><a:t>{line.strip()}</a:t></a:r></a:p>'
        for line in text.splitlines()
    )
    return f"<p:sp>{placeholder}{offset}<p:txBody>{lines}</p:txBody></p:sp>"


def slide(*shapes: str, tag: str = "sld", show: str = "1") -> str:
    return f'<p:{tag} {NAMES} show="{show}"><p:cSld><p:spTree>{"".join(shapes)}</p:spTree></p:cSld></p:{tag}>'


def relations(*targets: tuple[str, str]) -> str:
    inside = "".join(
        f'<Relationship Id="r{n}" Type="x/{kind}" Target="{to}"/>' for n, (kind, to) in enumerate(targets)
    )
    return f"<Relationships>{inside}</Relationships>"


def deck(slides: list[str], notes: str) -> bytes:
    out = io.BytesIO()
    ids = "".join(f'<p:sldId r:id="r{number}"/>' for number in reversed(range(len(slides))))
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("ppt/presentation.xml", f"<p:presentation {NAMES}>{ids}</p:presentation>")
        targets = (("slide", f"slides/slide{number}.xml") for number in range(len(slides)))
        archive.writestr("ppt/_rels/presentation.xml.rels", relations(*targets))
        for number, xml in enumerate(slides):
            archive.writestr(f"ppt/slides/slide{number}.xml", xml)
        archive.writestr("ppt/slides/_rels/slide1.xml.rels", relations(("notesSlide", "../notes/n.xml")))
        archive.writestr("ppt/notes/n.xml", slide(shape(notes, "body"), shape("1", "sldNum"), tag="notes"))
    return out.getvalue()


def test_slides_come_in_the_order_of_the_show_with_their_notes_and_without_footers() -> None:
    cell = "<a:tc><a:txBody><a:p><a:r><a:t>{}</a:t></a:r></a:p></a:txBody></a:tc>"
    table = f"<a:tr>{cell.format('Year')}{cell.format('Ships')}</a:tr><a:tr>{cell.format('1931')}{cell.format('4')}</a:tr>"
    frame = f"<p:graphicFrame><a:graphic><a:graphicData><a:tbl>{table}</a:tbl></a:graphicData></a:graphic></p:graphicFrame>"
    slides = [
        slide(frame, shape("Costs", "title")),
        slide(
            shape("Below.", place=(0, 900_000)),
            shape("Above.", place=(0, 100_000)),
            shape("Harbours", "ctrTitle"),
            shape("Company secret", "ftr", place=(0, 9_000_000)),
        ),
        slide(shape("One\n Two", "body")),
        slide(shape("Not shown", "title"), show="0"),
    ]
    found = read_pptx(deck(slides, "Say hello."), Budget.idle())
    assert [(part.kind.value, part.text, part.level) for part in found.parts] == [
        ("list_item", "One", 1),
        ("list_item", "Two", 2),
        ("heading", "Harbours", 1),
        ("paragraph", "Above.", None),
        ("paragraph", "Below.", None),
        ("note", "Say hello.", None),
        ("heading", "Costs", 2),
        ("table", "Year\tShips\n1931\t4", None),
    ]
    assert (found.title, found.words_dropped) == ("Harbours", 4)
