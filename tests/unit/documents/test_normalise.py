"""Normalising: the same as in one go for any script, and linear in what nobody writes."""

from __future__ import annotations

import random
import re
import time
import unicodedata

import pytest

from brevity.common.errors import Rejected
from brevity.documents import normalise as module
from brevity.documents.normalise import check_prose, normalise
from brevity.nlp.words import WORD, count_words

ORDINARY = "ab1 .  \n\n\t\r\x00\u00a0\u3000\u2028\u0085\u000ce\u0301c\u0327\uac00\u0928\u0940\u4e2d\u304b\u212b\u1e69\ud800"


def in_one_go(text: str) -> str:
    text = re.sub("\r\n|[\r\x0c\x85\u2028]", "\n", text).replace("\u2029", "\n\n")
    text = unicodedata.normalize("NFC", re.sub("[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ud800-\udfff]", "", text))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in text.split("\n"))).strip()


def test_a_text_worked_on_in_pieces_is_the_text_worked_on_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(7)
    monkeypatch.setattr(module, "PIECE", 64)
    for _ in range(500):
        text = "".join(chance.choice(ORDINARY) for _ in range(chance.randint(0, 500)))
        assert normalise(text) == in_one_go(text)


def test_a_long_run_of_marks_is_cut_and_a_short_one_is_left() -> None:
    assert normalise("x" + "\u0316" * 30) == "x" + "\u0316" * 30
    assert normalise("x" + "\u0316" * 70) == "x" + "\u034f".join(["\u0316" * 30] * 2 + ["\u0316" * 10])


@pytest.mark.parametrize(
    "unit", ["\u0301\u0323", "\u0f73", "\U0001e944", " ", "\n", " \n", "\r", "\u2029", "\u1161", "a"]
)
def test_twice_as_much_costs_twice_as_much(unit: str) -> None:
    def seconds(size: int) -> float:
        text = "a" + unit * (size // len(unit)) + "b"
        began = time.process_time()
        normalise(text)
        return time.process_time() - began

    seconds(1_000)
    assert seconds(400_000) < 10 * seconds(200_000) + 0.1  # four times would be the square


def test_an_endless_word_is_seen_across_pieces() -> None:
    for start in range(module.PIECE - 1_200, module.PIECE + 1, 100):
        check_prose("word " * (start // 5) + "a" * 1_000 + " end")
        with pytest.raises(Rejected):
            check_prose("word " * (start // 5) + "a" * 1_001 + " end")


def test_words_counted_in_pieces_are_the_words_counted_whole() -> None:
    chance = random.Random(3)
    alphabet = "ab1 22.,'-_ \n\u00e9\u2019\u4e2d\u0e01\u0301\u00a0\u0663\u00b2"
    for size in (11, 13, len(alphabet)):
        text = "".join(chance.choice(alphabet[:size]) for _ in range(200_000))
        assert count_words(text) == sum(count_words(match.group()) for match in WORD.finditer(text))
