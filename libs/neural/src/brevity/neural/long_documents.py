"""Summaries of documents of any length by a model that reads a limited number of tokens at once.

A document that fits is read as a whole. A longer one is split at its structure (`chunks`), its parts are summarized and
the summaries merged in a tree that provably ends (`merging`). What was read is kept as source spans all the way: a merge
that did not read all of its text gives up the spans of what it missed, so that coverage never claims too much.

All documents of a batch advance together: the requests of a level are given to the generator in one call, so that it can
batch over documents.
"""

from __future__ import annotations

import math
from collections.abc import Generator as Steps
from collections.abc import Sequence
from dataclasses import dataclass

from brevity.common.contracts.vocabulary import Style
from brevity.neural.chunks import split
from brevity.neural.counting import count, count_up_to
from brevity.neural.merging import BETWEEN, Node, groups, joined, most_tokens, shortened
from brevity.neural.port import Generated, GenerationError, Generator, Request, Step
from brevity.neural.spans import union
from brevity.nlp.types import Span
from brevity.nlp.words import count_words

FEWEST_WORDS = 40
"""A part's summary says less than this only when the part does."""
_TOKENS_A_WORD = 1.5
"""When a text has no words to count by."""
_CHOICE = 2
"""Parts' summaries together hold so many times the words wanted: merging needs something to leave out."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A document and the summary wanted of it; fields as in `Request`."""

    text: str
    language: str
    words: int
    output_language: str | None = None
    style: Style = "paragraph"
    title: str | None = None
    avoid: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LongSummary:
    """A summary and how it came about.

    `seen` is the union of the source spans that were read for it. Token counts are sums over all steps. `parts` and
    `levels` count the parts of the document and the levels of merging (0 for a document read as a whole). `cut` counts
    summaries of parts that were longer than asked for and were cut; `finished` is False when the text itself was.
    """

    text: str
    seen: tuple[Span, ...]
    source_tokens: int
    summary_tokens: int
    parts: int = 1
    levels: int = 0
    cut: int = 0
    finished: bool = True


Answers = Sequence[Generated]
_Work = Steps[list[Request], Answers, LongSummary]


def summarize(wishes: Sequence[Wish], generator: Generator) -> list[LongSummary | GenerationError]:
    """One summary for each wish, in order; a document of which a part fails has that error in its place.

    The generator is called once for each level: O(log(longest document)) times.
    """
    context = generator.context_tokens
    sizes = count_up_to(generator, [wish.text for wish in wishes], context)
    works = [_one(wish, size <= context, generator) for wish, size in zip(wishes, sizes, strict=True)]
    done: dict[int, LongSummary | GenerationError] = {}
    asked: dict[int, list[Request]] = {}
    for number, work in enumerate(works):
        _advance(number, work, None, asked, done)
    while asked:
        level, asked = asked, {}
        answers = iter(generator.generate([request for requests in level.values() for request in requests]))
        for number, requests in level.items():
            own = [next(answers) for _ in requests]
            failures = [answer for answer in own if isinstance(answer, GenerationError)]
            if failures:
                works[number].close()
                # The one that another try will not mend is what is to be told.
                done[number] = min(failures, key=lambda error: error.transient)
                continue
            good = [answer for answer in own if isinstance(answer, Generated)]
            _advance(number, works[number], good, asked, done)
    return [done[number] for number in range(len(wishes))]


def _advance(
    number: int,
    work: _Work,
    answers: Answers | None,
    asked: dict[int, list[Request]],
    done: dict[int, LongSummary | GenerationError],
) -> None:
    try:
        asked[number] = next(work) if answers is None else work.send(answers)
    except StopIteration as end:
        done[number] = end.value


def _one(wish: Wish, fits: bool, generator: Generator) -> _Work:
    """The steps of one document: yields the requests of a level, is sent their answers, returns the summary."""
    if fits:
        [answer] = yield [_request(wish, wish.text, wish.words, "whole")]
        seen = union([Span(0, answer.seen_characters)])
        return LongSummary(
            answer.text, seen, answer.source_tokens, answer.summary_tokens, finished=answer.finished
        )
    return (yield from _in_parts(wish, generator))


