"""Sentence splitting: exact spans in any script, in linear time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brevity.nlp.sentences import MAX_SENTENCE_CHARS, split_sentences
from tests.unit.nlp.growth import MOST, growth


def parts(text: str, language: str | None = None) -> list[str]:
    return [text[start:end] for start, end in split_sentences(text, language)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It rained. We stayed in.", ["It rained.", "We stayed in."]),
        (
            "Dr. Smith met J. R. Jones at 3.5 km. He left.",
            ["Dr. Smith met J. R. Jones at 3.5 km.", "He left."],
        ),
        ('She said "Stop!" Then she left.', ['She said "Stop!"', "Then she left."]),
        ("A heading\n\nThe text begins. It goes on.", ["A heading", "The text begins.", "It goes on."]),
        ("- one thing\n- another thing", ["- one thing", "- another thing"]),
        ("今天下雨。我们在家！你呢？", ["今天下雨。", "我们在家！", "你呢？"]),
        ("هل أنت بخير؟ نعم أنا بخير.", ["هل أنت بخير؟", "نعم أنا بخير."]),
        ("यह पहला है। यह दूसरा है॥", ["यह पहला है।", "यह दूसरा है॥"]),
        ("Սա առաջինն է։ Սա երկրորդն է։", ["Սա առաջինն է։", "Սա երկրորդն է։"]),
        ("ይህ አንድ ነው። ያ ሁለት ነው።", ["ይህ አንድ ነው።", "ያ ሁለት ነው።"]),
    ],
)
def test_sentences_end_where_a_reader_ends_them(text: str, expected: list[str]) -> None:
    assert parts(text) == expected


def test_an_abbreviation_written_with_blanks_does_not_end_a_sentence() -> None:
    text = "Es gibt Zuschläge, z. B. für Hunde, d. h. Tiere, u. a. Katzen. Der Rest ist frei."
    assert parts(text, "de") == [text[: text.index(" Der")], "Der Rest ist frei."]


def test_a_german_ordinal_does_not_end_a_sentence() -> None:
    assert parts("Am 3. Oktober war es kalt. Es regnete.", "de") == [
        "Am 3. Oktober war es kalt.",
        "Es regnete.",
    ]


@given(st.text(alphabet=st.sampled_from("ab A.!?\n\r\t \"'”)。؟।:-1ก…\u3000")) | st.text())
def test_spans_are_ordered_trimmed_and_hold_every_visible_character(text: str) -> None:
    spans = split_sentences(text)
    reached = 0
    for start, end in spans:
        assert reached <= start < end <= len(text)
        assert not text[reached:start].strip()
        assert text[start:end] == text[start:end].strip()
        assert end - start <= MAX_SENTENCE_CHARS
        reached = end
    assert not text[reached:].strip()


@pytest.mark.parametrize("unit", [".", " ", "\n", "a", "word ", '."', "...x", " \n", "ก ", "A. ", "。"])
def test_splitting_stays_linear_on_a_long_text_of_anything(unit: str) -> None:
    assert growth(lambda text: split_sentences(text + "x"), unit, 200_000) < MOST
