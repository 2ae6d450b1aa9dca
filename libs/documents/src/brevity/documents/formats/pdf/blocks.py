"""From lines to blocks: paragraphs, headings, list items, captions, notes and code, told by place and type size."""

from __future__ import annotations

import itertools
import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

from brevity.documents.formats.pdf.lines import Segment
from brevity.documents.model import BlockKind

BULLET = re.compile(r"^(?:[•◦▪▫■□●○◆◇‣⁃∙·➢➤✓✔❖►▶\uf000-\uf0ff]\s*|[-–—*o]\s+)(?=\S)")
_ENUMERATOR = re.compile(
    r"^(?:\(?(?:\d{1,3}|[a-zA-Z]|[ivxlc]{1,6})[.)]|\[\d{1,3}\]|\d{1,2}(?:\.\d{1,2}){1,3}\.?)\s+(?=\S)"
)
_CAPTION = re.compile(
    r"(?i)^(?:fig(?:ure|\.)|table|abb(?:ildung|\.)|tab(?:elle|leau|la|\.)|figur[ae]?|рис(?:унок|\.)|табл(?:ица|\.)"
    r"|chart|exhibit|scheme|plate|listing|algorithm|box)\s*(?:\d+|[ivx]+|[a-z]\.?\d+)(?:\.\d+)*\s*(?:[.:|–—-]|$|(?=[A-ZА-Я]))"
    r"|^[图圖表図]\s*\d+"
)
_NOTE = re.compile(r"^(?:[⁰¹²³⁴-⁹]+|\d{1,3}\s|[*∗†‡§¶])\s*\S")
_STOP = re.compile(r"[.!?…。！？｡।؟۔:;：；]['\"’”»«)\]]*[⁰¹²³⁴-⁹]*$")
_LEADERS = re.compile(r"(?:\.\s?){5,}\s*\w{0,6}$|…{2,}\s*\w{0,6}$|(?:·\s?){5,}\w{0,6}$")
_ENTRY = re.compile(r"\S\s+(?:\d{1,4}|[ivxl]{1,6})$")
_SAME = 0.06
_LARGE = 1.12
_SMALL = 0.93
_LONGEST_HEADING = 200
_WINDOW = 6


@dataclass(slots=True)
class Line:
    """One line of a flow; in text from the right, left and right are mirrored."""

    text: str
    left: float
    right: float
    base: float
    size: float
    bold: bool
    monospaced: bool
    first_word: float


@dataclass(slots=True)
class PageBlock:
    """A block of one page, its lines not yet joined."""

    kind: BlockKind
    lines: list[Line] = field(default_factory=list[Line])
    rows: list[list[str]] | None = None
    open_start: bool = False
    """It may go on what the column before left open: it begins at the top of a column without an indent."""
    open_end: bool = False

    @property
    def size(self) -> float:
        return statistics.median(line.size for line in self.lines) if self.lines else 0.0

    @property
    def text(self) -> str:
        return " ".join(line.text for line in self.lines)

    @property
    def bold(self) -> bool:
        return bool(self.lines) and all(line.bold for line in self.lines)


@dataclass(frozen=True, slots=True)
class Body:
    """What most of a document is set in."""

    size: float
    bold: bool
    monospaced: bool


def lines_of(flow: Sequence[Sequence[Segment]], *, rtl: bool) -> list[Line]:
    """A `Line` for each line of a flow."""
    found: list[Line] = []
    for segments in flow:
        text = " ".join(segment.text for segment in segments)
        left, right = min(s.left for s in segments), max(s.right for s in segments)
        characters = sum(len(s.text) for s in segments) or 1
        main = max(segments, key=lambda s: len(s.text))
        bold = sum(len(s.text) for s in segments if s.bold) > 0.8 * characters
        word = (right - left) * len(text.split(" ", 1)[0]) / max(1, len(text))
        if rtl:
            left, right = -right, -left
        found.append(Line(text, left, right, main.base, main.size, bold, main.monospaced, word))
    return found


