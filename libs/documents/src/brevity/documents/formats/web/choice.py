"""Which pieces of a page are its content.

A well-kept extractor of main text (trafilatura) votes for what it would keep. It is good at finding the story and poor at
its edges, so its votes are looked at with what the page itself says: elements named for furniture, links, pieces that
stand in the same places as the story's. A page that is hardly more than its text is kept whole.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Sequence

from brevity.documents.formats.web.elements import Element
from brevity.documents.formats.web.phrases import asks_consent, is_furniture
from brevity.documents.formats.web.pieces import Piece
from brevity.documents.model import BlockKind

_PROSE = frozenset((BlockKind.PARAGRAPH, BlockKind.LIST_ITEM, BlockKind.QUOTATION, BlockKind.CODE))
_LONG = 10
"""Words of a piece that is more than a label."""
_FRAME_SHARE = {"cookies": 0.9, "dialog": 0.9, "comments": 0.9, "related": 0.6, "footer": 0.6}
_USUAL_SHARE = 0.4
"""Of the page's prose: an element that holds more is a frame around the content, whatever it is called."""
_BETWEEN = frozenset(
    (
        BlockKind.TABLE,
        BlockKind.CODE,
        BlockKind.CAPTION,
        BlockKind.LIST_ITEM,
        BlockKind.QUOTATION,
        BlockKind.HEADING,
    )
)
_WIDEST_GAP = 40
_LITTLE_PROSE = 30
_MOST_LABELS = 40
_CAPTION_START = 60
_VOTED_SHARE = 0.5
_WHOLE_SHARE = 0.85
_FEW_LINKS = 0.05
_TEASER_SHARE = 0.4
_SCRAP_SHARE = 0.15
_FEW_WORDS = 60
_STOP = re.compile(r"[.!?…。！？｡؟।:;\"”’»」』)\]]\s*$")


def is_prose(piece: Piece) -> bool:
    """Whether a piece is running text."""
    return piece.part.kind in _PROSE and piece.words >= _LONG and 2 * piece.linked < piece.words


def void_marks(pieces: Sequence[Piece], votes: Sequence[float]) -> None:
    """Takes off the marks that elements give which hold much of the page's prose, or most of what was voted for."""
    held: Counter[Element] = Counter()
    voted: Counter[Element] = Counter()
    total = total_voted = 0
    for piece, vote in zip(pieces, votes, strict=True):
        if is_prose(piece):
            total += piece.words
            total_voted += piece.words if vote >= 0.5 else 0
            for _, element in piece.marks:
                held[element] += piece.words
                voted[element] += piece.words if vote >= 0.5 else 0
    void = {
        element
        for piece in pieces
        for mark, element in piece.marks
        if held[element] > total * (share := _FRAME_SHARE.get(mark, _USUAL_SHARE))
        or voted[element] > total_voted * max(share, _VOTED_SHARE)
    }
    for piece in pieces:
        piece.marks = tuple((mark, element) for mark, element in piece.marks if element not in void)


def choose(pieces: Sequence[Piece], votes: Sequence[float]) -> list[bool]:
    """Whether each piece is content, in order."""
    asking = _asking_consent(pieces)
    plain = [
        not piece.marks and at not in asking and not is_furniture(piece.part.text, piece.words)
        for at, piece in enumerate(pieces)
    ]
    if not any(fine and is_prose(piece) for piece, fine in zip(pieces, plain, strict=True)):
        return plain if any(plain) else [True] * len(pieces)  # labels, links, or a single line
    if _is_plain(pieces, plain):
        return [not piece.marks and at not in asking for at, piece in enumerate(pieces)]
    kept = [vote >= 0.5 and fine for vote, fine in zip(votes, plain, strict=True)]
    _add_alike(pieces, plain, kept)
    _add_between(pieces, plain, kept)
    if _is_teaser(pieces, plain, kept):
        kept = plain if any(plain) else [True] * len(pieces)
    _drop_links(pieces, kept)
    _drop_head(pieces, kept)
    _drop_repeated_captions(pieces, kept)
    _drop_lonely_headings(pieces, kept)
    return kept


def _asking_consent(pieces: Sequence[Piece]) -> set[int]:
    """Where a page speaks about cookies, unless that is all it says."""
    prose = [(at, piece) for at, piece in enumerate(pieces) if not piece.marks and is_prose(piece)]
    asking = {at for at, piece in prose if asks_consent(piece.part.text, piece.words)}
    return asking if len(asking) < len(prose) else set()


def _is_plain(pieces: Sequence[Piece], plain: Sequence[bool]) -> bool:
    """Whether a page is hardly more than its text: a document, a mail or a chat written as HTML."""
    words = sum(piece.words for piece in pieces)
    linked = sum(piece.linked for piece in pieces)
    content = sum(
        piece.words
        for piece, fine in zip(pieces, plain, strict=True)
        if fine and 2 * piece.linked < piece.words
    )
    return content >= words * _WHOLE_SHARE and linked <= words * _FEW_LINKS


