"""Exports in many scripts: whole, in order, shaped, in the right direction."""

from __future__ import annotations

import re
from io import BytesIO

import numpy as np
import pytest
from docx.oxml.ns import qn
from pypdf import PdfReader

from brevity.feedback.export import Format, export
from tests.unit.feedback.export.items import TEXTS, item, made
from tests.unit.feedback.export.reading import DPI, MARGIN_CM, pdf_text, squeezed, title_ink, word, word_lines

RTL = ("ar", "fa", "he")
ALL = sorted(TEXTS)
# Drawn as one letter; PDF readers give its two in either order.
LAM_ALEF = re.compile("ل[اأإآ]")
# Set in Cairo, whose last letter stands partly under the one before: readers give the two in the wrong order.
OVERLAPPING = {"بیشتر"}
MARGIN = MARGIN_CM / 2.54 * DPI


def kept(language: str) -> tuple[str, str]:
    _, (first, _, third) = TEXTS[language]
    return first, third


@pytest.mark.parametrize("language", [name for name in ALL if name not in (*RTL, "th")])
def test_a_pdf_holds_title_and_sentences_as_text(language: str) -> None:
    file = export([item(language)], Format.PDF)
    text = pdf_text(file.data)
    assert file.warnings == ()
    for wanted in (TEXTS[language][0], *kept(language)):
        assert squeezed(wanted) in text, wanted


def test_a_thai_pdf_holds_its_sentence_as_text() -> None:
    # Its other sentence and its title have marks above marks, which PDF readers repeat or move.
    assert squeezed(kept("th")[1]) in pdf_text(export([item("th")], Format.PDF).data)


@pytest.mark.parametrize("language", RTL)
def test_a_right_to_left_pdf_holds_every_word_in_logical_order(language: str) -> None:
    file = export([item(language)], Format.PDF)
    text = pdf_text(file.data)
    assert file.warnings == ()
    for wanted in (TEXTS[language][0], *kept(language)):
        for one in re.findall(r"[^\W_]+", wanted):
            if one in OVERLAPPING:
                continue
            assert re.search(LAM_ALEF.sub(lambda m: f"(?:{m[0]}|{m[0][::-1]})", one), text), one


@pytest.mark.parametrize("language", ALL)
def test_a_title_stands_at_the_side_where_its_script_begins(language: str) -> None:
    columns = np.flatnonzero(title_ink(export([item(language)], Format.PDF).data).any(axis=0))
    width = 21 / 2.54 * DPI
    left, right = columns[0] - MARGIN, (width - MARGIN) - columns[-1]
    assert (right < 6 < left) if language in RTL else (left < 6 < right)


def runs_of_ink(title: str, language: str) -> int:
    """Columns of ink between empty columns."""
    one = made("A source.", ["A source."], title, language)
    columns = title_ink(export([one], Format.PDF).data).any(axis=0)
    return int(np.count_nonzero(np.diff(columns.astype(int)) == 1))


def test_arabic_letters_are_joined() -> None:
    assert runs_of_ink("بببب", "ar") == 1
    assert runs_of_ink("\u200c".join("بببب"), "ar") == 4


def width_of_ink(title: str, language: str) -> int:
    columns = np.flatnonzero(
        title_ink(export([made("A.", ["A."], title, language)], Format.PDF).data).any(axis=0)
    )
    return int(columns[-1] - columns[0])


def test_devanagari_conjuncts_are_formed_and_vowel_signs_moved() -> None:
    conjunct, apart = "क्षक्षक्ष", "क्\u200cषक्\u200cषक्\u200cष"
    assert width_of_ink(conjunct, "hi") < 0.8 * width_of_ink(apart, "hi")
    # The sign for short i is stored after its consonant and drawn before it: the stroke at the left is the sign's.
    before, after = (title_ink(export([made("A.", ["A."], t, "hi")], Format.PDF).data) for t in ("कि", "क"))
    assert before.any(axis=0).sum() > after.any(axis=0).sum()
    first_of_sign = np.flatnonzero(before.any(axis=0))[0]
    assert before[:, first_of_sign : first_of_sign + 4].sum() > 0


def test_one_han_character_is_drawn_as_each_language_writes_it() -> None:
    drawn = {
        language: title_ink(export([made("A.", ["A."], "直骨", language)], Format.PDF).data)
        for language in ("zh", "ja", "zh-Hant")
    }
    assert not np.array_equal(drawn["zh"], drawn["ja"])
    assert not np.array_equal(drawn["zh"], drawn["zh-Hant"])


def test_no_blank_is_put_between_chinese_sentences_and_one_between_english_ones() -> None:
    first, third = kept("zh")
    assert f"{first}[^1]{third}[^2]" in export([item("zh")], Format.MARKDOWN).data.decode()
    text = export([item("en")], Format.MARKDOWN).data.decode()
    assert "[^1] It will publish" in text


@pytest.mark.parametrize("language", ALL)
def test_word_says_direction_and_language(language: str) -> None:
    document = word(item(language))
    first = kept(language)[0]
    [paragraph] = [p for p in document.paragraphs if p.text.startswith(first) and "[1]" in p.text]
    assert (paragraph._p.pPr is not None and paragraph._p.pPr.find(qn("w:bidi")) is not None) == (
        language in RTL
    )
    tags = paragraph.runs[0]._r.rPr.find(qn("w:lang"))
    assert language in tags.attrib.values()
    assert (paragraph.runs[0].font.rtl or False) == (language in RTL)
    assert TEXTS[language][0] in word_lines(document)


def test_a_character_that_no_font_has_is_named_and_not_dropped_in_silence() -> None:
    one = made("ᏣᎳᎩ is spoken.", ["ᏣᎳᎩ is spoken."], "A language")
    file = export([one], Format.PDF)
    assert "Cherokee" in file.warnings[0]
    assert "Cherokee" in pdf_text(file.data)
    assert "ᏣᎳᎩ" in export([one], Format.MARKDOWN).data.decode()
    assert any("ᏣᎳᎩ" in line for line in word_lines(word(one)))


def test_the_fonts_are_in_the_file() -> None:
    for language in ("ar", "hi", "zh", "ja"):
        page = PdfReader(BytesIO(export([item(language)], Format.PDF).data)).pages[0]
        fonts = [font.get_object() for font in page["/Resources"]["/Font"].values()]  # type: ignore[index]
        assert fonts
        for font in fonts:
            described = font["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object()
            assert {"/FontFile2", "/FontFile3"} & set(described)