def blocks_of(lines: Sequence[Line], body: Body, page_height: float) -> list[PageBlock]:
    """Blocks of the lines of one column, in order."""
    blocks: list[PageBlock] = []
    pitches = _pitches(lines)
    for number, line in enumerate(lines):
        if _LEADERS.search(line.text):
            blocks.append(PageBlock(BlockKind.FURNITURE, [line]))
        elif (
            not blocks
            or blocks[-1].kind is BlockKind.FURNITURE
            or _begins(blocks[-1], lines, number, pitches, body)
        ):
            blocks.append(PageBlock(BlockKind.PARAGRAPH, [line]))
        else:
            blocks[-1].lines.append(line)
    for block in blocks:
        if block.kind is BlockKind.PARAGRAPH:
            block.kind = _kind(block, body, page_height)
    if blocks and lines:
        _mark_contents(blocks)
        _mark_notes(blocks, body, page_height)
        _mark_ends(blocks, lines)
    return _with_code(blocks, body)


def _pitches(lines: Sequence[Line]) -> dict[int, float]:
    """The usual step from line to line, by size of type."""
    steps: dict[int, list[float]] = {}
    for a, b in itertools.pairwise(lines):
        step = a.base - b.base
        if abs(a.size - b.size) <= _SAME * a.size and 0.8 * a.size < step < 3 * a.size:
            steps.setdefault(round(a.size), []).append(step)
    # The least that is usual: between paragraphs there may be as many wider steps as there are lines in them.
    return {size: sorted(each)[len(each) // 3] for size, each in steps.items()}


def _begins(
    block: PageBlock, lines: Sequence[Line], number: int, pitches: dict[int, float], body: Body
) -> bool:
    """Whether a new block begins with a line."""
    before, line = lines[number - 1], lines[number]
    size = max(before.size, line.size)
    step = before.base - line.base
    usual = min(pitches.get(round(before.size), 1.35 * size), 2.4 * size)
    if step < -0.2 * size or step > max(1.3 * usual, usual + 0.25 * size):
        return True
    if abs(before.size - line.size) > _SAME * size and not _is_formula(before, line, size):
        return True
    around = [
        each
        for each in lines[max(0, number - _WINDOW) : number + _WINDOW]
        if abs(each.size - size) < 0.1 * size
    ]
    right = max(each.right for each in around)
    left = min(each.left for each in around)
    room = right - before.right - line.first_word
    ended = bool(_STOP.search(before.text))
    if before.bold != line.bold and (room > 0 or ended):
        return True
    item = bool(BULLET.match(block.lines[0].text) or _ENUMERATOR.match(block.lines[0].text))
    if BULLET.match(line.text):
        return ended or room > size or item or line.text[0] not in "-–—*o"
    if _ENUMERATOR.match(line.text):
        aligned = abs(line.left - block.lines[0].left) < 0.5 * size
        return ((ended or room > size) and (not item or aligned or len(block.lines) == 1)) or (
            item and aligned
        )
    if line.size < _SMALL * body.size and _NOTE.match(line.text) and (ended or room > size):
        return True
    if _CAPTION.match(line.text) and (ended or room > 0):
        return True
    indent = line.left - before.left
    centred = abs((line.left + line.right) - (before.left + before.right)) < 0.8 * size
    if 0.7 * size < indent < 8 * size and before.left - left < 0.5 * size and not item and not centred:
        flush = sum(each.left - left < 0.5 * size for each in around)
        # An indented first line; not so where lines end flush only, or all but the first hang.
        return (ended or room > 0) and (flush * 5 >= len(around) * 2 or room > 0)
    if item and line.left < block.lines[0].left - 0.5 * size:
        return True
    width = right - left
    return (room > 1.2 * size and ended) or (room > 0.3 * width and not centred) or (room > 0.5 * width)


def _is_formula(before: Line, line: Line, size: float) -> bool:
    """Whether one of two lines is a piece of a formula or a raised sign, too short to be of its own size."""
    return min(len(before.text), len(line.text)) <= 3 and abs(before.base - line.base) < 0.9 * size


def _kind(block: PageBlock, body: Body, page_height: float) -> BlockKind:
    text = block.text
    if not any(character.isalpha() for character in text):
        return BlockKind.FURNITURE
    if _CAPTION.match(text) and len(text) < 1_500:
        return BlockKind.CAPTION
    if is_heading(block, body):
        return BlockKind.HEADING
    low = block.lines[0].base < 0.35 * page_height
    if block.size < _SMALL * body.size and low and _NOTE.match(text):
        return BlockKind.NOTE
    if BULLET.match(text) or _ENUMERATOR.match(text):
        return BlockKind.LIST_ITEM
    return BlockKind.PARAGRAPH


def is_heading(block: PageBlock, body: Body) -> bool:
    """Whether a block stands out in size or weight, and is as short as headings are."""
    text = block.text
    if len(text) > _LONGEST_HEADING or len(block.lines) > 4 or text[-1] in ",;":
        return False
    if block.size >= _LARGE * body.size:
        return not (text[-1] == "." and len(text) > 80)
    if len(block.lines) > 2 or text[-1] in ".:" or block.size < _SMALL * body.size:
        return False
    if block.bold and not body.bold:
        return True
    return text.isupper() and len(block.lines) == 1 and 3 < len(text) < 70 and len(text.split()) <= 8


def _mark_contents(blocks: Sequence[PageBlock]) -> None:
    """Chapters among the entries of a table of contents, which have a page number but no dots."""
    for before, block, after in zip([None, *blocks], blocks, [*blocks[1:], None], strict=False):
        neighbours = [each for each in (before, after) if each and each.kind is BlockKind.FURNITURE]
        leads = any(_LEADERS.search(each.text) for each in neighbours)
        if leads and len(block.lines) == 1 and _ENTRY.search(block.text):
            block.kind = BlockKind.FURNITURE


def _mark_notes(blocks: Sequence[PageBlock], body: Body, page_height: float) -> None:
    """Small type at the foot of a column, below larger type, is of notes."""
    if all(block.size < _SMALL * body.size for block in blocks):
        return
    for block in reversed(blocks):
        if block.size >= _SMALL * body.size or block.lines[0].base > 0.4 * page_height:
            return
        if block.kind in {BlockKind.PARAGRAPH, BlockKind.LIST_ITEM}:
            block.kind = BlockKind.NOTE


def _mark_ends(blocks: Sequence[PageBlock], lines: Sequence[Line]) -> None:
    """Note which block may go on from the column before, and which may go on in the next."""
    right = max(line.right for line in lines)
    left = min(line.left for line in lines)
    first = blocks[0]
    if first.kind is BlockKind.PARAGRAPH:
        first.open_start = first.lines[0].left - left < 0.7 * first.size or len(first.lines) == 1
    for block in reversed(blocks):
        if block.kind in {BlockKind.PARAGRAPH, BlockKind.LIST_ITEM}:
            last = block.lines[-1]
            block.open_end = not _STOP.search(last.text) and right - last.right < 0.25 * (right - left)
            return
        if block.kind not in {BlockKind.NOTE, BlockKind.FURNITURE, BlockKind.CAPTION}:
            return


def _with_code(blocks: list[PageBlock], body: Body) -> list[PageBlock]:
    """Neighbours that are all in a typewriter's type, in a document that is not, as one block of code."""
    if body.monospaced:
        return blocks
    found: list[PageBlock] = []
    for block in blocks:
        typed = bool(block.lines) and all(line.monospaced for line in block.lines)
        if typed and block.kind not in {BlockKind.CAPTION, BlockKind.NOTE}:
            if found and found[-1].kind is BlockKind.CODE:
                found[-1].lines += block.lines
                continue
            block.kind = BlockKind.CODE
        found.append(block)
    return found


def code_text(lines: Sequence[Line]) -> str:
    """Lines of code with their indents."""
    left = min(line.left for line in lines)
    width = 0.6 * lines[0].size or 1.0
    return "\n".join(" " * min(40, round((line.left - left) / width)) + line.text for line in lines)
