"""Dialogues written as `Name: what is said`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from brevity.documents.model import Block, BlockKind
from brevity.documents.plain.lines import chunks
from brevity.nlp.transcript import find_turns


def find_speech(text: str) -> Sequence[Block] | None:
    """Blocks of a transcript: speech, in which the names are not; None for any other text."""
    turns = find_turns(text)
    if not turns:
        return None
    return tuple(_blocks(text, [(turn.start(), turn.end(), turn["label"]) for turn in turns]))


def _blocks(text: str, turns: Sequence[tuple[int, int, str]]) -> Iterator[Block]:
    opening = turns[0][0]
    for lines in chunks(text[:opening]):
        yield Block(BlockKind.PARAGRAPH, lines[0].start, lines[-1].end)
    ends = [start for start, _, _ in turns[1:]] + [len(text)]
    for (_, start, speaker), end in zip(turns, ends, strict=True):
        for lines in chunks(text[start:end]):
            yield Block(
                BlockKind.SPEECH,
                start + lines[0].start,
                start + lines[-1].end,
                speaker=" ".join(speaker.split()),
            )
