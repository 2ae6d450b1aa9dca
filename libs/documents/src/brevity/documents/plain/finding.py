"""What each stretch of a plain text is: from its lines alone, in linear time."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

from brevity.documents.compact import MOST_BLOCKS
from brevity.documents.data_files import looks_like_code
from brevity.documents.model import Block, BlockKind
from brevity.documents.plain import marks
from brevity.documents.plain.lines import Line, Wrapping, chunk_width, chunks, ends_sentence
from brevity.nlp.words import count_words

_SAMPLE = 400
"""Chunks that tell how the text is wrapped."""
_LONGEST_HEADING = 90
_MOST_HEADING_WORDS = 14
_NO_HEADING_END = ".!?…。！？।۔؟;,，、；"
_LONGEST_SIGNATURE = 3_000
_LEAST_REPEATED_WORDS = 6
_QUOTED_SHARE = 0.8
_TABLE_LINES = 3
_FENCE = re.compile(r"(?:```|~~~)")


def find_blocks(text: str) -> Iterator[Block]:
    """Blocks of a normalised text, in order: every line with letters is in one. None where there are too many."""
    wrapping = Wrapping(list(islice(chunks(text), _SAMPLE)))
    blocks = list(islice(_blocks(text, wrapping), MOST_BLOCKS + 1))
    if len(blocks) > MOST_BLOCKS:
        return
    yield from _without_repeats(text, _without_references(text, _with_headings(text, blocks)))


def _blocks(text: str, wrapping: Wrapping) -> Iterator[Block]:
    all_quoted = _quoted_share(text) >= _QUOTED_SHARE
    within_code = ended = False
    for lines in chunks(text):
        if ended:
            yield _furniture(lines)
            continue
        if within_code or _FENCE.match(lines[0].text):
            fences = sum(bool(_FENCE.match(line.text)) for line in lines)
            within_code = within_code != bool(fences % 2)
            yield Block(BlockKind.CODE, lines[0].start, lines[-1].end)
            continue
        for part, kind in _split(lines, text):
            if kind is not None:
                ended |= kind == "end"
                yield _furniture(part) if kind in ("end", "furniture") else _of(part, BlockKind(kind))
            elif part[0].text.startswith(">") and all_quoted:
                yield _of(part, BlockKind.QUOTATION)
            elif part[0].text.startswith(">"):
                yield _furniture(part)
            else:
                yield from _prose(part, wrapping)


def _split(lines: list[Line], text: str) -> Iterator[tuple[list[Line], str | None]]:
    """Parts of a chunk that are of one sort: furniture, quoted lines, a signature (`end`: all that follows is one), else None."""
    part: list[Line] = []
    for number, line in enumerate(lines):
        if marks.FORWARDED.match(line.text) or (
            marks.SIGNATURE.match(line.text) and len(text) - line.end <= _LONGEST_SIGNATURE
        ):
            if part:
                yield part, None
            yield lines[number:], "end"
            return
        sort = _sort(line)
        if part and sort == "furniture" and len(line.text) < 3 and not line.text.isdigit():
            sort = _sort(part[0])  # a full stop alone at the end
            if not sort:
                part.append(line)
                continue
        if part and sort != _sort(part[0]):
            yield part, "furniture" if _sort(part[0]) == "furniture" else None
            part = []
        part.append(line)
    if part:
        yield part, "furniture" if _sort(part[0]) == "furniture" else None


def _sort(line: Line) -> str:
    bare = marks.RULE.match(line.text) or marks.PAGE.match(line.text) or marks.ADDRESS.match(line.text)
    return "furniture" if bare or not marks.has_letters(line.text) else ">" if line.text[0] == ">" else ""


def _prose(lines: list[Line], wrapping: Wrapping) -> Iterator[Block]:
    whole = " ".join(line.text for line in lines)[:4_000]
    if marks.WROTE.match(whole) or marks.DISCLAIMER.search(whole):
        yield _furniture(lines)
        return
    cited = marks.REFERENCES.match(lines[0].text)
    if (
        not cited
        and marks.PAPER.search("\n".join(line.text for line in lines[:6]))
        and count_words(whole) < 120
    ):
        yield _furniture(lines)
        return
    if len(lines) == 1 and marks.is_formula(lines[0].text):
        yield _of(lines, BlockKind.CODE)
        return
    if len(lines) >= _TABLE_LINES and _is_table(lines):
        yield _of(lines, BlockKind.TABLE)
        return
    if len(lines) > 1 and looks_like_code([line.text for line in lines]):
        yield _of(lines, BlockKind.CODE)
        return
    yield from _paragraphs(lines, wrapping)


def _paragraphs(lines: list[Line], wrapping: Wrapping) -> Iterator[Block]:
    """Paragraphs and list items: a new one where a line's end was meant, or a mark stands that belongs to a list."""
    width = chunk_width(lines)
    bullets = Counter(found["sign"] for line in lines if (found := marks.BULLET.match(line.text)))
    start, item = 0, False
    for number, line in enumerate(lines):
        if number:
            goes_on = wrapping.goes_on(lines[number - 1], line, width)
            bullet = marks.BULLET.match(line.text)
            listed = (bullet and (not goes_on or bullets[bullet["sign"]] > 1)) or (
                marks.NUMBER.match(line.text) and (not goes_on or item)
            )
            if not listed and (goes_on or (item and line.indent > lines[start].indent)):
                continue
            yield _paragraph(lines[start:number])
            start = number
        item = bool(marks.BULLET.match(line.text) or marks.NUMBER.match(line.text))
    yield _paragraph(lines[start:])


