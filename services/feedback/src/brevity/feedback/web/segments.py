"""Cutting texts at marks, so that a template can wrap each stretch: sentences and warnings, and the source that supports.

All places are in code points, as in the events. Pure.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from brevity.common.events import SummaryCompleted, SupportedSentence

Mark = tuple[int, int, int]
"""Start, end and number of what is marked; marks may overlap."""

CONTEXT_CHARACTERS = 350
"""Shown of a long source around each passage that supports the summary."""

WHOLE_BYTES = 32_000
"""A source up to this long in UTF-8 is shown as a whole at once; a page's first load then stays under 100 KB."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of text and the numbers of all that is marked over it; `begins` are those whose first stretch it is."""

    text: str
    marks: tuple[int, ...] = ()
    begins: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Stretch:
    """A connected part of a source, and how many characters before it are left out."""

    segments: tuple[Segment, ...]
    left_out_before: int = 0


@dataclass(frozen=True, slots=True)
class Source:
    """A source as it is shown: whole, or only around what supports the summary."""

    stretches: tuple[Stretch, ...]
    left_out_after: int
    characters: int

    @property
    def whole(self) -> bool:
        return not self.left_out_after and not any(part.left_out_before for part in self.stretches)


@dataclass(frozen=True, slots=True)
class ShownSentence:
    """A sentence of a summary, cut at its warnings; `before` is what stands between it and the one before."""

    number: int
    before: str
    segments: tuple[Segment, ...]
    support: float
    supported: bool


@dataclass(frozen=True, slots=True)
class ShownSummary:
    sentences: tuple[ShownSentence, ...]
    after: str


def cut(text: str, marks: Iterable[Mark], start: int = 0, end: int | None = None) -> tuple[Segment, ...]:
    """`text[start:end]` in stretches over which the same marks hold, in order; nothing is left out."""
    end = len(text) if end is None else min(end, len(text))
    inside = [
        (max(start, first), min(end, last), number)
        for first, last, number in marks
        if first < end and last > start and first < last
    ]
    places = sorted({start, end, *(first for first, _, _ in inside), *(last for _, last, _ in inside)})
    covering: list[list[int]] = [[] for _ in places]
    begun: set[int] = set()
    beginning: list[list[int]] = [[] for _ in places]
    for first, last, number in sorted(inside):
        at = bisect_left(places, first)
        if number not in begun:
            begun.add(number)
            beginning[at].append(number)
        for place in range(at, bisect_left(places, last)):
            covering[place].append(number)
    return tuple(
        Segment(text[place:following], tuple(sorted(set(covering[index]))), tuple(sorted(beginning[index])))
        for index, (place, following) in enumerate(pairwise(places))
    )


def shown_source(text: str, sentences: Sequence[SupportedSentence], *, whole: bool = False) -> Source:
    """`text` with every passage that supports a sentence marked by that sentence's number."""
    marks = [
        (span.start, span.end, number)
        for number, sentence in enumerate(sentences)
        for span in sentence.spans
        if span.start < span.end <= len(text)
    ]
    if whole or len(text.encode("utf-8", "surrogatepass")) <= WHOLE_BYTES:
        return Source((Stretch(cut(text, marks)),), 0, len(text))
    stretches: list[Stretch] = []
    place = 0
    for start, end in _windows(text, marks):
        stretches.append(Stretch(cut(text, marks, start, end), start - place))
        place = end
    return Source(tuple(stretches), len(text) - place, len(text))


def shown_summary(event: SummaryCompleted) -> ShownSummary:
    """A summary's sentences with its warnings in place; sentences whose places do not fit are shown one after another."""
    text = event.summary
    warnings = [
        (warning.start, warning.end, number)
        for number, warning in enumerate(event.warnings, start=1)
        if warning.start is not None and warning.end is not None
    ]
    shown: list[ShownSentence] = []
    place = 0
    for number, sentence in enumerate(event.sentences):
        if not place <= sentence.start <= sentence.end <= len(text):
            return _one_after_another(event.sentences)
        segments = cut(text, warnings, sentence.start, sentence.end)
        shown.append(_shown(number, sentence, text[place : sentence.start], segments))
        place = sentence.end
    return ShownSummary(tuple(shown), text[place:])


def _one_after_another(sentences: Sequence[SupportedSentence]) -> ShownSummary:
    return ShownSummary(
        tuple(
            _shown(number, sentence, " " if number else "", (Segment(sentence.text),))
            for number, sentence in enumerate(sentences)
        ),
        "",
    )


def _shown(
    number: int, sentence: SupportedSentence, before: str, segments: tuple[Segment, ...]
) -> ShownSentence:
    return ShownSentence(number, before, segments, sentence.support, bool(sentence.spans))


def _windows(text: str, marks: Sequence[Mark]) -> list[tuple[int, int]]:
    """The beginning of `text` and each mark with its surroundings, to whole words, merged where they meet."""
    wanted = [(0, CONTEXT_CHARACTERS * 2)]
    wanted += [(first - CONTEXT_CHARACTERS, last + CONTEXT_CHARACTERS) for first, last, _ in marks]
    merged: list[tuple[int, int]] = []
    for start, end in sorted(wanted):
        start, end = _to_blank(text, max(0, start), -1), _to_blank(text, min(len(text), end), 1)
        if merged and start <= merged[-1][1] + CONTEXT_CHARACTERS:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def _to_blank(text: str, place: int, step: int) -> int:
    """The nearest place before or after `place` where a word ends, within some 40 characters."""
    for _ in range(40):
        if not 0 < place < len(text) or text[place - 1].isspace():
            return place
        place += step
    return place
