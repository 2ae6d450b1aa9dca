"""Cleans what a chat model wrote: the summary without the talk around it."""

from __future__ import annotations

import re

from brevity.common.contracts.vocabulary import Style

_THOUGHT = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.DOTALL | re.IGNORECASE)
_TAG = re.compile(r"</?document-[0-9a-f]{16}>")
_FENCE = re.compile(r"\A```[\w-]*\n(.*?)\n?```\Z", re.DOTALL)
_WORDS = "summary summarize headline zusammenfassung überschrift résumé titre sammendrag resumen riassunto samenvatting resumo"
_PREAMBLE = re.compile(
    rf"\A(?:[*#\s]*)(?:[^\n:：]{{0,80}}\b)?(?:{'|'.join(_WORDS.split())})\b[^\n:：.!?]{{0,60}}[:：][*\s]*",
    re.IGNORECASE,
)
_BULLET = re.compile(r"^[ \t]*(?:[-*•‣◦–]|\d{1,2}[.)])[ \t]+")
_QUOTES = {'"': '"', "“": "”", "„": "“", "«": "»", "'": "'"}


def clean(text: str, style: Style) -> str:
    """The summary in `text`: without thoughts, tags, a fence, a preamble such as “Here is the summary:” or quotes.

    `bullets` come as lines that begin with “- ”, a `headline` as one line, a `paragraph` without marks of lists.
    """
    kept = _TAG.sub("", _THOUGHT.sub("", text)).strip()
    if fenced := _FENCE.match(kept):
        kept = fenced[1].strip()
    kept = _PREAMBLE.sub("", kept, count=1).strip()
    lines = [line.strip() for line in kept.splitlines()]
    if style == "bullets":
        return "\n".join("- " + _BULLET.sub("", line) for line in lines if line)
    if style == "headline":
        first = next((line for line in lines if line), "")
        return _unquoted(first.lstrip("#*- ").rstrip("* "))
    if sum(1 for line in lines if _BULLET.match(line)) > 1:
        lines = [_BULLET.sub("", line) for line in lines]
    return _unquoted("\n".join(lines))


def _unquoted(text: str) -> str:
    if len(text) > 2 and _QUOTES.get(text[0]) == text[-1] and text.count(text[0]) + text.count(text[-1]) <= 4:
        inner = text[1:-1]
        if text[0] not in inner and text[-1] not in inner:
            return inner.strip()
    return text