def _paragraph(lines: Sequence[Line]) -> Block:
    mark = marks.BULLET.match(lines[0].text) or marks.NUMBER.match(lines[0].text)
    if mark is None:
        return _of(lines, BlockKind.PARAGRAPH)
    return Block(BlockKind.LIST_ITEM, lines[0].start + mark.end(), lines[-1].end, 1 + lines[0].indent // 4)


def _with_headings(text: str, blocks: list[Block]) -> Iterator[Block]:
    """A short block without a stop before a longer one is a heading; so is what is underlined or stands in capitals alone."""
    for number, block in enumerate(blocks):
        if block.kind not in (BlockKind.PARAGRAPH, BlockKind.LIST_ITEM):
            yield block
            continue
        following = blocks[number + 1 : number + (3 if number else 9)]
        after = next((b for b in following if b.kind is not BlockKind.FURNITURE), None)
        if number == 0 and _stands_alone(text, block):  # a title, then names, then the text
            after = next((b for b in following if b.end - b.start >= 2 * (block.end - block.start)), after)
        if after is not None and _is_heading(text, block, after):
            yield replace(block, kind=BlockKind.HEADING, level=1 if number == 0 else 2)
        else:
            yield block


def _is_heading(text: str, block: Block, after: Block) -> bool:
    body = text[block.start : block.end]
    if len(body) > _LONGEST_HEADING or "\n" in body or body[-1] in _NO_HEADING_END or body[0].islower():
        return False
    if block.kind is BlockKind.LIST_ITEM and not _opens_section(text, block, after):
        return False
    words = body.split()
    if len(words) > _MOST_HEADING_WORDS or (body.endswith(":") and len(words) > 4):
        return False
    if (len(words) > 1 and words[-1].endswith(",")) or body.count(",") > 2:
        return False
    if body.isupper() and len(body) > 3 and _stands_alone(text, block):
        return True
    following = text[after.start : after.end]
    longer = len(following) >= 60 or (len(following) > len(body) and ends_sentence(following))
    return (
        longer
        and after.kind is not BlockKind.HEADING
        and (_stands_alone(text, block) or len(following) >= 2 * len(body))
    )


def _opens_section(text: str, block: Block, after: Block) -> bool:
    """Whether a numbered line is no item of a list."""
    if _stands_alone(text, block):
        return True
    line = text.rfind("\n", 0, block.start) + 1
    return text[line - 2 : line] in ("\n\n", "") and after.kind is BlockKind.PARAGRAPH


def _stands_alone(text: str, block: Block) -> bool:
    """With an empty line, or the text's end, on either side."""
    line = text.rfind("\n", 0, block.start) + 1
    return (line < 2 or text[line - 2] == "\n") and text[block.end : block.end + 2] in ("\n\n", "")


def _without_references(text: str, blocks: Iterator[Block]) -> Iterator[Block]:
    """The list of what a paper cites is notes."""
    within = False
    for block in blocks:
        body = text[block.start : block.end]
        if block.kind in (BlockKind.HEADING, BlockKind.PARAGRAPH) and marks.REFERENCES.match(body):
            within = True
        elif block.kind is BlockKind.HEADING:
            within = False
        elif within and block.kind in (BlockKind.PARAGRAPH, BlockKind.LIST_ITEM):
            block = replace(block, kind=BlockKind.NOTE)
        yield block


def _without_repeats(text: str, blocks: Iterator[Block]) -> Iterator[Block]:
    """What comes word for word a second time is furniture; what comes three times and more is each time, unless there is
    nothing else."""
    kept = list(blocks)
    times = Counter(hash(text[block.start : block.end]) for block in kept)
    if not kept or max(times.values()) < 2:
        yield from kept
        return
    seen: set[int] = set()
    others = any(many < 3 for many in times.values())
    for block in kept:
        body = text[block.start : block.end]
        key = hash(body)
        repeated = (times[key] > 2 and others) or key in seen
        if times[key] > 1 and repeated and len(body) > 30 and count_words(body) >= _LEAST_REPEATED_WORDS:
            block = replace(block, kind=BlockKind.FURNITURE, level=None)
        seen.add(key)
        yield block


def _is_table(lines: Sequence[Line]) -> bool:
    gaps = [len(marks.CELL_GAP.findall(line.text)) for line in lines]
    return sum(gap > 0 for gap in gaps) * 5 >= 4 * len(lines) and sum(gaps) >= len(lines)


def _quoted_share(text: str) -> float:
    quoted = text.count("\n>") + text.startswith(">")
    return quoted / (text.count("\n") + 1)


def _of(lines: Sequence[Line], kind: BlockKind) -> Block:
    return Block(kind, lines[0].start, lines[-1].end)


def _furniture(lines: Sequence[Line]) -> Block:
    return _of(lines, BlockKind.FURNITURE)
