"""Data that comes as plain text: tables, JSON, XML, logs and source code, told from running text by their lines."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from brevity.common.errors import Rejected

_SAMPLE = 32_768
_FEWEST_LINES = 5
_OBJECT = re.compile(r"\s*(?:\[\s*)?\{\s*\"[^\"\n]{0,200}\"\s*:\s*[\[{\"\d\-tfn]")
_ARRAY = re.compile(r"\s*\[\s*(?:\[|\"[^\"\n]{0,200}\"\s*[,\]]|-?\d+(?:\.\d+)?\s*[,\]])")
_XML = re.compile(
    r"\s*<\?xml\b|\s*<(?P<tag>[A-Za-z][\w.:-]{0,80})(?:\s[^<>]{0,2000})?>[\s\S]*</(?P=tag)>\s*\Z"
)
_STAMP = re.compile(
    r"\[?(?:\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d|\d\d/\w{3}/\d{4}:\d\d|[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d"
    r"|\d{1,3}(?:\.\d{1,3}){3} [\w-]+ [\w-]+ \[)"
)
_LEVEL = re.compile(
    r"\b(?:INFO|DEBUG|WARN(?:ING)?|ERROR|TRACE|FATAL|CRITICAL|NOTICE)\b|\[\w[\w-]*\]|\b\w+\[\d+\]:|\" \d{3} \d+"
)
_CODE = re.compile(
    r"[=(){}\[\]<>].*;\s*$|[{}]\s*$|^\s*(?:if|elif|for|while|with|else|try|except|finally)\b.*:\s*$"
    r"|^\s*(?:def|class|import|from \S+ import|return|public|private|static|function|const|let|var|#include|package|using"
    r"|namespace|fn|func|end)\b|^\s*@\w|^\s*(?://|#!|/\*|\*/)|^\s*\w[\w.\[\]]*(?:: [\w\[\], .|]+)? = "
    r"|^\s*\w[\w.]*\(.*\)\s*$|^\s*[\])}]+,?\s*$"
)
_TEX = re.compile(r"\s*(?:%[^\n]*\n\s*)*\\documentclass\b")


def data_name(text: str) -> str | None:
    """What `text` is when it is no running text: `CSV data`, `a log`, ... Linear in a bounded sample."""
    if _OBJECT.match(text, 0, 4_000) or (_ARRAY.match(text, 0, 4_000) and text.endswith("]")):
        return "JSON data"
    sample = text[:_SAMPLE]
    if _XML.match(sample if len(text) <= _SAMPLE else sample[:200]):
        return "XML data"
    if _TEX.match(sample):
        return "LaTeX source"
    lines = [line for line in sample.split("\n") if line.strip()]
    if len(text) > _SAMPLE:
        lines = lines[:-1]
    if len(lines) < _FEWEST_LINES:
        return None
    if sum(bool(_STAMP.match(line) and _LEVEL.search(line)) for line in lines) * 5 >= 4 * len(lines):
        return "a log"
    if _is_table(lines):
        return "CSV data"
    return "source code" if looks_like_code(lines) else None


def looks_like_code(lines: Sequence[str]) -> bool:
    """Whether most of `lines` are of a program."""
    return sum(bool(_CODE.search(line)) for line in lines) * 2 > len(lines)


def _is_table(lines: list[str]) -> bool:
    """Most lines have as many cells, and the cells are short: prose with commas has other numbers in each line."""
    for mark in ("\t", ";", "|", ","):
        counts = Counter(line.count(mark) for line in lines)
        cells, many = counts.most_common(1)[0]
        if cells < (1 if mark in "\t;|" else 2) or many * 10 < 9 * len(lines):
            continue
        found = [cell for line in lines for cell in line.split(mark)]
        spaced = sum(cell.startswith(" ") or not cell for cell in found)
        numbers = sum(cell.strip().replace(".", "").isdigit() for cell in found)
        if 4 * spaced > len(found) and 4 * numbers < len(found):
            continue  # a list or a verse: people set a blank after a comma
        if sum(len(cell.split()) for cell in found) <= 4 * len(found):
            return True
    return False


def check_running_text(text: str) -> None:
    """Raises Rejected `unsupported_type` for data, by its name."""
    name = data_name(text)
    if name is not None:
        raise Rejected(
            f"the file is {name}, not running text",
            code="unsupported_type",
            remedy="Send what is to be summarized as text; data and source code cannot be.",
        )