def _in_parts(wish: Wish, generator: Generator) -> _Work:
    context = generator.context_tokens
    lengths = _Lengths(wish, context, generator)
    chunks = split(wish.text, wish.language, generator, context)
    tally = _Tally()
    if len(chunks) == 1:
        [chunk] = chunks
        answers = yield [_request(wish, chunk.text(wish.text), wish.words, "whole")]
        tally.add(answers)
        return tally.summary(
            answers[0].text, [chunk.seen(answers[0].seen_characters)], 1, 0, answers[0].finished
        )
    weights = count(generator, [chunk.text(wish.text) for chunk in chunks])
    answers = yield [
        _request(wish, chunk.text(wish.text), lengths.part(weight, sum(weights)), "part", last=False)
        for chunk, weight in zip(chunks, weights, strict=True)
    ]
    tally.add(answers)
    seen = [(chunk.seen(answer.seen_characters),) for chunk, answer in zip(chunks, answers, strict=True)]
    nodes = _nodes(answers, seen, weights, tally, generator, lengths.most)
    levels, finished = 0, all(answer.finished for answer in answers)
    while len(nodes) > 1 and not lengths.enough(nodes):
        levels += 1
        merged = groups([node.tokens + 2 for node in nodes], context)
        texts = [joined([nodes[n] for n in group]) for group in merged]
        weights = [sum(nodes[n].weight for n in group) for group in merged]
        answers = yield [
            _request(
                wish, text, lengths.merge(weight, sum(weights), len(merged)), "merge", last=len(merged) == 1
            )
            for (text, _), weight in zip(texts, weights, strict=True)
        ]
        tally.add(answers)
        seen = [
            tuple(
                span
                for n, place in zip(group, places, strict=True)
                if place.end <= answer.seen_characters
                for span in nodes[n].seen
            )
            for group, (_, places), answer in zip(merged, texts, answers, strict=True)
        ]
        finished = all(answer.finished for answer in answers)
        if len(answers) == 1:
            return tally.summary(answers[0].text, seen[0], len(chunks), levels, finished)
        nodes = _nodes(answers, seen, weights, tally, generator, lengths.most)
    between = "\n" if wish.style == "bullets" else BETWEEN
    text = between.join(node.text for node in nodes if node.text)
    return tally.summary(text, [span for node in nodes for span in node.seen], len(chunks), levels, finished)


def _nodes(
    answers: Answers,
    seen: Sequence[tuple[Span, ...]],
    weights: Sequence[int],
    tally: _Tally,
    generator: Generator,
    most: int,
) -> list[Node]:
    rows = shortened([answer.text.strip() for answer in answers], generator, most)
    tally.cut += sum(cut for _, _, cut in rows)
    return [
        Node(text, tokens, spans, weight)
        for (text, tokens, _), spans, weight in zip(rows, seen, weights, strict=True)
    ]


def _request(wish: Wish, text: str, words: int, step: Step, *, last: bool = True) -> Request:
    """`last` when the answer is the document's summary: a headline is made only then."""
    return Request(
        text=text,
        language=wish.language,
        words=words,
        output_language=wish.output_language,
        style=wish.style if last or wish.style != "headline" else "paragraph",
        step=step,
        title=wish.title,
        avoid=wish.avoid,
    )


class _Lengths:
    """How many words each step is to write."""

    def __init__(self, wish: Wish, context: int, generator: Generator) -> None:
        sample = wish.text[:20_000]
        words = count_words(sample, wish.language)
        a_word = generator.count_tokens([sample])[0] / words if words else _TOKENS_A_WORD
        self.most = most_tokens(context)
        self._words = wish.words
        self._one_sentence = wish.style == "headline"
        self._language = wish.output_language or wish.language
        self._one_step = max(1, int(self.most / max(a_word, 0.1)))
        """Words that fit into what one summary may take."""
        self._a_word = max(a_word, 0.1)

    def part(self, weight: int, total: int) -> int:
        """Words for a part that holds `weight` of the document's `total` tokens."""
        choice = 1 if self._words > self._one_step else _CHOICE
        share = math.ceil(choice * self._words * weight / total)
        own = max(1, int(weight / self._a_word / 2))
        return min(max(share, FEWEST_WORDS), own, self._one_step)

    def merge(self, weight: int, total: int, of: int) -> int:
        """Words for one of `of` merges of a level."""
        return self._words if of == 1 else self.part(weight, total)

    def enough(self, nodes: Sequence[Node]) -> bool:
        """Whether the summaries together are no longer than the one wanted: then they are it."""
        if self._one_sentence:
            return False
        return sum(count_words(node.text, self._language) for node in nodes) <= self._words


class _Tally:
    """Tokens and cuts, summed over a document's steps."""

    def __init__(self) -> None:
        self.source_tokens = self.summary_tokens = self.cut = 0

    def add(self, answers: Answers) -> None:
        self.source_tokens += sum(answer.source_tokens for answer in answers)
        self.summary_tokens += sum(answer.summary_tokens for answer in answers)

    def summary(
        self, text: str, seen: Sequence[Span], parts: int, levels: int, finished: bool
    ) -> LongSummary:
        return LongSummary(
            text, union(seen), self.source_tokens, self.summary_tokens, parts, levels, self.cut, finished
        )
