"""One form for equal texts, and the refusal of what is not prose. Linear time."""

from __future__ import annotations

import re
import unicodedata

from brevity.common.errors import Rejected

_DROPPED = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x84\x86-\x9f\ufeff\ufffe\uffff\ud800-\udfff]")
_BREAKS = re.compile("\r\n|[\r\x0c\x85\u2028]")
_RUNS = re.compile(r"\n{3,}")
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_LONGEST_WORD = 1_000
_SAMPLE = 20_000


def normalise(text: str) -> str:
    """NFC, `\\n` line ends, no control characters, no trailing blanks, at most one empty line in a row."""
    text = _BREAKS.sub("\n", text).replace("\u2029", "\n\n")
    text = unicodedata.normalize("NFC", _DROPPED.sub("", text))
    return _RUNS.sub("\n\n", "\n".join(line.rstrip() for line in text.split("\n"))).strip()


def check_prose(text: str) -> None:
    """Raises Rejected `no_text` for an empty text, `not_prose` for one that no person wrote as sentences."""
    if not text:
        raise Rejected(
            "the document holds no text",
            code="no_text",
            remedy="Send a document with text; a scanned page needs text recognition first.",
        )
    sample = text[:_SAMPLE]
    letters = sum(character.isalpha() or unicodedata.category(character)[0] == "M" for character in sample)
    if not letters:
        raise Rejected("the document holds no letters", code="no_text", remedy="Send a document with words.")
    if letters * 5 < sum(not character.isspace() for character in sample):
        raise _not_prose("less than a fifth of it is letters")
    longest = max(map(len, text.split()))
    if longest > _LONGEST_WORD and len(_UNSPACED.findall(sample)) * 4 < letters:
        raise _not_prose(f"it holds a word of {longest:,} characters")


def _not_prose(why: str) -> Rejected:
    return Rejected(
        f"the document is not running text: {why}",
        code="not_prose",
        remedy="Send running text; encoded or generated data cannot be summarized.",
    )
