"""ODT, EPUB and RTF files."""

from __future__ import annotations

import io
import zipfile

import pytest

from brevity.common.errors import Rejected
from brevity.documents.budget import Budget
from brevity.documents.formats.epub import read_epub
from brevity.documents.formats.odt import read_odt
from brevity.documents.formats.rtf import read_rtf
from brevity.documents.model import Found


def archive(**parts: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for name, text in parts.items():
            packed.writestr(name.replace("__", "/").replace("_", "."), text)
    return out.getvalue()


def blocks(found: Found) -> list[tuple[str, str]]:
    return [(part.kind.value, " ".join(part.text.split(" "))) for part in found.parts]


ODT = """<o:document xmlns:o="o" xmlns:t="t" xmlns:s="s" xmlns:d="d" xmlns:b="b" xmlns:f="f"><o:automatic-styles>
<s:style s:name="P1" s:parent-style-name="Quotations"/>
<s:style s:name="T1"><s:text-properties t:display="none"/></s:style></o:automatic-styles><o:body><o:text>
<t:tracked-changes><t:changed-region><t:deletion><t:p>gone</t:p></t:deletion></t:changed-region></t:tracked-changes>
<t:table-of-content><t:index-body><t:p>On harbours 1</t:p></t:index-body></t:table-of-content>
<t:h t:outline-level="2">On harbours</t:h>
<t:p>Most<t:s t:c="2"/>are<t:span t:style-name="T1">secret</t:span> old<t:note><t:note-citation>1</t:note-citation><t:note-body>
<t:p>Some are not.</t:p></t:note-body></t:note>.<o:annotation><t:p>Sure?</t:p></o:annotation></t:p>
<t:list><t:list-item><t:p>one</t:p><t:list><t:list-item><t:p>two</t:p></t:list-item></t:list></t:list-item></t:list>
<b:table><b:table-row><b:table-cell b:number-columns-spanned="2"><t:p>Costs</t:p></b:table-cell><b:covered-table-cell/>
</b:table-row><b:table-row><b:table-cell><t:p>1931</t:p></b:table-cell><b:table-cell><t:p>4</t:p></b:table-cell></b:table-row>
</b:table><t:p t:style-name="P1">A harbour is a door.</t:p>
<t:p><d:frame><d:text-box><t:p>In a box.</t:p></d:text-box></d:frame></t:p></o:text></o:body></o:document>"""


def test_an_odt_file_is_read_as_writer_shows_it() -> None:
    found = read_odt(archive(content_xml=ODT), Budget.idle())
    assert blocks(found) == [
        ("furniture", "On harbours 1"),
        ("heading", "On harbours"),
        ("paragraph", "Most  are old."),
        ("list_item", "one"),
        ("list_item", "two"),
        ("table", "Costs\n1931\t4"),
        ("quotation", "A harbour is a door."),
        ("paragraph", "In a box."),
        ("note", "Some are not."),
    ]
    assert [part.level for part in found.parts if part.kind.value == "list_item"] == [1, 2]


def test_an_odt_file_under_a_password_is_refused() -> None:
    with pytest.raises(Rejected) as caught:
        read_odt(
            archive(content_xml="x", **{"META-INF__manifest_xml": "<m><encryption-data/></m>"}), Budget.idle()
        )
    assert caught.value.code == "encrypted"


OPF = """<package xmlns:dc="d"><metadata><dc:title>On harbours</dc:title></metadata><manifest>
<item id="n" href="n.xhtml" media-type="application/xhtml+xml" properties="nav"/>
<item id="b" href="two%20b.xhtml" media-type="application/xhtml+xml"/>
<item id="a" href="a.xhtml" media-type="application/xhtml+xml"/></manifest>
<spine><itemref idref="n"/><itemref idref="a"/><itemref idref="b"/></spine></package>"""
CHAPTER = """<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"><head><title/></head><body>
<h2>First</h2><p>Most are<a id="x"/> old<sup>12</sup>.</p><ul><li>one<ol><li>two</li></ol></li></ul>
<aside epub:type="footnote"><p>Some are not.</p></aside><pre>a
  b</pre><table><tr><td>1931</td><td>4</td></tr></table><blockquote><p>A door.</p></blockquote><script>x()</script></body></html>"""


def test_an_epub_book_is_read_chapter_by_chapter() -> None:
    book = archive(
        **{"META-INF__container_xml": '<c><rootfile full-path="OPS/p.opf"/></c>', "OPS__p_opf": OPF},
        **{
            "OPS__n_xhtml": "<p>Contents</p>",
            "OPS__a_xhtml": CHAPTER,
            "OPS__two b_xhtml": "<p>Last&nbsp;words<br>here.",
        },
    )
    found = read_epub(book, Budget.idle())
    assert blocks(found) == [
        ("heading", "First"),
        ("paragraph", "Most are old¹²."),
        ("list_item", "one"),
        ("list_item", "two"),
        ("note", "Some are not."),
        ("code", "a\n  b"),
        ("table", "1931\t4"),
        ("quotation", "A door."),
        ("paragraph", "Last\xa0words\nhere."),
    ]
    assert found.title == "On harbours"


def rtf(body: str, head: str = r"\ansicpg1252") -> Found:
    fonts = r"{\fonttbl{\f0\fcharset0 Arial;}{\f1\fcharset204 Arial;}{\f2\fcharset128 Mincho;}{\f3\fcharset2 Symbol;}}"
    styles = r"{\stylesheet{\s0 Normal;}{\s1 heading 1;}}"
    return read_rtf(rf"{{\rtf1\ansi{head}{fonts}{styles}{body}}}".encode("latin-1"), Budget.idle())


def test_an_rtf_file_is_read_in_the_code_page_of_each_font() -> None:
    found = rtf(
        r"\f0 caf\'e9 \f1 \'ef\'f0\'e8\'e2\'e5\'f2 \f2 \'93\'fa\'96\'7b\f3\'b7\par \uc1\u8220?x\u-10179?\u-8704?\par"
    )
    assert blocks(found) == [("paragraph", "café привет 日本"), ("paragraph", "“x😀")]


def test_what_an_rtf_file_hides_is_not_read() -> None:
    found = rtf(
        r"{\info{\title On harbours}{\author Ann}}{\header Page}{\*\generator Word;}\pard\s1 Costs\par\pard The {\field"
        r"{\*\fldinst HYPERLINK x}{\fldrslt report}}{\deleted old }{\v secret}{\footnote\pard As audited.} says"
        r"{\pict 0102} so.\par{\listtext 1.\tab}one\par\pard\intbl 1931\cell 4\cell\row\pard \bin3 }}}End.\par"
    )
    assert blocks(found) == [
        ("heading", "Costs"),
        ("paragraph", "The report says so."),
        ("list_item", "one"),
        ("table", "1931\t4"),
        ("paragraph", "End."),
        ("note", "As audited."),
    ]
    assert found.title == "On harbours"


def test_groups_in_groups_without_end_are_refused() -> None:
    with pytest.raises(Rejected):
        rtf("{" * 100_000)
