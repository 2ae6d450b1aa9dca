"""Puts one wrong fact into a sentence, the kind of mistake that writers and language models make."""

import random
import re
import zlib

KINDS = ("number", "date", "name")
_MONTHS = (
    "January February March April June July August September October November December Januar Februar März Juni Juli"
    " Oktober Dezember janvier février avril juin juillet septembre octobre novembre décembre januar februar juni juli"
    " oktober desember"
)
_DATE = re.compile(
    rf"\b(\d{{1,2}})\.? ({'|'.join(_MONTHS.split())})\b|\b({'|'.join(_MONTHS.split())}) (\d{{1,4}})\b"
)
_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")
_NAME = re.compile(r"(?<=[a-zæøåéèäöü,] )[A-ZÆØÅÄÖÜ][a-zæøåéèäöüß]{4,}\b")
_OTHER_NAMES = ("Thornquist", "Velazco", "Okonkwo", "Pemberley", "Dragovic")


def inject(kind: str, sentence: str, source: str, language: str) -> str | None:
    """The sentence with one fact of `kind` made wrong; None when it has none. The same every time."""
    choice = random.Random(zlib.crc32(sentence.encode()))
    match = {"number": _NUMBER, "date": _DATE, "name": _NAME}[kind].search(sentence, 1)
    if match is None:
        return None
    if kind == "name":
        # In German most capitals are nouns; only a pair of capitalised words is taken for a name here.
        if language == "de" and not re.match(r" [A-ZÄÖÜ][a-zäöüß]+", sentence[match.end() :]):
            return None
        wrong = choice.choice(_OTHER_NAMES)
        return sentence[: match.start()] + wrong + sentence[match.end() :]
    if kind == "number" and _DATE.search(sentence):
        return None
    digits = re.search(r"\d+", match.group())
    assert digits is not None
    wrong = _other_number(digits.group(), kind, choice)
    start = match.start() + digits.start()
    return sentence[:start] + wrong + sentence[start + len(digits.group()) :]


def _other_number(digits: str, kind: str, choice: random.Random) -> str:
    """Another number of as many digits; a day stays one of a month."""
    length = len(digits)
    low, high = (10 ** (length - 1), 10**length - 1) if length > 1 else (1, 9)
    if kind == "date" and length <= 2:
        low, high = 1, 28
    while True:
        other = str(choice.randint(low, high))
        if int(other) != int(digits):
            return other
