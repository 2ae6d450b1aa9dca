"""Checks a summary against its source: what supports each sentence, and which facts the source does not hold.

A sentence that stands word for word in the source has support 1 and is never flagged. Any other is aligned with
the source (see `alignment`) and its dates and names are looked for in the whole source; so
are its numbers, unless the sentence follows one place closely: then they are looked for there. The checks need
no model; they find wrong facts that are new words, not wrong relations between words that the source has.
`docs/faithfulness.md` gives measured rates.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from brevity.nlp.alignment import Containment, SourceIndex
from brevity.nlp.faithfulness_dates import SourceDates, find_dates
from brevity.nlp.faithfulness_names import SourceNames, find_names
from brevity.nlp.faithfulness_numbers import SourceNumbers, find_numbers
from brevity.nlp.sentences import split_sentences
from brevity.nlp.types import Span

# Chosen on what people wrote (docs/faithfulness.md): few of their sentences fall under it, most of other documents' do.
LOW_SUPPORT = 0.2
# A sentence so close to its source takes its numbers from there too: a small number stands somewhere in any long
# source. A freer sentence may bring numbers together from all over it.
CLOSE_SUPPORT = 0.6
# A number may stand just before or after the sentences that the rest was taken from.
_NEAR_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class SentenceSupport:
    """The source `spans` that support a summary sentence, best first, and how well they do, in [0, 1]."""

    spans: tuple[Span, ...]
    support: float


@dataclass(frozen=True, slots=True)
class FaithfulnessFlag:
    """Something to check: [start, end) is its place in the summary.

    `code` is `number_not_in_source`, `date_not_in_source`, `name_not_in_source` or `low_support`.
    """

    code: str
    message: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Report:
    """One SentenceSupport for each sentence asked about, in order, and the flags by place."""

    sentences: tuple[SentenceSupport, ...]
    flags: tuple[FaithfulnessFlag, ...]


def check(
    source: str, summary: str, sentences: Sequence[tuple[int, int]], language: str | None = None
) -> Report:
    """Check the `sentences` (places in `summary`) against `source`.

    `language` (of the source) settles what separators in numbers mean and how German names are told from nouns.
    """
    held = _Source(source, language)
    supports: list[SentenceSupport] = []
    flags: list[FaithfulnessFlag] = []
    for start, end in sentences:
        text = summary[start:end]
        whole = held.containment.find(text)
        if whole is not None:
            supports.append(SentenceSupport((whole,), 1.0))
            continue
        spans, support = held.index.align(text)
        supports.append(SentenceSupport(spans, support))
        if support < LOW_SUPPORT:
            message = f"Only {support:.0%} of this sentence is found in the source."
            flags.append(FaithfulnessFlag("low_support", message, start, end))
        flags.extend(
            FaithfulnessFlag(code, _message(code, text[a:b]), start + a, start + b)
            for code, a, b in _facts(held, text, held.numbers_for(spans, support))
        )
    return Report(tuple(supports), tuple(sorted(flags, key=lambda flag: (flag.start, flag.end, flag.code))))


class _Source:
    """What the checks need of the source, each made once, and only when a sentence is not simply taken over."""

    def __init__(self, text: str, language: str | None) -> None:
        self._text = text
        self.language = language
        self.containment = Containment(text)

    @cached_property
    def index(self) -> SourceIndex:
        return SourceIndex(self._text, split_sentences(self._text, self.language))

    @cached_property
    def numbers(self) -> SourceNumbers:
        return SourceNumbers(self._text)

    def numbers_for(self, spans: Sequence[Span], support: float) -> SourceNumbers:
        """The numbers a sentence so aligned may hold."""
        if support < CLOSE_SUPPORT:
            return self.numbers
        near = [self._text[max(0, s.start - _NEAR_CHARACTERS) : s.end + _NEAR_CHARACTERS] for s in spans]
        return SourceNumbers("\n".join(near))

    @cached_property
    def dates(self) -> SourceDates:
        return SourceDates(self._text)

    @cached_property
    def names(self) -> SourceNames:
        return SourceNames(self._text, self.language)


def _facts(held: _Source, sentence: str, numbers: SourceNumbers) -> Iterator[tuple[str, int, int]]:
    dates = find_dates(sentence)
    for date in dates:
        if not held.dates.support(date):
            yield "date_not_in_source", date.start, date.end
    for number in find_numbers(sentence, held.language):
        if _inside(number.start, number.end, dates):
            continue
        if not numbers.support(number):
            yield "number_not_in_source", number.start, number.end
    for name in find_names(sentence):
        if not _inside(name.start, name.end, dates) and not held.names.support(name):
            yield "name_not_in_source", name.start, name.end


def _inside(start: int, end: int, places: Sequence[tuple[int, int, object, object]]) -> bool:
    return any(place[0] < end and start < place[1] for place in places)


_KINDS = {
    "number_not_in_source": "number",
    "date_not_in_source": "date",
    "name_not_in_source": "name",
}


def _message(code: str, text: str) -> str:
    return f"The {_KINDS[code]} “{text}” is not in the source, or not where this sentence comes from."
