"""Numbers of a text as values, so that 1,000, 1.000, 1 000, ١٠٠٠ and "one thousand" are the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import NamedTuple

_BLANK = " \u00a0\u202f\u2009"
_NUMBER = re.compile(rf"\d{{1,3}}(?:[{_BLANK}]\d{{3}})+(?!\d)|\d+(?:[.,'\u2019\u066b\u066c]\d+)*")
_GROUPS = re.compile(rf"[{_BLANK}]")
_POINT_TAGS = "en he hi ja ko th zh"
_COMMA_TAGS = "bg ca cs da de el es fi fr hr hu id is it lt lv nb nl nn no pl pt ro ru sk sl sr sv tr uk vi"
_DECIMAL_POINT = frozenset(_POINT_TAGS.split())
_DECIMAL_COMMA = frozenset(_COMMA_TAGS.split())

_SCALES = {
    Decimal(1_000): "k thousand tausend tsd mille mil tusen duizend tusind",
    Decimal(1_000_000): "m million millions mio millionen millón millones million millioner miljoen milioni",
    Decimal(1_000_000_000): "bn billion billions mrd milliarde milliarden milliard milliards milliarder",
    Decimal(1_000_000_000_000): "trillion trillions billionen billón billones",
}
_SCALE_WORDS = {word: scale for scale, words in _SCALES.items() for word in words.split()}
_SCALE_AFTER = re.compile(r"[\s\u00a0-]{0,2}([^\W\d_]{1,12})\b")

# 0 to 20, then the tens: the source may say "five" where the summary says 5.
_WORDS = {
    "en": "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
    " seventeen eighteen nineteen twenty",
    "de": "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn"
    " siebzehn achtzehn neunzehn zwanzig",
    "fr": "zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix-sept"
    " dix-huit dix-neuf vingt",
    "no": "null en to tre fire fem seks sju åtte ni ti elleve tolv tretten fjorten femten seksten sytten atten"
    " nitten tjue",
    "es": "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis"
    " diecisiete dieciocho diecinueve veinte",
}
_TENS = {
    "en": "twenty thirty forty fifty sixty seventy eighty ninety hundred",
    "de": "zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig hundert",
    "fr": "vingt trente quarante cinquante soixante soixante-dix quatre-vingts quatre-vingt-dix cent",
    "no": "tjue tretti førti femti seksti sytti åtti nitti hundre",
    "es": "veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa cien",
}
_MORE = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8,
    "ninth": 9, "tenth": 10, "once": 1, "twice": 2, "dozen": 12, "ein": 1, "eine": 1, "einen": 1, "einer": 1,
    "erste": 1, "ersten": 1, "zweite": 2, "zweiten": 2, "dritte": 3, "dritten": 3, "une": 1, "premier": 1,
    "première": 1, "deuxième": 2, "troisième": 3, "én": 1, "ett": 1, "syv": 7, "tyve": 20, "første": 1,
    "andre": 2, "tredje": 3, "una": 1, "primero": 1, "primera": 1, "segundo": 2, "tercero": 3, "thousand": 1000,
    "tausend": 1000, "mille": 1000, "tusen": 1000, "mil": 1000,
}  # fmt: skip
_LEXICON: dict[str, int] = {
    **{w: i for words in _WORDS.values() for i, w in enumerate(words.split())},
    **{w: 10 * i for words in _TENS.values() for i, w in enumerate(words.split(), start=2)},
    **_MORE,
}
_TOKEN = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_ENGLISH_TENS = dict(zip(_TENS["en"].split()[:8], range(20, 100, 10), strict=True))
_ENGLISH_UNITS = dict(zip(_WORDS["en"].split()[1:10], range(1, 10), strict=True))


class Number(NamedTuple):
    """A number written in digits at [start, end), and the values it may stand for, likeliest first."""

    start: int
    end: int
    values: tuple[Decimal, ...]
    parts: tuple[Decimal, ...]


def find_numbers(text: str, language: str | None) -> Iterator[Number]:
    """Every number written in digits, with all its readings (a scaled one first: "5 million")."""
    for match in _NUMBER.finditer(text):
        raw = match.group()
        parts = _GROUPS.split(raw)
        readings = _readings(_GROUPS.sub("", raw), language)
        scale = _scale_after(text, match.end())
        scaled = tuple(value * scale for value in readings) if scale else ()
        separate = tuple(v for p in parts for v in _readings(p, language)) if len(parts) > 1 else ()
        yield Number(match.start(), match.end(), (*scaled, *readings), separate)


class SourceNumbers:
    """The values a source holds, with what a summary may make of them: words as digits, and rounding."""

    def __init__(self, source: str) -> None:
        self._values: set[Decimal] = set()
        for number in find_numbers(source, None):
            self._values.update(number.values, number.parts)
        for value in list(self._values):
            self._values.update(_rounded(value))
        self._values.update(_in_words(source))

    def support(self, number: Number) -> bool:
        """Whether any reading of `number` stands in the source."""
        if any(value in self._values for value in number.values):
            return True
        return bool(number.parts) and all(value in self._values for value in number.parts)


def _readings(raw: str, language: str | None) -> tuple[Decimal, ...]:
    """What digits with separators may mean: the last separator is a decimal point, or groups thousands."""
    groups = re.split(r"[.,'\u2019\u066b\u066c]", raw)
    separators = re.findall(r"[.,'\u2019\u066b\u066c]", raw)
    if not separators:
        return _values(raw)
    whole = "".join(groups)
    grouped = all(len(group) == 3 for group in groups[1:]) and len(groups[0]) <= 3
    decimal = "".join(groups[:-1]) + "." + groups[-1]
    last = separators[-1]
    if len(set(separators)) == 1 and len(separators) > 1:
        # 1.234.567 groups; 1.2.3 is a version or a date: its parts stand for themselves.
        return _values(whole) if grouped else _values(*groups)
    if not grouped or len(set(separators)) > 1:
        listed = (*groups,) if last == "," and len(separators) == 1 else ()  # "3,4" may be a list
        return _values(decimal, *listed)
    code = (language or "").split("-")[0]
    if (
        last in "'\u2019\u066c"
        or (last == "," and code in _DECIMAL_POINT)
        or (last == "." and code in _DECIMAL_COMMA)
    ):
        return _values(whole)
    if (
        last == "\u066b"
        or (last == "." and code in _DECIMAL_POINT)
        or (last == "," and code in _DECIMAL_COMMA)
    ):
        return _values(decimal)
    return _values(whole, decimal)


def _values(*texts: str) -> tuple[Decimal, ...]:
    found: list[Decimal] = []
    for text in texts:
        try:
            found.append(Decimal(text))
        except InvalidOperation:  # digits of mixed scripts
            continue
    return tuple(found)


def _scale_after(text: str, place: int) -> Decimal | None:
    match = _SCALE_AFTER.match(text, place)
    return _SCALE_WORDS.get(match.group(1).casefold()) if match else None


def _rounded(value: Decimal) -> Iterator[Decimal]:
    """What a careful writer may round `value` to: fewer decimals, or two or three leading digits of thousands."""
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and -6 <= exponent < 0:
        for places in range(-exponent):
            yield value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    if Decimal(1_000) < value < Decimal("1e18"):
        for digits in (2, 3):
            yield value.quantize(Decimal(1).scaleb(value.adjusted() + 1 - digits), ROUND_HALF_UP)


def _in_words(text: str) -> Iterator[Decimal]:
    for match in _TOKEN.finditer(text):
        word = match.group().casefold()
        value = _LEXICON.get(word)
        if value is not None:
            yield Decimal(value)
            continue
        tens, _, unit = word.partition("-")
        if tens in _ENGLISH_TENS and unit in _ENGLISH_UNITS:
            yield Decimal(_ENGLISH_TENS[tens] + _ENGLISH_UNITS[unit])
        elif unit:
            yield from (Decimal(_LEXICON[part]) for part in word.split("-") if part in _LEXICON)
