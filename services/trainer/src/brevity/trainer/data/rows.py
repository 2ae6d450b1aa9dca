"""The rows of a training set, one of each text, and the parts they belong to. No IO."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from brevity.common.ids import canonical_json, content_hash
from brevity.nlp.training_data import passages

Origin = Literal["file", "edit", "choice"]
"""A reference that came with the document; a reviewer's own words; or a summary that people chose."""
Part = Literal["train", "validation", "test"]

_PREFERENCE: dict[str, int] = {"edit": 0, "file": 1, "choice": 2}
_TEST_SHARE, _VALIDATION_SHARE = 0.10, 0.05


@dataclass(frozen=True, slots=True)
class Row:
    """A document with its reference summary.

    Attributes:
        set: The source it came from.
        content_hash: SHA-256 of the text: what makes two rows the same document.
        recorded_at: ISO 8601 time of a reviewer's word; empty for files.
    """

    id: str
    set: str
    text: str
    summary: str
    language: str
    domain: str
    source: str
    licence: str
    origin: Origin
    recorded_at: str
    content_hash: str
    part: Part = "train"


def row(*, set_name: str, text: str, summary: str, language: str, origin: Origin, **further: str) -> Row:
    """A row with its hash; `further` may hold id, domain, source, licence and recorded_at."""
    digest = content_hash(text.encode())
    return Row(
        id=further.get("id") or digest[:16],
        set=set_name,
        text=text,
        summary=summary,
        language=language,
        domain=further.get("domain", ""),
        source=further.get("source", ""),
        licence=further.get("licence", ""),
        origin=origin,
        recorded_at=further.get("recorded_at", ""),
        content_hash=digest,
    )


def deduplicated(rows: Iterable[Row]) -> list[Row]:
    """One row for each text: a reviewer's latest words, else the reference it came with, else what people chose.

    In an order that depends on the rows alone, not on the order they come in.
    """
    best: dict[str, Row] = {}
    for item in sorted(rows, key=_rank):
        best.setdefault(item.content_hash, item)
    return sorted(best.values(), key=lambda item: (item.set, item.content_hash))


def _rank(item: Row) -> tuple[Any, ...]:
    # Of edits the latest: ISO times sort as text, so their complement sorts the latest first.
    late = tuple(-ord(c) for c in item.recorded_at)
    return _PREFERENCE[item.origin], late, item.set, item.id, item.summary


def parted(rows: Sequence[Row], kept_out: frozenset[int] = frozenset()) -> list[Row]:
    """Rows with their parts, without those that share a passage with a text of `kept_out`.

    Texts that share a passage of 50 words are one group and stay together. The part is drawn from the hash of the
    text, and a group is in the test part as soon as one of its texts is: new documents may move others out of training
    into the test part, never the other way round. So no later version trains on what an earlier one was tested with.
    """
    marks = [passage_marks(item.text) for item in rows]
    free = [i for i, found in enumerate(marks) if kept_out.isdisjoint(found)]
    leader = {i: i for i in free}

    def find(i: int) -> int:
        while leader[i] != i:
            leader[i] = leader[leader[i]]
            i = leader[i]
        return i

    seen: dict[int, int] = {}
    for i in free:
        for mark in marks[i]:
            leader[find(i)] = find(seen.setdefault(mark, i))
    parts: dict[int, Part] = {}
    for i in free:
        group, own = find(i), _drawn(rows[i].content_hash)
        before = parts.get(group, "train")
        parts[group] = "test" if "test" in (own, before) else own if own == "validation" else before
    return [replace(rows[i], part=parts[find(i)]) for i in free]


def _drawn(digest: str) -> Part:
    share = int(digest[:8], 16) / 2**32
    if share < _TEST_SHARE:
        return "test"
    return "validation" if share < _TEST_SHARE + _VALIDATION_SHARE else "train"


def passage_marks(text: str) -> frozenset[int]:
    """64-bit digests of the text's passages: two texts share one when one holds a passage of the other."""
    return frozenset(
        int.from_bytes(hashlib.blake2b(" ".join(words).encode(), digest_size=8).digest(), "big")
        for words in passages(text)
    )


def version_of(rows: Sequence[Row]) -> str:
    """The version's name, from what it holds: the same rows are the same version, on any machine."""
    digest = hashlib.sha256()
    for item in rows:
        line = canonical_json(asdict(item))
        digest.update(len(line).to_bytes(8, "big"))
        digest.update(line)
    return f"data-{digest.hexdigest()[:16]}"


def spaced(rows: Sequence[Row], most: int) -> Iterator[Row]:
    """At most `most` of the rows, evenly spaced."""
    step = max(1, len(rows) / most)
    return (rows[int(i * step)] for i in range(min(most, len(rows))))
