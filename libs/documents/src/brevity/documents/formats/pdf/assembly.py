"""From the blocks of pages to the parts of a document: levels of headings, paragraphs over columns and pages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from brevity.documents.formats.pdf.blocks import (
    BULLET,
    Body,
    PageBlock,
    blocks_of,
    code_text,
    is_heading,
    lines_of,
)
from brevity.documents.formats.pdf.columns import Grid, arrange
from brevity.documents.formats.pdf.lines import Segment
from brevity.documents.hyphens import Joiner
from brevity.documents.model import BlockKind, Part

_LEVELS = 6
_DROP_CAP = 1.8
_PROSE = {BlockKind.PARAGRAPH, BlockKind.LIST_ITEM}
_PASSED_OVER = {BlockKind.NOTE, BlockKind.FURNITURE, BlockKind.CAPTION, BlockKind.TABLE}


def page_blocks(
    page: Sequence[Segment], body: Body, height: float, *, rtl: bool, picture: bool
) -> list[PageBlock]:
    """Blocks of one page in reading order. What stands on a picture of a page is furniture."""
    found: list[PageBlock] = []
    for region in arrange(_with_drop_caps(_with_labels(page, rtl=rtl), body), rtl=rtl):
        if isinstance(region, Grid):
            found.append(PageBlock(BlockKind.TABLE, rows=region.rows))
        else:
            found += blocks_of(lines_of(region.lines, rtl=rtl), body, height)
    if picture:
        for block in found:
            block.kind = BlockKind.FURNITURE
    return found


def _with_labels(page: Sequence[Segment], *, rtl: bool) -> list[Segment]:
    """Bullets and numbers that stand apart, as the beginning of the line that they label."""
    labels = {id(s): s for s in page if len(s.text) <= 6 and (_is_label(s.text))}
    if not labels:
        return list(page)
    by_base: dict[int, list[Segment]] = {}
    for segment in page:
        by_base.setdefault(round(segment.base / 2), []).append(segment)
    gone: set[int] = set()
    for label in labels.values():
        near = [
            other
            for step in (-1, 0, 1)
            for other in by_base.get(round(label.base / 2) + step, ())
            if id(other) not in labels and 0 <= _gap(label, other, rtl=rtl) < 4 * other.size
        ]
        if near and len(near) < 50:
            first = min(near, key=lambda other: _gap(label, other, rtl=rtl))
            first.text = f"{label.text} {first.text}"
            first.left, first.right = min(first.left, label.left), max(first.right, label.right)
            gone.add(id(label))
    return [segment for segment in page if id(segment) not in gone]


def _is_label(text: str) -> bool:
    return (
        bool(BULLET.match(f"{text} x"))
        or (text[-1] in ".)]" and any(c.isalnum() for c in text))
        or _is_number(text)
    )


def _is_number(text: str) -> bool:
    """A section's number, such as `3.1`; a single number may as well be a cell of a table."""
    return "." in text and all(piece.isdecimal() for piece in text.split(".")) and len(text.split(".")[0]) < 3


def _gap(label: Segment, other: Segment, *, rtl: bool) -> float:
    return label.left - other.right if rtl else other.left - label.right


def _with_drop_caps(page: list[Segment], body: Body) -> list[Segment]:
    """Large initials as the first letter of the line beside their top."""
    gone: set[int] = set()
    for initial in page:
        if len(initial.text) != 1 or not initial.text.isalpha() or initial.size < _DROP_CAP * body.size:
            continue
        beside = [
            other
            for other in page
            if initial.right - 1 <= other.left < initial.right + 1.5 * body.size
            and initial.base - 1 <= other.base <= initial.top
            and other.size < initial.size
        ]
        if len(beside) > 1 or (beside and beside[0].base > initial.base + body.size):
            first = max(beside, key=lambda other: other.base)
            first.text = initial.text + first.text
            gone.add(id(initial))
            for other in beside:
                other.left = initial.left
    return [segment for segment in page if id(segment) not in gone]


def assemble(pages: Sequence[list[PageBlock]], body: Body) -> list[Part]:
    """Parts of all pages."""
    joiner = Joiner()
    for page in pages:
        for block in page:
            for line in block.lines:
                joiner.learn(line.text)
    levels = _levels(pages, body)
    parts: list[Part] = []
    before: tuple[PageBlock, Part] | None = None
    for block in (block for page in pages for block in page):
        text = _text(block, joiner)
        if not text:
            continue
        if before and block.open_start and _goes_on(*before, block, text):
            before[1].text = joiner.pair(before[1].text, text)
            before = block, before[1]
            continue
        level = levels.get(_rank(block)) if block.kind is BlockKind.HEADING else None
        part = Part(block.kind, text, level)
        if block.kind is BlockKind.LIST_ITEM:
            part.level = 1
        if block.kind is BlockKind.HEADING and parts and _is_second_line(parts[-1], part, before, block):
            parts[-1].text += f" {text}"
            continue
        parts.append(part)
        if block.kind not in _PASSED_OVER:
            before = block, part
    return parts


def _text(block: PageBlock, joiner: Joiner) -> str:
    if block.rows is not None:
        return "\n".join("\t".join(cells) for cells in block.rows)
    if block.kind is BlockKind.CODE:
        return code_text(block.lines)
    text = joiner.join(line.text for line in block.lines)
    return BULLET.sub("", text, count=1) if block.kind is BlockKind.LIST_ITEM else text


def _goes_on(block: PageBlock, part: Part, after: PageBlock, text: str) -> bool:
    """Whether a paragraph that a column's or a page's end cuts goes on in `after`."""
    if part.kind not in _PROSE or after.kind is not BlockKind.PARAGRAPH or not block.open_end:
        return False
    if abs(block.size - after.size) > 0.06 * block.size:
        return False
    first = text[0]
    return first.islower() or part.text[-1] in "-\u00ad\x02,;" or not (first.isupper() or first.isdecimal())


def _is_second_line(last: Part, part: Part, before: tuple[PageBlock, Part] | None, block: PageBlock) -> bool:
    """Whether two headings are the lines of one, set far apart."""
    if (
        last.kind is not BlockKind.HEADING
        or last.level != part.level
        or before is None
        or before[1] is not last
    ):
        return False
    step = before[0].lines[-1].base - block.lines[0].base
    same = abs(before[0].size - block.size) < 0.02 * block.size
    return same and 0 < step < 2 * block.size and not part.text[0].isdecimal()


def _rank(block: PageBlock) -> float:
    return round(block.size * 2) / 2


def _levels(pages: Iterable[Iterable[PageBlock]], body: Body) -> dict[float, int]:
    """Heading sizes, the largest first: 1 to 6."""
    sizes = {
        _rank(block)
        for page in pages
        for block in page
        if block.kind is BlockKind.HEADING and is_heading(block, body)
    }
    return {size: min(_LEVELS, at) for at, size in enumerate(sorted(sizes, reverse=True), 1)}
