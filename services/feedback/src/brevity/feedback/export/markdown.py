"""Markdown (CommonMark with tables and footnotes), in which no content can become markup."""

from __future__ import annotations

import re

from brevity.feedback.export.view import Citation, View, place_label, support_label

_SPECIAL = re.compile(r"[\\`*_\[\]|~$^@{}!]")
# Only at the start of a line do these open a heading, list, quotation, definition or underline.
_OPENER = re.compile(r"^(\s*)([#+=:%-])")
_NUMBERED = re.compile(r"^(\s*\d+)([.)])(?=\s|$)")
# Bare addresses that some readers turn into links by themselves.
_SCHEME = re.compile(r"(?i)\b(https?|ftp|mailto|xmpp|javascript):")
_WWW = re.compile(r"(?i)\bwww\.")


def escape(text: str) -> str:
    """One line of text as Markdown that reads as exactly this text."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = _SPECIAL.sub(r"\\\g<0>", text)
    text = _OPENER.sub(r"\1\\\2", text)
    text = _NUMBERED.sub(r"\1\\\2", text)
    return _WWW.sub(lambda m: m.group()[:-1] + "\\.", _SCHEME.sub(r"\1\\:", text))


def to_markdown(views: list[View], title: str) -> str:
    """The views as one document; a selection gets a title of its own and a heading for each."""
    single = len(views) == 1
    blocks = [] if single else [f"# {escape(title)}"]
    for index, one in enumerate(views, 1):
        blocks += _blocks(one, "#" if single else "##", "" if single else f"{index}-")
    return "\n\n".join(blocks) + "\n"


def _blocks(one: View, level: str, prefix: str) -> list[str]:
    rows = [f"| {escape(name)} | {escape(value)} |" for name, value in one.facts]
    blocks = [f"{level} {escape(one.title)}", "\n".join(["| | |", "|---|---|", *rows])]
    if one.review:
        blocks.append(f"*{escape(one.review)}*")
    if one.warnings:
        blocks.append(f"{level}# Warnings")
        blocks.append("\n".join(f"- {escape(warning)}" for warning in one.warnings))
    if one.edited:
        blocks.append(f"{level}# Summary as corrected by the reviewer")
        blocks += [escape(paragraph) for paragraph in one.edited]
    blocks.append(f"{level}# {'Summary as generated' if one.edited else 'Summary'}")
    lines = [
        "".join(
            (" " if p.apart else "") + escape(p.text) + (f"[^{prefix}{p.citation}]" if p.citation else "")
            for p in paragraph
        )
        for paragraph in one.paragraphs
    ]
    blocks += ["\n".join(f"- {line}" for line in lines)] if one.bullets else lines
    return blocks + [_footnote(citation, prefix) for citation in one.citations]


def _footnote(citation: Citation, prefix: str) -> str:
    parts = [support_label(citation).capitalize()]
    for excerpt in citation.excerpts:
        quote = f": “{escape(excerpt.text)}”" if excerpt.text else ""
        parts.append(place_label(excerpt) + quote)
    if citation.left_out:
        parts.append(f"and {citation.left_out} more")
    return f"[^{prefix}{citation.number}]: " + "; ".join(parts) + "."
