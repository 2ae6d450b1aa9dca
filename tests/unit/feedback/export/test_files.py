"""What each kind of file holds, and what a selection costs."""

from __future__ import annotations

import json
import time
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO

import pytest
from pypdf import PdfReader

from brevity.common.events import Coverage, Span
from brevity.feedback.export import LIMITS, ExportItem, Format, export, stream_jsonl
from tests.unit.feedback.export.items import TEXTS, item, reviewed, warned
from tests.unit.feedback.export.reading import markdown_text, pages, pdf_text, squeezed, word, word_lines

FACTS = (
    "document-en",
    "English (en)",
    "extractive",
    "default-1",
    "2026-11-24 09:30 UTC",
    "100 % of the document was read",
)


def lines_of(one: ExportItem, format: Format) -> str:
    if format is Format.PDF:
        return pdf_text(export([one], format).data)
    if format is Format.WORD:
        return squeezed("\n".join(word_lines(word(one))))
    return squeezed(markdown_text(export([one], format).data.decode()))


@pytest.mark.parametrize("format", [Format.PDF, Format.WORD, Format.MARKDOWN])
def test_a_file_holds_title_metadata_and_each_sentence_with_its_source(format: Format) -> None:
    one = item("en")
    text = lines_of(one, format)
    title, (first, _, third) = TEXTS["en"]
    for wanted in (title, *FACTS, "Characters 0–75", "Characters 115–205"):
        assert squeezed(wanted).lower() in text.lower(), wanted
    for sentence in (first, third):
        assert text.count(squeezed(sentence)) == 2  # in the summary, and quoted from the source


@pytest.mark.parametrize("format", [Format.PDF, Format.WORD, Format.MARKDOWN])
def test_warnings_ratings_and_corrections_are_in_the_file(format: Format) -> None:
    one = item("en", warnings=warned())
    text = lines_of(replace(one, review=reviewed("Corrected by hand.\nIn two lines.")), format)
    for wanted in (
        "The number 30 is not in the source.",
        "Rated bad by r.meyer on 2026-11-24: wrong fact, too long",
        "Corrected by hand.",
        "In two lines.",
        "Summary as corrected by the reviewer",
    ):
        assert squeezed(wanted) in text, wanted


def test_coverage_short_of_everything_is_never_shown_as_everything() -> None:
    one = item("en", coverage=Coverage(percent=99.97, spans=[Span(start=0, end=10)]))
    assert "99.9 % of the document" in export([one], Format.MARKDOWN).data.decode()


def test_a_citation_in_a_pdf_is_a_link_to_its_source() -> None:
    reader = PdfReader(BytesIO(export([item("en")], Format.PDF).data))
    links = [
        annotation.get_object()
        for page in reader.pages
        for annotation in page.get("/Annots", [])
        if annotation.get_object()["/Subtype"] == "/Link"
    ]
    assert len(links) == 2
    assert all("/Dest" in link or link["/A"]["/S"] == "/GoTo" for link in links)


def test_a_citation_in_word_is_a_link_to_a_bookmark_that_is_there() -> None:
    document = word(item("en"))
    body = document.element.body
    anchors = set(body.xpath(".//w:hyperlink/@w:anchor"))
    assert {"source_0_1", "source_0_2"} == anchors
    assert anchors <= set(body.xpath(".//w:bookmarkStart/@w:name"))
    numbers = body.xpath(".//w:bookmarkStart/@w:id")
    assert len(numbers) == len(set(numbers))


def test_a_pdf_is_tagged_titled_and_in_its_language() -> None:
    reader = PdfReader(BytesIO(export([item("hi")], Format.PDF).data))
    assert reader.metadata is not None
    assert reader.metadata.title == TEXTS["hi"][0]
    root = reader.trailer["/Root"]
    assert root["/Lang"] == "hi"  # type: ignore[index]
    assert root["/MarkInfo"]["/Marked"].value is True  # type: ignore[index]


@pytest.mark.parametrize("format", list(Format))
def test_equal_items_give_equal_files(monkeypatch: pytest.MonkeyPatch, format: Format) -> None:
    def content() -> object:
        data = export([item("ar"), item("en")], format).data
        return pdf_text(data) if format is Format.PDF else data

    first = content()
    monkeypatch.setattr(
        time, "time", lambda: 1_900_000_000.0
    )  # what python-docx stamps an archive's parts by
    assert content() == first


def test_a_selection_has_a_list_and_every_summary_once() -> None:
    chosen = [item(language) for language in ("en", "el", "ru", "ja")]
    for format in (Format.PDF, Format.WORD, Format.MARKDOWN):
        file = export(chosen, format)
        assert file.filename == f"summaries-4.{format.value}"
    titles = [TEXTS[language][0] for language in ("en", "el", "ru", "ja")]
    reader = PdfReader(BytesIO(export(chosen, Format.PDF).data))
    assert len(reader.pages) == 5
    assert [entry.title for entry in reader.outline] == titles  # type: ignore[union-attr]


def test_jsonl_holds_everything_the_event_says_and_exact_excerpts() -> None:
    one = replace(item("zh"), review=reviewed("改过的摘要。"))
    record = json.loads(export([one], Format.JSONL).data)
    assert record["summary"] == json.loads(one.summary.to_json())
    first, _, third = TEXTS["zh"][1]
    assert [c["spans"][0]["excerpt"] for c in record["citations"]] == [first, third]
    assert record["review"] == {
        "reviewer": "r.meyer",
        "at": "2026-11-24T09:30:00+00:00",
        "rating": "down",
        "edited_summary": "改过的摘要。",
        "reasons": ["wrong_fact", "too_long"],
    }


def test_a_long_stream_of_jsonl_takes_no_more_memory_than_a_short_one() -> None:
    def peak(count: int) -> int:
        def many() -> Iterator[ExportItem]:
            one = item("en")
            for _ in range(count):
                yield one

        tracemalloc.start()
        for _ in stream_jsonl(many()):
            pass
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(10)  # imports and caches
    assert peak(3_000) < 2 * peak(30) + 100_000


@pytest.mark.parametrize("format", [Format.PDF, Format.WORD, Format.MARKDOWN])
def test_a_selection_of_long_documents_is_gathered_without_their_texts(format: Format) -> None:
    def many() -> Iterator[ExportItem]:
        for number in range(20):
            yield replace(item("en"), source=f"{number} " + "x" * 2_000_000)

    export(list(many())[:1], format)  # imports and caches
    tracemalloc.start()
    export(many(), format)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 20_000_000


@pytest.mark.parametrize("format", list(Format))
def test_the_largest_selection_allowed_fits_in_one_file(format: Format) -> None:
    languages = sorted(TEXTS)
    count = min(500, LIMITS[format])
    chosen = [
        item(languages[n % len(languages)], summary_id=f"s-{n}", document_id=f"d-{n}") for n in range(count)
    ]
    file = export(chosen, format)
    assert len(file.data) < 20_000 * count  # fonts are embedded once, not once a summary
    if format is Format.PDF:
        assert pages(file.data) >= count
