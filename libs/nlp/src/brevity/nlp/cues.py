"""Words that speak for or against the sentence they stand in: "propose" and "decided", "um" and "thanks".

Learnt for each language from reference summaries, as the mean worth of the sentences that hold the word, shrunk
towards nothing where few documents hold it. A language never trained on has no cues, and all its columns are 0.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from brevity.nlp.terms import Array

MIN_DOCUMENTS = 15
"""Documents that must hold a word before it can be a cue."""
SHRINKAGE = 20
"""Documents of no worth that each word is given in advance."""
SCALE = 100
"""Weights are kept as whole hundredths."""

Table = Mapping[str, int]


def columns(words: Sequence[Sequence[str]], table: Table) -> Array:
    """For each sentence the mean, the highest and the lowest weight of its words, 0 for unknown ones."""
    found = np.zeros((len(words), 3))
    if table:
        for row, sentence in zip(found, words, strict=True):
            weights = [table.get(word, 0) for word in set(sentence)]
            if weights:
                row[:] = sum(weights) / len(weights), max(weights), min(weights)
    return found / SCALE


def learn(documents: Iterable[tuple[Sequence[Sequence[str]], Array]]) -> dict[str, int]:
    """The weights of the words of `documents`: each document's sentences in words, and their standardised worth."""
    total: dict[str, float] = defaultdict(float)
    held: dict[str, int] = defaultdict(int)
    for sentences, worth in documents:
        own: dict[str, list[float]] = defaultdict(list)
        for sentence, value in zip(sentences, worth, strict=True):
            for word in dict.fromkeys(sentence):
                own[word].append(float(value))
        for word, values in own.items():
            total[word] += sum(values) / len(values)
            held[word] += 1
    weights = {w: round(SCALE * total[w] / (n + SHRINKAGE)) for w, n in held.items() if n >= MIN_DOCUMENTS}
    return {word: weights[word] for word in sorted(weights) if weights[word]}
