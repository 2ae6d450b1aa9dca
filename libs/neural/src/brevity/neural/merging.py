"""Makes one summary of many by merging groups of neighbours, level by level, until one is left.

Why it ends: a summary that goes into a merge takes, with the blank lines after it, at most a quarter of the context (a
longer one is cut, and counted), so a group holds at least two of them while two are left. Every level therefore replaces
n summaries by at most (n + 1) / 2, which is less than n for every n above 1, whatever the model writes: there are at
most log2(n) + 1 levels. A level reads at most n quarters of the context and n halves from one to the next, so that all
levels together read no more than about half of what the n parts of the text were: the cost is linear in the text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from brevity.neural.counting import count
from brevity.neural.port import Generator
from brevity.nlp.sentences import split_sentences
from brevity.nlp.types import Span

SHARE = 4
"""A summary to be merged takes at most one in so many of the context's tokens."""
BETWEEN = "\n\n"


@dataclass(frozen=True, slots=True)
class Node:
    """The summary of a stretch of the source: `seen` is what was read for it, `weight` the stretch's tokens."""

    text: str
    tokens: int
    seen: tuple[Span, ...]
    weight: int


def most_tokens(context_tokens: int) -> int:
    """The tokens that one summary to be merged may take."""
    return max(1, context_tokens // SHARE - 2)


def shortened(texts: Sequence[str], generator: Generator, most: int) -> list[tuple[str, int, bool]]:
    """Each text cut to at most `most` tokens, at the end of a sentence where it has one; its tokens; whether it was cut."""
    sizes = count(generator, texts)
    done: list[tuple[str, int, bool]] = []
    for text, size in zip(texts, sizes, strict=True):
        cut = False
        while size > most and len(text) > 1:
            text = _less(text, most / size)
            [size] = generator.count_tokens([text])
            cut = True
        done.append((text, size, cut))
    return done


def _less(text: str, share: float) -> str:
    """A beginning of the text that is shorter than it, about `share` of it."""
    limit = min(len(text) - 1, max(1, int(len(text) * share)))
    whole = [span.end for span in split_sentences(text) if span.end <= limit]
    if whole:
        return text[: whole[-1]]
    blank = text.rfind(" ", limit // 2, limit)
    return text[: blank if blank > 0 else limit]


def groups(sizes: Sequence[int], context_tokens: int) -> list[list[int]]:
    """Neighbours that are merged together: as many as the context takes, and never one alone while there are two.

    Args:
        sizes: Tokens of each summary.
        context_tokens: What a merge may read, blanks between summaries included.
    """
    made: list[list[int]] = []
    held = 0
    for number, size in enumerate(sizes):
        if made and (held + size <= context_tokens or len(made[-1]) < 2):
            made[-1].append(number)
            held += size
        else:
            made.append([number])
            held = size
    if len(made) > 1 and len(made[-1]) == 1 and len(made[-2]) > 2:
        made[-1].insert(0, made[-2].pop())  # nothing is gained by merging one with nothing
    return made


def joined(nodes: Sequence[Node]) -> tuple[str, list[Span]]:
    """The summaries one after another, and the place of each in that text."""
    places: list[Span] = []
    length = 0
    for node in nodes:
        start = length + (len(BETWEEN) if places else 0)
        length = start + len(node.text)
        places.append(Span(start, length))
    return BETWEEN.join(node.text for node in nodes), places
