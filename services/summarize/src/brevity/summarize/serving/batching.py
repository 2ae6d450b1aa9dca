"""Micro-batches by document length: alike documents together, so that none waits long for a much longer one."""

from __future__ import annotations

from collections.abc import Sequence


def micro_batches(words: Sequence[int], *, most_documents: int, most_words: int) -> list[list[int]]:
    """Group documents, given by their word counts, into batches of indices.

    Longest first, so that the batch that takes longest starts first. A batch holds at most `most_documents` documents
    and `most_words` words; a document above that goes alone. Every index is in exactly one batch. O(n log n).
    """
    batches: list[list[int]] = []
    size = 0
    for index in sorted(range(len(words)), key=lambda number: (-words[number], number)):
        if not batches or len(batches[-1]) >= most_documents or size + words[index] > most_words:
            batches.append([])
            size = 0
        batches[-1].append(index)
        size += words[index]
    return batches