def _is_teaser(pieces: Sequence[Piece], plain: Sequence[bool], kept: Sequence[bool]) -> bool:
    """Whether little is kept of the prose that nothing speaks against."""
    found = sum(piece.words for piece, keep in zip(pieces, kept, strict=True) if keep)
    fine = [piece for piece, good in zip(pieces, plain, strict=True) if good]
    prose = sum(piece.words for piece in fine if is_prose(piece)) or sum(piece.words for piece in fine)
    return found <= prose * _SCRAP_SHARE or (found < _FEW_WORDS and found <= prose * _TEASER_SHARE)


def _add_alike(pieces: Sequence[Piece], plain: Sequence[bool], kept: list[bool]) -> None:
    """Prose that stands in the same kind of place as kept prose is content too."""
    counts: Counter[str] = Counter()
    for piece, keep in zip(pieces, kept, strict=True):
        if keep and is_prose(piece):
            counts[_place(piece)] += piece.words
    most = max(counts.values(), default=0)
    usual = {place for place, words in counts.items() if 4 * words >= most}
    for at, piece in enumerate(pieces):
        if (
            plain[at]
            and not kept[at]
            and is_prose(piece)
            and 4 * piece.linked < piece.words
            and _place(piece) in usual
        ):
            kept[at] = True


def _place(piece: Piece) -> str:
    """Tags and classes around a piece: the same for all paragraphs of a story, and for no others."""
    names: list[str] = []
    element: Element | None = piece.element
    while element is not None:
        names.append(f"{element.tag}.{element.get('class') or ''}" if len(names) else str(element.tag))
        element = element.getparent()
    return " ".join(names)


def _add_between(pieces: Sequence[Piece], plain: Sequence[bool], kept: list[bool]) -> None:
    """What stands between kept prose, without links or marks, is part of it: lists, tables, captions, quotations."""
    prose = [at for at, piece in enumerate(pieces) if kept[at] and is_prose(piece)]
    for before, after in itertools.pairwise(prose):
        if after - before - 1 > _WIDEST_GAP:
            continue
        for at in range(before + 1, after):
            piece = pieces[at]
            if (
                not kept[at]
                and 2 * piece.linked < piece.words
                and (plain[at] or _is_quoted(piece))
                and (piece.part.kind in _BETWEEN or is_prose(piece))
            ):
                kept[at] = True


def _is_quoted(piece: Piece) -> bool:
    return piece.part.kind is BlockKind.QUOTATION and all(
        mark in ("share", "aside", "related") for mark, _ in piece.marks
    )


def _drop_links(pieces: Sequence[Piece], kept: list[bool]) -> None:
    """Paragraphs that are only links lead elsewhere; on a page without prose they are the content."""
    links = [
        at
        for at, piece in enumerate(pieces)
        if kept[at] and piece.part.kind is BlockKind.PARAGRAPH and 5 * piece.linked >= 4 * piece.words
    ]
    prose = sum(piece.words for piece, keep in zip(pieces, kept, strict=True) if keep and is_prose(piece))
    if prose >= _LITTLE_PROSE:
        for at in links:
            kept[at] = False


def _drop_head(pieces: Sequence[Piece], kept: list[bool]) -> None:
    """Names, dates and labels before the first sentence."""
    first = next((at for at, piece in enumerate(pieces) if kept[at] and is_prose(piece)), 0)
    labels = [
        at
        for at in range(first)
        if kept[at]
        and pieces[at].part.kind is BlockKind.PARAGRAPH
        and pieces[at].words < _LONG
        and not _STOP.search(pieces[at].part.text)
    ]
    if sum(pieces[at].words for at in labels) < _MOST_LABELS:
        for at in labels:
            kept[at] = False


def _drop_repeated_captions(pieces: Sequence[Piece], kept: list[bool]) -> None:
    """A caption that stands there twice, for a small and a large screen or cut short."""
    seen: set[str] = set()
    for at, piece in enumerate(pieces):
        if kept[at] and piece.part.kind is BlockKind.CAPTION:
            start = piece.part.text[:_CAPTION_START]
            kept[at] = start not in seen
            seen.add(start)


def _drop_lonely_headings(pieces: Sequence[Piece], kept: list[bool]) -> None:
    """Headings after the last text, of what was left out."""
    if all(piece.part.kind is BlockKind.HEADING for piece, keep in zip(pieces, kept, strict=True) if keep):
        return
    for at in range(len(pieces) - 1, -1, -1):
        if kept[at] and pieces[at].part.kind is not BlockKind.HEADING:
            return
        kept[at] = False
