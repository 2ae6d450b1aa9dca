"""PDF through Typst: shaped, bidirectional, tagged for screen readers (PDF/UA-1), no markup in content possible.

Contents travel as JSON beside the template and are placed as strings, which Typst never parses.
"""

from __future__ import annotations

import json
from collections import Counter
from functools import lru_cache
from importlib.resources import files
from typing import Any

import typst

from brevity.common.errors import Rejected
from brevity.feedback.export.fonts import REPLACEMENT, SCALES, families, printable, typeset_fonts
from brevity.feedback.export.languages import parse
from brevity.feedback.export.text import breakable, is_rtl
from brevity.feedback.export.view import Citation, View, place_label, support_label


def to_pdf(views: list[View], title: str) -> tuple[bytes, tuple[str, ...]]:
    """The file, and what it could not show. Raises Rejected (`not_printable`) rather than print a silent box."""
    setter = _Setter()
    summaries = [_summary(one, setter) for one in views]
    languages = {one.summary_language for one in views}
    document: dict[str, Any] = {
        "title": setter.run(title, "en" if len(views) > 1 else views[0].language),
        "lang": parse(languages.pop()).primary if len(languages) == 1 else "en",
        "summaries": summaries,
    }
    warnings = setter.warnings()
    document["notices"] = [setter.run(warning, "en") for warning in warnings]
    try:
        data = typst.compile(
            _template(),
            font_paths=typeset_fonts(),
            ignore_system_fonts=True,
            sys_inputs={"document": json.dumps(document, ensure_ascii=False)},
            format="pdf",
            pdf_standards="ua-1",
        )
    except typst.TypstError as error:
        raise Rejected(
            "A text of the selection holds a combination of characters that no font here can print.",
            code="not_printable",
            remedy="Export it as Word or Markdown.",
        ) from error
    return data, warnings


@lru_cache(maxsize=1)
def _template() -> bytes:
    return files("brevity.feedback.export").joinpath("summary.typ").read_bytes()


class _Setter:
    """Makes runs of text for the template and remembers what could not be shown."""

    def __init__(self) -> None:
        self.missing: Counter[str] = Counter()

    def run(self, text: str, language: str) -> dict[str, Any]:
        shown = breakable(printable(text, self.missing))
        tag = parse(language)
        fonts = families(shown, language)
        return {
            "text": shown,
            "lang": tag.primary,
            "region": tag.region,
            "rtl": is_rtl(text),
            "fonts": fonts,
            "scale": SCALES.get(fonts[0], 1),
        }

    def warnings(self) -> tuple[str, ...]:
        if not self.missing:
            return ()
        scripts = ", ".join(f"{script} ({count:,})" for script, count in sorted(self.missing.items()))
        return (
            f"No font for these characters, shown as {REPLACEMENT}: {scripts}."
            " The Word and Markdown exports hold them.",
        )


def _summary(one: View, setter: _Setter) -> dict[str, Any]:
    language, own = one.language, one.summary_language
    return {
        "title": setter.run(one.title, language),
        "facts": [[name, setter.run(value, "en")] for name, value in one.facts],
        "review": setter.run(one.review, "en") if one.review else None,
        "warnings": [setter.run(warning, "en") for warning in one.warnings],
        "edited": [setter.run(paragraph, own) for paragraph in one.edited],
        "bullets": one.bullets,
        "paragraphs": [
            {
                "rtl": is_rtl(" ".join(piece.text for piece in paragraph)),
                "pieces": [
                    {"run": setter.run(p.text, own), "citation": p.citation, "apart": p.apart}
                    for p in paragraph
                ],
            }
            for paragraph in one.paragraphs
        ],
        "citations": [_citation(citation, language, setter) for citation in one.citations],
    }


def _citation(citation: Citation, language: str, setter: _Setter) -> dict[str, Any]:
    return {
        "number": citation.number,
        "support": support_label(citation).capitalize(),
        "excerpts": [
            {"place": place_label(e), "run": setter.run(e.text, language) if e.text else None}
            for e in citation.excerpts
        ],
        "left_out": citation.left_out,
    }
