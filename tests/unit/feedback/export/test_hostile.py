"""Content that tries to be markup, to hide, to reorder, or to break the file."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brevity.common.errors import Rejected
from brevity.common.events import SummaryRequest, SummaryWarning
from brevity.feedback.export import Exported, ExportItem, Format, Review, export
from brevity.feedback.export.markdown import escape
from brevity.feedback.export.text import clean
from tests.unit.feedback.export.items import AT, item, made
from tests.unit.feedback.export.reading import (
    markdown_text,
    markdown_tokens,
    pages,
    pdf_text,
    squeezed,
    word,
    word_lines,
)

HOSTILE = [
    '#read("/etc/passwd") #eval("1+1") $x^2$ *bold* _it_ @ref <label> \\ #import "@preview/x:1.0.0"',
    '"] #panic("no") #[',
    "<script>alert(1)</script><img src=x onerror=alert(1)> &amp; &#60;b&#62;",
    "[click](javascript:alert(1)) ![pixel](http://example.org/p.png) <http://example.org> `code` ~~gone~~",
    "# Heading | cell | **bold** www.example.org https://example.org user@example.org",
    "- item",
    "1. item",
    "===",
    "```",
    "[^1]: my own footnote",
    "{{ template }} ${jndi:ldap://x} <?xml version='1.0'?> ]]> <w:p/>",
    '=HYPERLINK("http://example.org")',
]
ALLOWED_TOKENS = {
    "heading_open", "heading_close", "inline", "text", "softbreak", "table_open", "table_close", "thead_open",
    "thead_close", "tbody_open", "tbody_close", "tr_open", "tr_close", "th_open", "th_close", "td_open",
    "td_close", "paragraph_open", "paragraph_close", "bullet_list_open", "bullet_list_close", "list_item_open",
    "list_item_close", "em_open", "em_close",
}  # fmt: skip


def with_everywhere(text: str) -> ExportItem:
    """`text` as title, sentence, source, warning, reason and correction."""
    one = made(
        f"{text} And more.",
        [text],
        text,
        warnings=[SummaryWarning(code="low_support", message=text)],
    )
    return ExportItem(one.summary, one.source, Review("r.meyer", AT, "down", text, (text,)))


@pytest.mark.parametrize("text", HOSTILE)
def test_a_pdf_shows_hostile_text_as_it_is(text: str) -> None:
    shown = pdf_text(export([with_everywhere(text)], Format.PDF).data)
    assert shown.count(squeezed(text)) >= 4


@pytest.mark.parametrize("text", HOSTILE)
def test_word_shows_hostile_text_as_it_is(text: str) -> None:
    document = word(with_everywhere(text))
    lines = word_lines(document)
    assert sum(clean(text) in line for line in lines) >= 4
    targets = [relation.target_ref for relation in document.part.rels.values() if relation.is_external]
    assert targets == []


@pytest.mark.parametrize("text", HOSTILE)
def test_markdown_shows_hostile_text_as_it_is(text: str) -> None:
    data = export([with_everywhere(text)], Format.MARKDOWN).data.decode()
    assert {token.type for token in markdown_tokens(data)} <= ALLOWED_TOKENS
    assert markdown_text(data).count(text) >= 4


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=60))
@settings(deadline=None, max_examples=300)
def test_any_line_reads_back_from_markdown_as_itself(text: str) -> None:
    line = clean(text)
    tokens = markdown_tokens(f"before {escape(line)} after")
    assert {token.type for token in tokens} <= {"paragraph_open", "inline", "text", "paragraph_close"}
    assert "".join(t.content for t in tokens if t.type == "text") == f"before {line} after"
    # As the beginning of a block, too.
    assert {token.type for token in markdown_tokens(escape(line))} <= {
        "paragraph_open", "inline", "text", "paragraph_close",
    }  # fmt: skip


@given(st.text(max_size=80), st.text(min_size=1, max_size=80).filter(lambda text: bool(clean(text))))
@settings(deadline=None, max_examples=25)
def test_any_text_can_be_exported_and_is_readable_afterwards(title: str, sentence: str) -> None:
    title = title.encode("utf-8", "replace").decode()
    sentence = sentence.encode("utf-8", "replace").decode()
    one = made(sentence, [sentence], title)
    for format in Format:
        assert export([one], format).data
    assert word(one).core_properties.title is not None
    assert pages(export([one], Format.PDF).data) >= 1


@pytest.mark.parametrize("char", ["\x00", "\x07", "\x1b", "\x7f", "\x85", "\ufffe", "\U000e0041", "\ue000"])
def test_control_and_invisible_characters_are_left_out(char: str) -> None:
    one = made(f"A{char}B is so.", [f"A{char}B is so."], f"T{char}U")
    for format in (Format.PDF, Format.WORD, Format.MARKDOWN):
        assert export([one], format).data
    assert char not in "".join(word_lines(word(one)))
    assert char not in export([one], Format.MARKDOWN).data.decode().replace("\n", " ")


@pytest.mark.parametrize("mark", ["\u202e", "\u202d", "\u2066", "\u2067"])
def test_what_reorders_its_surroundings_is_left_out(mark: str) -> None:
    one = made(f"pay {mark}001 now.", [f"pay {mark}001 now."], f"invoice{mark}fdp.exe")
    assert mark not in "".join(word_lines(word(one)))
    assert mark not in export([one], Format.MARKDOWN).data.decode()
    assert "invoicefdp.exe" in pdf_text(export([one], Format.PDF).data)


@pytest.mark.parametrize("language", ["", "x", "english", "en;drop", "e\x00", "und", "xx-YY-ZZ", "EN"])
def test_an_odd_language_tag_breaks_nothing(language: str) -> None:
    one = made("A text.", ["A text."], "T")
    one = ExportItem(one.summary.model_copy(update={"language": language}), one.source)
    for format in Format:
        assert export([one], format).data


def test_jsonl_keeps_one_record_a_line_whatever_its_text() -> None:
    text = "one\u2028two\u2029three\x85four\nfive\x1b\\"
    lines = export([made(text, [text], text)] * 3, Format.JSONL).data.split(b"\n")
    assert len(lines) == 4
    assert lines[3] == b""
    for line in lines[:3]:
        assert len(line.decode().splitlines()) == 1
        assert json.loads(line)["summary"]["summary"] == text


@pytest.mark.parametrize("name", ["../../etc/passwd", 'a";filename=x', "ق", "CON", "a" * 190])
def test_the_file_name_is_harmless(name: str) -> None:
    file = export([item("en", document_id=name)], Format.PDF)
    assert file.filename.isascii()
    assert not set(file.filename) & set('/\\";:*?<>| \r\n')
    assert ".." not in file.filename
    assert len(file.filename) <= 80


def test_a_word_of_ten_thousand_letters_stays_on_the_page() -> None:
    one = made("x" * 10_000 + ".", ["x" * 10_000 + "."], "y" * 5_000)
    assert pages(export([one], Format.PDF).data) < 10


def test_source_that_is_not_the_one_summarized_is_not_quoted() -> None:
    one = item("en")
    wrong = ExportItem(
        one.summary, "Another text, long enough to hold the places of every span there is in it." * 9
    )
    for format in (Format.PDF, Format.WORD, Format.MARKDOWN):
        read = _text(export([wrong], format), wrong, format)
        assert "Anothertext" not in squeezed(read)
        assert "isnottheonesummarized" in squeezed(read)
    record = json.loads(export([wrong], Format.JSONL).data)
    assert {span["excerpt"] for c in record["citations"] for span in c["spans"]} == {None}


def _text(file: Exported, one: ExportItem, format: Format) -> str:
    if format is Format.PDF:
        return pdf_text(file.data)
    return "\n".join(word_lines(word(one))) if format is Format.WORD else file.data.decode()


@pytest.mark.parametrize(
    ("items", "format", "code"),
    [
        ([], Format.PDF, "export_empty"),
        ([item("en")] * 501, Format.PDF, "export_too_large"),
        ([item("en")] * 201, Format.WORD, "export_too_large"),
        ([made("x " * 2_500_000, ["x " * 2_500_000], "big")], Format.MARKDOWN, "export_too_large"),
    ],
)
def test_a_selection_out_of_bounds_is_refused_with_a_remedy(items: Any, format: Format, code: str) -> None:
    with pytest.raises(Rejected) as refused:
        export(items, format)
    assert refused.value.code == code
    assert refused.value.remedy


def test_bullets_lose_their_marks_and_become_a_list() -> None:
    source = "One thing. Another thing."
    one = made(
        source, ["One thing.", "Another thing."], "T", glue="\n- ", request=SummaryRequest(style="bullets")
    )
    text = export([one], Format.MARKDOWN).data.decode()
    assert "- One thing.[^1]\n- Another thing.[^2]" in text
    bullets = [p.text for p in word(one).paragraphs if p.style.name == "List Bullet"]
    assert bullets == ["One thing.[1]", "Another thing.[2]"]
