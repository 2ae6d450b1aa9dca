"""Sentences of a text in any script, as exact spans, in one linear pass.

A first pass of one regular expression finds every place where a sentence might end; each is then decided by the few
characters around it. Scripts with a stop of their own (CJK, Devanagari, Arabic, Ethiopic, Armenian) end there; a Latin,
Greek or Cyrillic full stop ends a sentence unless it belongs to an abbreviation, an initial, an ordinal or a number.
Texts without capitals (speech transcripts, lowercased corpora) and hard-wrapped texts are recognised as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from brevity.nlp.types import Span

MAX_SENTENCE_CHARS = 2_000
"""A longer stretch without an end is cut, at a blank where there is one."""

THAI_SENTENCE_CHARS = 40
"""Thai has no full stop; a blank ends a sentence once it is about ten words long."""

_CLOSERS = "\"'”’»)\\]}›」』）】"
_END = re.compile(
    rf"(?P<hard>[。！？｡।॥؟۔።፧։]+[{_CLOSERS}]*)"
    # possessive, and only from the first mark of a run: a line of a million dots must not be tried from each dot
    rf"|(?P<soft>(?<![.!?…])[.!?…]++[{_CLOSERS}]*+)(?=\s|$)"
    r"|(?P<line>\n(?:[ \t\r]*+\n)*+)"
    r"|(?P<thai>(?<=[\u0e01-\u0e5b]) ++(?=[\u0e01-\u0e5b]))"
)
_WORD_BEFORE = re.compile(r"[^\s(\[«\"“'’]*$")
_BULLET = re.compile(r"(?:[-*•‣◦–—]|\d{1,3}[.)]|[A-Za-z][.)])\s")
_LETTER_AFTER = re.compile(r"[ \u00a0\u202f]\w{1,2}\.")
_LETTER_BEFORE = re.compile(r"(?<!\w)\w\.[ \u00a0\u202f]$")
_LABEL = re.compile(r"[A-ZÀ-Þ][\w .'’-]{0,40}?\s?:\s")

_ABBREVIATED = """
  mr mrs ms dr prof rev hon st sr jr vs etc e.g i.e cf al fig figs eq eqs sec no nos vol pp p ed eds approx dept est
  inc ltd co corp gen col lt sgt capt gov sen rep pres u.s u.k a.m p.m jan feb mar apr jun jul aug sep sept oct nov dec
  z.b bzw usw ca d.h u.a evtl ggf inkl nr str bspw vgl s.o s.u o.ä z.t i.d.r bd hrsg geb gest jh mio mrd
  m mm mme mlle mgr cie env av bd p.ex c.-à-d art chap éd
  bl.a f.eks dvs osv kl nr jf mv o.l pga tlf ifm ev ang
  sra srta dña ud uds ej pág sig sigg dott dott.ssa ecc es avv ing exmo dhr mevr bijv enz d.w.z m.b.t
"""  # English, German, French, Scandinavian; Spanish, Italian, Portuguese and Dutch
_ABBREVIATIONS = frozenset(_ABBREVIATED.split())
_ORDINAL_LANGUAGES = frozenset({"de", "no", "nb", "nn", "da", "fi", "cs", "hu", "et", "sk", "sl", "hr"})


def split_sentences(text: str, language: str | None = None) -> list[Span]:
    """The sentences of `text`: trimmed, in order, not overlapping, together holding every visible character.

    Args:
        text: Any text.
        language: BCP 47 tag when known; decides whether "3." is an ordinal.
    """
    ends = list(_END.finditer(text))
    lowercase, wrapped = _habits(text, ends)
    ordinals = language is not None and language.split("-")[0] in _ORDINAL_LANGUAGES
    spans: list[Span] = []
    start = 0
    for match in ends:
        if _is_end(text, match, start, lowercase=lowercase, wrapped=wrapped, ordinals=ordinals):
            _add(spans, text, start, match.end())
            start = match.end()
    _add(spans, text, start, len(text))
    return spans


def split_within(text: str, stretches: Sequence[Span], language: str | None = None) -> list[list[Span]]:
    """The sentences of each of `stretches`, which are in order and do not overlap; their line ends are blanks."""
    joined = _joined(text, stretches)
    lowercase, _ = _habits(joined, list(_END.finditer(joined)))
    ordinals = language is not None and language.split("-")[0] in _ORDINAL_LANGUAGES
    found: list[list[Span]] = []
    for first, last in stretches:
        spans: list[Span] = []
        start = first
        for match in _END.finditer(joined, first, last):
            if _is_end(joined, match, start, lowercase=lowercase, wrapped=False, ordinals=ordinals):
                _add(spans, joined, start, match.end())
                start = match.end()
        _add(spans, joined, start, last)
        found.append(spans)
    return found


def _joined(text: str, stretches: Sequence[Span]) -> str:
    """`text` with a blank for each line end within a stretch: every place stays what it is."""
    pieces: list[str] = []
    done = 0
    for start, end in stretches:
        pieces += text[done:start], text[start:end].replace("\n", " ")
        done = end
    return "".join((*pieces, text[done:]))


def _habits(text: str, ends: list[re.Match[str]]) -> tuple[bool, bool]:
    """Whether the text's sentences begin in lowercase, and whether its lines are hard-wrapped."""
    soft = lower = lines = run_on = 0
    for match in ends:
        if match.lastgroup == "soft":
            following = _next_visible(text, match.end())
            soft += 1
            lower += following.islower()
        elif match.lastgroup == "line" and text.count("\n", match.start(), match.end()) == 1:
            lines += 1
            before = text[match.start() - 1 : match.start()]
            run_on += before not in ".!?:;\"'”’" and _next_visible(text, match.end()).islower()
    return soft >= 3 and lower > 0.5 * soft, lines >= 3 and run_on > 0.3 * lines


