"""Titles that files give themselves: those that a person wrote, not those that a program left."""

from __future__ import annotations

import re

_JUNK = re.compile(
    r"""(?ix) ^ (?:
      (?:untitled|unbenannt|sans\ titre|sin\ t[ií]tulo|без\ названия|no\ title|unknown|unspecified|anonymous|none|null|title)\W*\d*
    | (?:microsoft\ (?:word|powerpoint|excel|office)|powerpoint[- ]pr[eäé]sentation|word\ document|document\ word)\b .*
    | (?:document|dokument|slide|page|layout|print|presentation|template|main|paper|manuscript|draft|book|sheet|folie)\W*\d*
    | \S+\.(?:docx?|dotx?|pdf|tex|dvi|html?|mhtml?|pptx?|indd|qxd|xlsx?|rtf|odt|odp|p65|fm|txt|md|ps|eps|ai|wpd|pages|epub|xml)
    | .*[\\/][^\\/]+\.\w{2,5}
    | .*(?:<%|\{\{|\$\{).* | https?:.* | file:.* | \W* | about:blank
    ) $""",
)
_LONGEST = 300


def real_title(title: str | None) -> str | None:
    """`title` in one line, or None where it says nothing of the document: empty, a file's name, a program's default."""
    line = " ".join((title or "").replace("\x00", "").split())
    if not line or len(line) > _LONGEST or not any(character.isalpha() for character in line):
        return None
    if "\ufffd" in line or _JUNK.match(line):
        return None
    if " " not in line and ("_" in line or sum(character.isdigit() for character in line) > 3):
        return None
    return line
