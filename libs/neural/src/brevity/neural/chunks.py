"""Cuts a long text into parts that a model can read: at its headings, topics and paragraphs rather than anywhere.

A text is first read as units: sentences with their exact place, and how good a place for a cut lies before each. Parts
are then filled one after another up to a number of tokens; each ends at the best place in its second half, and where
that is only the end of a sentence the next part begins a little earlier, so that nothing is read without its context.
In a transcript (see `brevity.nlp.transcript`) units are what one speaker says, places are turns and changes of topic,
and a part that begins within a turn is led by its speaker's name.

Parts together hold every visible character. Two overlap by an eighth of a part at most, and of two in a row one reaches
at least three eighths of a part further than what was read before it: together they hold at most five thirds of the
text's tokens, whatever its sentences are like, and with sentences much shorter than parts four thirds.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from brevity.neural.counting import count, count_up_to
from brevity.neural.port import Generator
from brevity.neural.topics import topic_shifts
from brevity.nlp.transcript import Sentence, read_sentences
from brevity.nlp.types import Span

_OVERLAP = 8
"""One part in so many is read twice."""
_ROOM = 0.95
"""Sentences joined may take a few more tokens than they do one by one."""
_HEADING_CHARACTERS = 100
_HEADING = re.compile(
    r"#{1,6}\s+\S|\d{1,2}(?:\.\d{1,2}){0,3}\.?\s+\S|(?:chapter|part|section|kapitel|chapitre)\s+\w",
    re.IGNORECASE,
)
_ENDS_LIKE_TEXT = re.compile(r"[.,;:!?…。！？।؟][\"'”’»)\]]*$")


class Place(IntEnum):
    """How good a place for a cut is, worst first."""

    NEVER = 0
    SENTENCE = 1
    LINE = 2
    PARAGRAPH = 3
    TOPIC = 4
    SECTION = 5


@dataclass(frozen=True, slots=True)
class Unit:
    """The smallest stretch that is kept whole: [start, end) of the text, and the place before it."""

    start: int
    end: int
    place: Place
    label: Span | None = None


@dataclass(frozen=True, slots=True)
class Chunk:
    """Characters [start, end) of a text; `lead` (a speaker's name, or nothing) is put before them for the model."""

    start: int
    end: int
    lead: str = ""

    def text(self, source: str) -> str:
        return self.lead + source[self.start : self.end]

    def seen(self, characters: int) -> Span:
        """The source span that was read when the model read so many characters of `text`."""
        return Span(self.start, min(self.end, self.start + max(0, characters - len(self.lead))))


def split(text: str, language: str | None, generator: Generator, most_tokens: int) -> list[Chunk]:
    """The parts of `text`, in order, each of at most `most_tokens` of the generator's tokens.

    A single character that takes more tokens than that is a part of its own all the same.
    """
    units = read_units(text, language)
    most = max(1, int(most_tokens * _ROOM))
    units, sizes = _small_enough(text, units, generator, most)
    ranges = pack([unit.place for unit in units], sizes, most)
    return _fitting(text, units, ranges, generator, most_tokens)


def read_units(text: str, language: str | None) -> list[Unit]:
    """The text's sentences in order, each with the place before it; together they hold every visible character."""
    sentences = read_sentences(text, language)
    starts = [_start(sentences, number) for number in range(len(sentences))]
    if starts:
        starts[0] = min(starts[0], len(text) - len(text.lstrip()))
    units: list[Unit] = []
    after_heading = False
    for number, start in enumerate(starts):
        until = starts[number + 1] if number + 1 < len(starts) else len(text)
        end = start + len(text[start:until].rstrip())
        if end <= start:
            continue
        gap_start = units[-1].end if units else 0
        place = _place(text[gap_start:start], first=not units)
        heading = (not units or place >= Place.LINE) and _is_heading(text, start, end, place)
        if heading:
            place = Place.SECTION
        if after_heading and not heading:
            place = Place.NEVER  # a heading never stands at the end of a part
        units.append(Unit(start, end, place, sentences[number].label))
        after_heading = heading
    return _with_topics(text, units)


def pack(places: Sequence[Place], sizes: Sequence[int], most: int) -> list[tuple[int, int]]:
    """Ranges [first, last) of units, each of `most` tokens at most (a single larger unit aside), overlapping a little."""
    ranges: list[tuple[int, int]] = []
    first, count = 0, len(sizes)
    while first < count:
        last, held = first, 0
        while last < count and (last == first or held + sizes[last] <= most):
            held += sizes[last]
            last += 1
        if last == count:
            ranges.append((first, last))
            break
        cut = _best_cut(places, sizes, first, last, held - most / 2)
        ranges.append((first, cut))
        first = _next_first(places, sizes, ranges[-1], min(most // _OVERLAP, most - sizes[cut]))
    return ranges


def _best_cut(places: Sequence[Place], sizes: Sequence[int], first: int, last: int, spare: float) -> int:
    """The best place among those that give up at most `spare` tokens, the latest of equals."""
    best = last
    for cut in range(last - 1, first, -1):
        spare -= sizes[cut]
        if spare < 0:
            break
        if places[cut] > places[best]:
            best = cut
    return best


def _next_first(places: Sequence[Place], sizes: Sequence[int], part: tuple[int, int], most: int) -> int:
    """Where the next part begins: some sentences back, unless the cut was at a heading or a change of topic."""
    first, cut = part
    if places[cut] >= Place.TOPIC:
        return cut
    begin, held = cut, 0
    while begin - 1 > first and held + sizes[begin - 1] <= most:
        begin -= 1
        held += sizes[begin]
    return begin


def _start(sentences: Sequence[Sentence], number: int) -> int:
    """Where a sentence begins, its speaker's label included when it is the first of a turn."""
    span, label, _ = sentences[number]
    if label is None or (number > 0 and sentences[number - 1].label == label):
        return span.start
    return min(span.start, label.start)


def _place(gap: str, *, first: bool) -> Place:
    if first:
        return Place.NEVER
    lines = gap.count("\n")
    return Place.PARAGRAPH if lines > 1 else Place.LINE if lines else Place.SENTENCE


def _is_heading(text: str, start: int, end: int, place: Place) -> bool:
    """Whether the sentence is alone on its line and looks like a heading: marked as one, or alone between blank lines."""
    if (
        end - start > _HEADING_CHARACTERS
        or "\n" in text[start:end]
        or text[end : end + 1] not in ("\n", "\r")
    ):
        return False
    line = text[start:end]
    if _ENDS_LIKE_TEXT.search(line):
        return False
    return bool(_HEADING.match(line)) or (place >= Place.PARAGRAPH and text[end : end + 4].count("\n") > 1)


def _with_topics(text: str, units: list[Unit]) -> list[Unit]:
    """In a transcript a turn is as good a place as a paragraph, and a turn that begins a topic better."""
    turns = [n for n, unit in enumerate(units) if unit.label and (n == 0 or units[n - 1].label != unit.label)]
    if not turns:
        return units
    ends = [*turns[1:], len(units)]
    shifts = topic_shifts([text[units[a].start : units[b - 1].end] for a, b in zip(turns, ends, strict=True)])
    changed = list(units)
    for turn, number in enumerate(turns):
        if number > 0:
            place = Place.TOPIC if turn in shifts else Place.PARAGRAPH
            unit = units[number]
            changed[number] = Unit(unit.start, unit.end, max(place, unit.place), unit.label)
    return changed


def _small_enough(
    text: str, units: Sequence[Unit], generator: Generator, most: int
) -> tuple[list[Unit], list[int]]:
    """The units with their tokens, those that are too large halved until they are not (a table, a line of a million letters)."""
    done: list[tuple[Unit, int]] = []
    open_ = list(units)
    while open_:
        sizes = count_up_to(generator, [text[unit.start : unit.end] for unit in open_], most)
        large: list[Unit] = []
        for unit, size in zip(open_, sizes, strict=True):
            if size > most and unit.end - unit.start > 1:
                large.append(unit)
            else:
                done.append((unit, size))
        open_ = [half for unit in large for half in _halves(text, unit)]
    done.sort(key=lambda row: row[0].start)
    return [unit for unit, _ in done], [size for _, size in done]


def _halves(text: str, unit: Unit) -> list[Unit]:
    middle = (unit.start + unit.end) // 2
    blank = max(text.rfind(mark, (unit.start + middle) // 2, middle) for mark in "\n\t ")
    cut = blank + 1 if blank > unit.start else middle
    return [
        Unit(unit.start, cut, unit.place, unit.label),
        Unit(cut, unit.end, Place.SENTENCE, unit.label),
    ]


def _fitting(
    text: str, units: Sequence[Unit], ranges: Sequence[tuple[int, int]], generator: Generator, most: int
) -> list[Chunk]:
    """The parts, those halved that take more tokens than their sentences did one by one."""
    done: list[Chunk] = []
    open_ = list(ranges)
    while open_:
        chunks = [Chunk(units[a].start, units[b - 1].end, _lead(text, units, a)) for a, b in open_]
        sizes = count(generator, [chunk.text(text) for chunk in chunks])
        halves: list[tuple[int, int]] = []
        for (first, last), chunk, size in zip(open_, chunks, sizes, strict=True):
            if size <= most:
                done.append(chunk)
            elif last - first == 1:
                done.append(Chunk(chunk.start, chunk.end))
            else:
                middle = (first + last) // 2
                halves += [(first, middle), (middle, last)]
        open_ = halves
    return sorted(done, key=lambda chunk: (chunk.start, chunk.end))


def _lead(text: str, units: Sequence[Unit], first: int) -> str:
    """The name of whose turn a part begins in the middle of."""
    label = units[first].label
    if label is None or first == 0 or units[first - 1].label != label:
        return ""
    return f"{text[label.start : label.end]}: "
