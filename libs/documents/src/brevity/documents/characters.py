"""Characters out of bytes: by mark, by what was declared, as UTF-8, or by what the bytes look like.

What cannot be told with confidence is read with a warning, or refused: never a wrong text without a sign.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field

from brevity.common.errors import Rejected
from brevity.documents.encodings import charset_of_markup, encoding_named
from brevity.documents.guessing import guess, likely
from brevity.documents.model import Warned

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE = 65_536
_MOST_BROKEN = 0.02
"""Share of the characters beyond ASCII that may be broken in a text that is taken for what it says it is."""
_MOST_BROKEN_UTF8 = 0.1
"""The same of UTF-8, whose characters beyond ASCII are hardly ever there by accident."""
_TWICE = re.compile(
    "[\u00c2-\u00c3][\u0080-\u00bf]|\u00e2\u20ac[^\\w\\s]|[\u00d0\u00d1][\u0080-\u00bf\u2018-\u203a]"
)
"""UTF-8 that somebody read as Windows-1252 and saved: `Ã¼` for `ü`."""
_LEAST_TWICE = 3
_SAVE = "Save the file as UTF-8 and send it again, or name its encoding: text/plain; charset=windows-1251."


@dataclass(frozen=True, slots=True)
class Decoded:
    """A text, the encoding it was read in (Python's name), and what is doubtful about it."""

    text: str
    encoding: str
    warnings: list[Warned] = field(default_factory=list[Warned])


def decode(data: bytes, charset: str | None = None, *, markup: bool = False) -> Decoded:
    """Characters of `data`. Linear time.

    Args:
        charset: What whoever sent it named. It counts before what the file says itself, unless it cannot be true.
        markup: Whether the file may name its encoding, as HTML and XML do.

    Raises:
        Rejected: `binary`: no text at all; `not_utf8`: its encoding cannot be told.
    """
    marked = _by_mark(data)
    if marked is not None:
        return marked
    if _is_binary(data):
        unmarked = _unmarked_utf16(data)
        if unmarked is None:
            raise _binary()
        return unmarked
    if b"\x1b$" in data or b"\x1b(" in data:
        text = _strict(data, "iso2022_jp_2")
        if text is not None:
            return Decoded(text, "iso2022_jp_2")
    text = _utf8(data)
    if text is not None:
        return Decoded(text, "utf-8", _doubts(text))
    labels = (charset, charset_of_markup(data) if markup else None)
    declared = list(dict.fromkeys(name for label in labels if (name := encoding_named(label))))
    return _declared(data, declared) or _mostly(data, "utf-8") or _unmarked_utf16(data) or _guessed(data)


def of_string(text: str) -> Decoded:
    """A text that came as characters, with what is doubtful about it."""
    return Decoded(text, "utf-8", _doubts(text))


def _by_mark(data: bytes) -> Decoded | None:
    for mark, name in _BOMS:
        if data.startswith(mark):
            text = _strict(data, name)
            if text is not None:
                return Decoded(text, name)
            mended = _mostly(data, name)
            if mended is None:
                raise _refuse(f"begins as {name} but is broken further on")
            return mended
    return None


def _strict(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return None


def _utf8(data: bytes) -> str | None:
    """Also when the last character is cut off: the file was."""
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(data)
    except UnicodeDecodeError:
        return None


def _mostly(data: bytes, encoding: str) -> Decoded | None:
    """Read with a warning where few characters are broken."""
    text = data.decode(encoding, "replace")
    broken = text.count("\ufffd")
    most = _MOST_BROKEN_UTF8 if encoding.startswith("utf-8") else _MOST_BROKEN
    if broken > most * sum(map(len, re.findall("[^\x00-\x7f]+", text))):
        return None
    return Decoded(text, encoding, [_doubtful(f"{broken} characters are broken in {encoding}")])


def _declared(data: bytes, encodings: list[str]) -> Decoded | None:
    for encoding in encodings:
        text = _strict(data, encoding)
        if text is None:
            continue
        if likely(_sample_of(text)):
            return Decoded(text, encoding, _doubts(text))
        other = guess(data)
        read = _strict(data, other.encoding) if other is not None and other.sure else None
        if other is None or read is None or read == text:
            return Decoded(text, encoding)
        warning = _doubtful(f"it was declared as {encoding} and looks like {other.encoding}")
        return Decoded(read, other.encoding, [warning])
    return next((found for encoding in encodings if (found := _mostly(data, encoding))), None)


def _guessed(data: bytes) -> Decoded:
    found = guess(data)
    if found is None:
        raise _refuse("is in an encoding that cannot be told")
    text = _strict(data, found.encoding)
    if text is None:
        mended = _mostly(data, found.encoding)
        if mended is None:
            raise _refuse("is in more than one encoding")
        return mended
    doubts = [] if found.sure else [_doubtful(f"it was read as {found.encoding}, which is a guess")]
    return Decoded(text, found.encoding, doubts)


def _unmarked_utf16(data: bytes) -> Decoded | None:
    """Read with its bytes in the wrong order, or where it is none, a text looks like no language."""
    for encoding in ("utf-16-le", "utf-16-be"):
        try:
            text = codecs.getincrementaldecoder(encoding)().decode(data)
        except UnicodeDecodeError:
            continue
        beginning = text[: _SAMPLE // 2]
        controls = sum(character < " " and character not in "\t\n\r\x0c" for character in beginning)
        if not controls and likely(_sample_of(text)):
            return Decoded(text, encoding)
    return None


def _is_binary(data: bytes) -> bool:
    sample = data[:_SAMPLE]
    controls = sum(byte < 9 or 13 < byte < 27 or 28 <= byte < 32 for byte in sample)
    return b"\x00" in sample or controls * 50 > max(len(sample), 1)


def _doubts(text: str) -> list[Warned]:
    """Of characters that decoded well and yet cannot be what was written."""
    sample = _sample_of(text)
    broken = sample.count("\ufffd")
    if broken > 2 and broken > _MOST_BROKEN * len(sample) / 10:
        return [_doubtful("it holds characters that were broken before it came here")]
    twice = len(_TWICE.findall(sample))
    if twice >= _LEAST_TWICE and 4 * twice > sum(character > "\x7f" for character in sample):
        return [_doubtful("it was read in a wrong encoding before it came here: Ã¼ stands for ü")]
    return []


def _sample_of(text: str) -> str:
    """Lines that are not all ASCII, as many as are enough."""
    if text.isascii():
        return ""
    found = re.search("[^\x00-\x7f]", text)
    start = max(0, found.start() - 200) if found else 0
    return text[start : start + 16_384]


def _doubtful(why: str) -> Warned:
    return Warned("characters_doubtful", f"The file's characters may be wrong: {why}.")


def _refuse(why: str) -> Rejected:
    return Rejected(f"the text {why}", code="not_utf8", remedy=_SAVE)


def _binary() -> Rejected:
    return Rejected(
        "the file holds binary data, not text",
        code="binary",
        remedy="Send a document of text; docs/reading.md names the formats that are read.",
    )
