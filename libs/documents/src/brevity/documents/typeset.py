"""Plain text as it is typed, from text as a page was set: without hyphens and signs that only a line's end needed.

Scanned books, newspapers and text copied out of PDF files hold such: "con-" and "siders" on the next line, U+00AD, ligatures.
"""

from __future__ import annotations

import re
from itertools import islice

from brevity.documents.hyphens import Joiner
from brevity.documents.letterforms import plain_letters

_CUT = re.compile("[-\u2010\u00ac][ \t]*\n[ \t]*(?=[^\\W\\d_])")
_BEFORE = re.compile(r"[^\W\d_]+$")
_AFTER = re.compile(r"[^\W\d_]+")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_REST = re.compile(r"(\S*)([ \t]*(?=\S)|)")
"""Of a word, and the blank before the next one on its line."""
_LONGEST = 60
_MOST = 100_000
"""Cuts. More than a thick book has, or more than one in two short lines, are no cuts of words."""
_APART = 25
_FEWEST, _EVERY, _EVERY_OF_FEW = 3, 12, 3
"""A text cuts words when so many of its lines end in a part of one, and one line in so many (of a short text, one in three):
fewer are compounds, at whose own hyphen editors and terminals break a line too."""
_LOOKED_UP = 2_000_000
"""Characters of a text up to which its own words are looked up; a longer one goes by the rules alone."""
_IN_WORD = re.compile("(?<=[A-Za-z\u00c0-\u052f])[\u200b\u2060\ufeff]+(?=[a-z\u00df-\u052f])")


def plain_signs(text: str) -> str:
    """`text` without soft hyphens, without breaks of no width within words, and with ligatures as their letters."""
    if text.isascii():
        return text
    text = text.replace("\u00ad", "")
    if "\u200b" in text or "\u2060" in text or "\ufeff" in text:
        text = _IN_WORD.sub("", text)
    return plain_letters(text)


def as_typed(text: str) -> str:
    """`plain_signs` of a plain text, its words that a line's end cut in two put together. Linear time."""
    text = plain_signs(text.replace("\r\n", "\n"))
    cuts = list(islice(_CUT.finditer(text), _MOST + 1))
    if not cuts or len(cuts) > min(_MOST, 10 + len(text) // _APART):
        return text
    halves = [
        (
            _BEFORE.search(text[max(0, cut.start() - _LONGEST) : cut.start()]),
            _AFTER.match(text, cut.end()),
            cut,
        )
        for cut in cuts
    ]
    pairs = [
        (first[0], second[0], cut)
        for first, second, cut in halves
        if first and second and second[0][0].islower() and len(second[0]) <= _LONGEST
    ]
    known = _known(text, [(first, second) for first, second, _ in pairs]) if len(text) <= _LOOKED_UP else ()
    every = _EVERY if len(pairs) >= _FEWEST else _EVERY_OF_FEW
    joiner = Joiner(known, cuts=len(pairs) * every >= text.count("\n") + 1)
    pieces: list[str] = []
    done = 0
    for first, second, cut in pairs:
        start = cut.start() - len(first)
        if start >= done:
            rest = _REST.match(text, cut.end() + len(second))
            assert rest is not None  # noqa: S101 - it matches nothing, too
            # The line ends behind the word instead: what is wrapped stays so.
            pieces += (
                text[done:start],
                joiner.pair(f"{first}{cut[0][0]}", second),
                rest[1],
                "\n" if rest[2] else "",
            )
            done = rest.end()
    return "".join((*pieces, text[done:]))


def _known(text: str, pairs: list[tuple[str, str]]) -> set[str]:
    """Those words among halves and wholes that the text holds elsewhere than at its cuts; few, however long it is."""
    times: dict[str, int] = {}
    for first, second in pairs:
        one, two = first.lower(), second.lower()
        for word in (one, two):
            times[word] = times.get(word, 0) - 1
        for word in (one + two, f"{one}-{two}"):
            times.setdefault(word, 0)
    for found in _WORD.finditer(text):
        word = found[0].lower()
        if word in times:
            times[word] += 1
    return {word for word, count in times.items() if count > 0}
