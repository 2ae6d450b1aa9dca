"""Tokens of texts of any size, counted in memory that does not grow with them.

A tokenizer takes several hundred bytes for each token of a call: a book counted in one call would take more memory than
the model needs to summarize it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from brevity.neural.port import Generator

_WINDOW_CHARACTERS = 200_000
"""Characters that are given to the tokenizer in one call."""
_CHARACTERS_A_TOKEN = 8
"""So many characters a token are read first: nearly every text shows there that it takes more."""
_STEP = 4


def count(generator: Generator, texts: Sequence[str]) -> list[int]:
    """How many of the generator's tokens each text takes. Memory grows with the longest text alone."""
    return [size for window in _windows(texts) for size in generator.count_tokens(window)]


def count_up_to(generator: Generator, texts: Sequence[str], most: int) -> list[int]:
    """Tokens of each text; of one that takes more than `most`, some number above it.

    No more of a text is read than it takes to tell, so that memory does not grow with the longest either.
    """
    sizes = [0] * len(texts)
    open_ = list(range(len(texts)))
    read = _CHARACTERS_A_TOKEN * most
    while open_:
        found = count(generator, [texts[number][:read] for number in open_])
        for number, size in zip(open_, found, strict=True):
            sizes[number] = size
        open_ = [number for number in open_ if sizes[number] <= most and len(texts[number]) > read]
        read *= _STEP
    return sizes


def _windows(texts: Sequence[str]) -> Iterator[list[str]]:
    window: list[str] = []
    held = 0
    for text in texts:
        if window and held + len(text) > _WINDOW_CHARACTERS:
            yield window
            window, held = [], 0
        window.append(text)
        held += len(text)
    if window:
        yield window
