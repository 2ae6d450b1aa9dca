"""RTF: the groups and control words of Word, WordPad and TextEdit, in whatever code page they are written."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field, replace

from brevity.common.errors import Rejected
from brevity.documents.budget import Budget
from brevity.documents.formats.rtf_words import (
    CODE_PAGES,
    DROPPED,
    ENDS,
    SIGNS,
    STARRED,
    SYMBOLS,
    TOKEN,
    known_code_page,
    whole,
)
from brevity.documents.model import BlockKind, Found, Part
from brevity.documents.titles import real_title

_HEADING = re.compile(r"(?i)heading (\d)|überschrift (\d)|titre (\d)|título (\d)")
_SYMBOL_CHARSET = 2
_DEEPEST = 2_000
_LONGEST_BOLD = 120


@dataclass(slots=True)
class _State:
    """What a group inherits from the one around it."""

    dropped: bool = False
    into: str = "text"
    code_page: str = ""
    skip: int = 1
    hidden: bool = False
    bold: bool = False
    symbols: bool = False


@dataclass(slots=True)
class _Paragraph:
    pieces: list[str] = field(default_factory=list[str])
    bold: int = 0
    length: int = 0


def read_rtf(data: bytes, budget: Budget) -> Found:
    """Paragraphs, headings, list items, tables and footnotes.

    Deleted and hidden text, page headers and footers, comments and field codes are left out.

    Raises:
        Rejected: `unreadable` for groups that nobody nests as deep.
    """
    reader = _Reader(budget)
    reader.read(data)
    return reader.found()


class _Reader:
    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._state = _State()
        self._stack: list[_State] = []
        self._pending = bytearray()
        self._skipping = 0
        self._main = "cp1252"
        self._fonts: dict[int, str | None] = {}
        self._font = 0
        self._styles: dict[int, str] = {}
        self._style = 0
        self._names: dict[str, list[str]] = {"title": [], "style": [], "note": []}
        self._parts: list[Part] = []
        self._notes: list[Part] = []
        self._paragraph = _Paragraph()
        self._cells: list[str] = []
        self._rows: list[str] = []
        self._current_style: int | None = None
        self._outline: int | None = None
        self._is_item = self._in_table = False
        self._dropped_words = 0

    def read(self, data: bytes) -> None:
        at, end = 0, len(data)
        opened = False
        while at < end:
            token = TOKEN.match(data, at)
            if token is None:
                at += 1
                continue
            at = token.end()
            word, number, code, symbol, brace, _, text = token.groups()
            if brace:
                self._flush()
                self._brace(brace)
                opened = brace == b"{"
                continue
            if word:
                name = word.decode("ascii")
                value = int(number) if number else None
                if name == "bin" and value and value > 0:
                    at += value
                else:
                    self._word(name, value, opened=opened)
            elif symbol == b"*" and opened:
                following = TOKEN.match(data, at)
                known = (
                    following is not None
                    and following[1] is not None
                    and following[1].decode("ascii") in STARRED
                )
                self._state.dropped = self._state.dropped or not known
                continue
            elif code:
                self._byte(int(code, 16))
            elif symbol in {b"\n", b"\r"}:
                self._word("par", None, opened=False)
            elif symbol:
                self._write(SYMBOLS.get(symbol, ""))
            elif text:
                self._text(text)
            opened = False
        self._flush()
        self._end_paragraph()
        self._end_table()

    def _brace(self, brace: bytes) -> None:
        if brace == b"{":
            if len(self._stack) >= _DEEPEST:
                raise Rejected(
                    "the RTF file nests its groups too deep",
                    code="unreadable",
                    remedy="Save it as DOCX and send that.",
                )
            self._stack.append(self._state)
            self._state = replace(self._state)
        elif self._stack:
            left, self._state = self._state, self._stack.pop()
            if left.into != self._state.into:
                self._leave(left.into)

    def _leave(self, into: str) -> None:
        """The end of a group whose text is collected apart."""
        if into == "note":
            text = "".join(self._names["note"])
            self._names["note"].clear()
            if text.strip():
                self._notes.append(Part(BlockKind.NOTE, self._budget.earn(text)))
        elif into == "style":
            self._styles[self._style] = "".join(self._names["style"]).strip(" ;")
            self._names["style"].clear()

    def _word(self, name: str, value: int | None, *, opened: bool) -> None:
        state = self._state
        if name == "u" and value is not None:
            self._flush()
            self._write(chr(value % 65_536))
            self._skipping = state.skip
            return
        self._flush()
        self._skipping = 0
        if opened and self._opens(name, value):
            return
        if name == "s" and state.into == "styles":
            self._style, state.into = value or 0, "style"
        elif name == "f":
            self._font = value or 0
            if state.into != "fonts":
                known = self._fonts.get(self._font, "")
                state.symbols = known is None
                state.code_page = known or self._main
        elif name == "fcharset" and state.into == "fonts":
            self._fonts[self._font] = (
                None if value == _SYMBOL_CHARSET else CODE_PAGES.get(value or 0, self._main)
            )
        elif name == "ansicpg" and value:
            self._main = known_code_page(f"cp{value}") or self._main
        elif name in {"mac", "pc", "pca"}:
            self._main = {"mac": "mac-roman", "pc": "cp437", "pca": "cp850"}[name]
        elif name == "uc":
            state.skip = min(10, max(0, value if value is not None else 1))
        elif name in {"v", "deleted"}:
            state.hidden = value != 0
        elif name == "b":
            state.bold = value != 0
        elif name == "plain":
            state.bold = state.hidden = False
        elif name == "pard":
            self._current_style = self._outline = None
            self._is_item = self._in_table = False
        elif name == "s" and not state.dropped:
            self._current_style = value
        elif name == "outlinelevel" and not state.dropped:
            self._outline = value
        elif name == "intbl" and not state.dropped:
            self._in_table = True
        elif name in {"ls", "pnlvlblt", "pnlvlbody"} and not state.dropped:
            self._is_item = True
        elif name in {"cell", "nestcell"} and not state.dropped:
            self._end_cell()
        elif name in {"row", "nestrow"} and not state.dropped:
            self._end_row()
        elif name in ENDS and not state.dropped:
            self._write("\n") if state.into != "text" else self._end_paragraph()
        elif name in SIGNS:
            self._write(SIGNS[name])

    def _opens(self, name: str, value: int | None) -> bool:
        """Whether a group's first word says where its text belongs."""
        state = self._state
        if name == "fonttbl":
            state.into, state.dropped = "fonts", True
        elif name == "stylesheet":
            state.into, state.dropped = "styles", False
        elif name == "info":
            state.into, state.dropped = "info", True
        elif name == "title" and state.into == "info":
            state.into, state.dropped = "title", False
        elif name == "footnote":
            state.into = "note"
        elif name in {"listtext", "pntext"}:
            self._is_item, state.dropped = True, True
        elif name == "f" and state.into == "fonts":
            return False
        elif state.into in {"styles", "style"} and name in {"s", "cs", "ds", "ts"}:
            if name == "s":
                self._style, state.into = value or 0, "style"
            else:
                state.dropped = True
        elif name in DROPPED:
            state.dropped = True
        else:
            return False
        return True

    def _text(self, data: bytes) -> None:
        if self._skipping:
            skipped = min(self._skipping, len(data))
            self._skipping -= skipped
            data = data[skipped:]
        self._pending += data

    def _byte(self, code: int) -> None:
        if self._skipping:
            self._skipping -= 1
        else:
            self._pending.append(code)

    def _flush(self) -> None:
        """Bytes that were met, in the code page of their font: some letters take two."""
        if not self._pending:
            return
        data, self._pending = bytes(self._pending), bytearray()
        if self._state.symbols and not data.isascii():
            return
        self._write(data.decode(self._state.code_page or self._main, "replace"))

    def _write(self, text: str) -> None:
        state = self._state
        if not text or state.dropped or state.hidden:
            if text and state.hidden and not state.dropped:
                self._dropped_words += len(text.split())
            return
        if state.into in self._names:
            self._names[state.into].append(text)
        elif state.into == "text":
            self._paragraph.pieces.append(text)
            self._paragraph.length += len(text)
            self._paragraph.bold += state.bold * len(text)

    def _take(self) -> tuple[str, bool]:
        paragraph, self._paragraph = self._paragraph, _Paragraph()
        text = whole("".join(paragraph.pieces))
        return text, paragraph.bold >= 0.95 * max(1, paragraph.length)

    def _end_paragraph(self) -> None:
        if self._in_table and (self._cells or self._rows or self._paragraph.pieces):
            self._paragraph.pieces.append(" ")
            return
        text, bold = self._take()
        self._end_table()
        if text.strip():
            self._parts.append(self._part(self._budget.earn(text), bold))

    def _part(self, text: str, bold: bool) -> Part:
        style = self._styles.get(self._current_style or 0, "") if self._current_style is not None else ""
        heading = _HEADING.match(style)
        if heading or (self._outline is not None and 0 <= self._outline < 9):
            level = int(next(filter(None, heading.groups()))) if heading else (self._outline or 0) + 1
            return Part(BlockKind.HEADING, text, min(6, level))
        if style.lower() in {"title", "subtitle"}:
            return Part(BlockKind.HEADING, text, 1 if style.lower() == "title" else 2)
        if style.lower().startswith("toc "):
            return Part(BlockKind.FURNITURE, text)
        if self._is_item:
            return Part(BlockKind.LIST_ITEM, text, 1)
        if bold and len(text) < _LONGEST_BOLD and text.strip()[-1] not in ".;,:" and "\t" not in text.strip():
            return Part(BlockKind.HEADING, text, 6)
        return Part(BlockKind.PARAGRAPH, text)

    def _end_cell(self) -> None:
        self._cells.append(" ".join(self._take()[0].split()))

    def _end_row(self) -> None:
        if any(self._cells):
            self._rows.append("\t".join(self._cells))
        self._cells = []

    def _end_table(self) -> None:
        self._end_row()
        if self._rows:
            alone = all("\t" not in row for row in self._rows)
            rows, self._rows = self._rows, []
            if alone:
                self._parts += [Part(BlockKind.PARAGRAPH, self._budget.earn(row)) for row in rows]
            else:
                self._parts.append(Part(BlockKind.TABLE, self._budget.earn("\n".join(rows))))

    def found(self) -> Found:
        title = real_title("".join(self._names["title"]))
        if title is None:
            first = (
                part.text for part in self._parts[:4] if part.kind is BlockKind.HEADING and part.level == 1
            )
            title = real_title(next(first, None))
        return Found(self._parts + self._notes, title, words_dropped=self._dropped_words)


def warm() -> None:
    """Load the code pages."""
    for name in (*CODE_PAGES.values(), "utf-8", "utf-16-le", "cp850", "cp1252"):
        codecs.lookup(name)
