import pytest

from brevity.nlp.words import count_words, first_words
from tests.unit.nlp.growth import MOST, growth


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 0),
        (" \n\t … — ! ", 0),
        ("One two three.", 3),
        ("It's a well-known fact.", 4),
        ("The price rose to 1,000.50 dollars", 6),
        ("Yes—or no?", 3),
        ("snake_case", 2),
        ("Příliš žluťoučký kůň", 3),
        ("e\u0301te\u0301 comme hiver", 3),
        ("हिन्दी एक भाषा है।", 4),
        ("שלום עולם", 2),
        ("العَرَبِيَّة لغة جميلة", 3),
        ("한국어 문장입니다.", 2),
        ("Ελληνικά και Кириллица", 3),
    ],
)
def test_words_in_scripts_with_blanks_are_runs_of_letters(text: str, expected: int) -> None:
    assert count_words(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("中", 1),
        ("我们今天去学校", 5),
        ("我们今天。去学校", 5),
        ("東京タワー", 3),
        ("ภาษาไทย", 2),
        ("買 iPhone", 2),
    ],
)
def test_words_in_scripts_without_blanks_are_estimated_from_characters(text: str, expected: int) -> None:
    assert count_words(text) == expected


@pytest.mark.parametrize("unit", ["word ", "a-", "1,", "中", "1.1'", "ไ", "'"])
def test_counting_stays_linear_on_a_megabyte_of_anything(unit: str) -> None:
    assert growth(count_words, unit, 1_000_000) < MOST


@pytest.mark.parametrize(
    ("text", "words", "kept"),
    [
        ("One, two; three.", 2, "One, two"),
        ("One, two; three.", 3, "One, two; three."),
        ("One two", 0, ""),
        ("我们今天去学校", 2, "我们今"),
        ("iPhone 我们今天去学校", 3, "iPhone 我们今"),
        ("ภาษาไทยภาษาไทย", 1, "ภาษา"),
    ],
)
def test_the_first_words_are_as_many_as_asked_for(text: str, words: int, kept: str) -> None:
    assert text[: first_words(text, words)] == kept
    assert count_words(kept) <= words
