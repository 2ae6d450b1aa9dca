from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from brevity.neural.counting import count, count_up_to
from brevity.nlp.words import count_words
from tests.unit.neural.generators import Words, lead

TEXTS = st.lists(st.text("ab ", max_size=300), max_size=30)


class Watched(Words):
    """Remembers how many characters each call was given."""

    def __init__(self) -> None:
        super().__init__(100, lead)
        self.given: list[int] = []

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        self.given.append(sum(map(len, texts)))
        return super().count_tokens(texts)


class Fused(Words):
    """As a tokenizer that makes one unknown token of any run of letters that it does not know."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [1 if text else 0 for text in texts]


@given(TEXTS)
def test_every_text_is_counted_in_order(texts: list[str]) -> None:
    assert count(Words(100, lead), texts) == [count_words(text) for text in texts]


def test_many_texts_go_to_the_tokenizer_in_bounded_calls() -> None:
    generator = Watched()
    texts = ["word " * 2_000] * 100
    assert count(generator, texts) == [2_000] * 100
    assert len(generator.given) > 1
    assert max(generator.given) <= 200_000


@given(TEXTS, st.integers(1, 60))
def test_texts_up_to_the_most_are_counted_exactly_and_the_others_are_told_apart(
    texts: list[str], most: int
) -> None:
    for text, size in zip(texts, count_up_to(Words(100, lead), texts, most), strict=True):
        exact = count_words(text)
        assert size == exact if exact <= most else size > most


def test_no_more_of_a_long_text_is_read_than_it_takes() -> None:
    generator = Watched()
    [size] = count_up_to(generator, ["word " * 1_000_000], 100)
    assert size > 100
    assert sum(generator.given) < 10_000


def test_a_long_text_of_few_tokens_is_read_to_its_end() -> None:
    assert count_up_to(Fused(100, lead), ["\u16a0" * 100_000], 5) == [1]