def _is_end(
    text: str, match: re.Match[str], start: int, *, lowercase: bool, wrapped: bool, ordinals: bool
) -> bool:
    kind = match.lastgroup
    if kind == "hard":
        return True
    if kind == "thai":  # a blank ends a clause; a handful of letters is no sentence of its own
        return match.start() - start >= THAI_SENTENCE_CHARS
    if kind == "line":
        return _line_ends(text, match, wrapped=wrapped)
    mark = match.group().rstrip("\"'”’»)]}›」』）】")
    following = _next_visible(text, match.end())
    if not following:
        return True
    if match.start() > start and text[match.start() - 1].isspace():
        return True  # tokenised text sets its full stops apart: no abbreviation looks like that
    if following.islower() and not lowercase:
        return False  # "Ph.D. students", "he said. and": the sentence goes on
    if mark != ".":
        return True
    return not _belongs_to_word(text, match, following, ordinals=ordinals)


def _belongs_to_word(text: str, match: re.Match[str], following: str, *, ordinals: bool) -> bool:
    """Whether the full stop is part of an abbreviation, an initial or an ordinal."""
    found = _WORD_BEFORE.search(text, max(0, match.start() - 20), match.start())
    word = found.group() if found else ""
    if not word:
        return False
    if len(word) == 1 and word.isupper() and word.isascii():
        return True  # an initial: J. Smith
    if len(word) == 1 and word.isalpha() and _is_spaced_abbreviation(text, match.start() - 1, match.end()):
        return True
    if word.lower().rstrip(".") in _ABBREVIATIONS:
        return not (following.isupper() and word.lower() in {"etc", "usw", "osv", "ecc", "enz", "a.m", "p.m"})
    if ordinals and word.isdigit() and len(word) <= 2:
        return True
    return bool(re.fullmatch(r"(?:\w\.)+\w", word)) and not following.isupper()


def _is_spaced_abbreviation(text: str, letter: int, after: int) -> bool:
    """Whether a letter with a stop has a neighbour like it: German sets blanks within "z. B." and "u. a."."""
    return bool(_LETTER_AFTER.match(text, after) or _LETTER_BEFORE.search(text, max(0, letter - 4), letter))


def _line_ends(text: str, match: re.Match[str], *, wrapped: bool) -> bool:
    if not wrapped or text.count("\n", match.start(), match.end()) > 1:
        return True
    return bool(_BULLET.match(text, match.end()) or _LABEL.match(text, match.end()))


def _next_visible(text: str, place: int) -> str:
    """The first letter, digit or sign at or after `place`, past blanks and opening quotes; "" at the end."""
    for character in text[place : place + 40]:
        if not character.isspace() and character not in "\"'“‘«([{¿¡„‚":
            return character
    return ""


def _add(spans: list[Span], text: str, start: int, end: int) -> None:
    """Add the trimmed stretch, cut into pieces when it is too long."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    while end - start > MAX_SENTENCE_CHARS:
        cut = _last_blank(text, start + MAX_SENTENCE_CHARS // 2, start + MAX_SENTENCE_CHARS)
        _add(spans, text, start, cut)
        start = cut
        while start < end and text[start].isspace():
            start += 1
    if start < end:
        spans.append(Span(start, end))


def _last_blank(text: str, low: int, high: int) -> int:
    for mark in ("\n", "; ", ", ", "、", "，", " "):
        place = text.rfind(mark, low, high)
        if place >= 0:
            return place + len(mark)
    return high
