"""How fast each format is read and what it takes at most, beside the library below it that only gives the characters.

Processor time and memory of a process of its own for each file; the files are written here. `python -m bench.reading_speed`,
and at the end of `make bench-reading`.
"""

from __future__ import annotations

import importlib
import io
import math
import multiprocessing
import time
import zipfile
from collections.abc import Callable
from typing import Any, NamedTuple

from tests.support.memory import forget_peak, peak_bytes
from tests.unit.documents.pdf_files import column, pdf_of

from bench.report import QUICK, show
from brevity.documents.budget import Budget

_SENTENCE = (
    "The council of the town has decided to close the old bridge over the river before the winter of {}. "
)
_MIB = 1 << 20
_PAGES = 50 if QUICK else 200
_PARAGRAPHS = 2_000 if QUICK else 20_000
_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


class Cost(NamedTuple):
    """Of one file: bytes, characters found, seconds and MB over idle, and the seconds of the library below."""

    name: str
    size: int
    characters: int
    seconds: float
    megabytes: float
    bare_seconds: float


def _sentences(number: int, times: int) -> str:
    return "".join(_SENTENCE.format(1_900 + number + at) for at in range(times))


def _pdf() -> bytes:
    text = "\n".join(_SENTENCE.format(1_931) for _ in range(45))
    return pdf_of([column(40, 780, text, size=9) for _ in range(_PAGES)])


def _zipped(parts: dict[str, str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
        archive.writestr("media/noise", bytes(range(256)) * 20, zipfile.ZIP_STORED)
    return out.getvalue()


def _docx() -> bytes:
    lines = (f"<w:p><w:r><w:t>{_sentences(n, 4)}</w:t></w:r></w:p>" for n in range(_PARAGRAPHS))
    return _zipped(
        {"word/document.xml": f'<w:document xmlns:w="{_W}"><w:body>{"".join(lines)}</w:body></w:document>'}
    )


def _odt() -> bytes:
    lines = (f"<t:p>{_sentences(n, 4)}</t:p>" for n in range(_PARAGRAPHS))
    return _zipped({"content.xml": f'<o:d xmlns:o="o" xmlns:t="t"><o:text>{"".join(lines)}</o:text></o:d>'})


def _epub() -> bytes:
    chapters = range(20)
    items = "".join(f'<item id="c{n}" href="c{n}.x" media-type="text/html"/>' for n in chapters)
    spine = "".join(f'<itemref idref="c{n}"/>' for n in chapters)
    body = "".join(f"<p>{_sentences(n, 4)}</p>" for n in range(_PARAGRAPHS // 20))
    return _zipped(
        {
            "a.opf": f"<p>{items}{spine}</p>",
            **{f"c{n}.x": f"<html><body>{body}</body></html>" for n in chapters},
        }
    )


def _rtf() -> bytes:
    lines = (_sentences(n, 4) + r"\par " for n in range(_PARAGRAPHS))
    return (r"{\rtf1\ansi\ansicpg1252 " + "".join(lines) + "}").encode()


def _bare_pdf(data: bytes) -> None:
    document: Any = importlib.import_module("pypdfium2").PdfDocument(data)
    for page in document:
        page.get_textpage().get_text_bounded()


def _bare_zip(data: bytes) -> None:
    etree: Any = importlib.import_module("lxml.etree")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in archive.namelist():
            if name.endswith((".xml", ".x")):
                "".join(etree.fromstring(archive.read(name)).itertext())


def _bare_bytes(data: bytes) -> None:
    data.decode("cp1252")


_FORMATS: dict[str, tuple[Callable[[], bytes], Callable[[bytes], None], str]] = {
    "pdf": (_pdf, _bare_pdf, "pypdfium2"),
    "docx": (_docx, _bare_zip, "lxml"),
    "odt": (_odt, _bare_zip, "lxml"),
    "epub": (_epub, _bare_zip, "lxml"),
    "rtf": (_rtf, _bare_bytes, "decoding"),
}


def costs() -> list[Cost]:
    context = multiprocessing.get_context("spawn")
    found: list[Cost] = []
    for name, (make, bare, _) in _FORMATS.items():
        data = make()
        with context.Pool(1) as pool:
            bare_seconds = pool.apply(_seconds, (bare, data))
        with context.Pool(1) as pool:
            found.append(pool.apply(_measure, (name, data, bare_seconds)))
    return found


def _seconds(bare: Callable[[bytes], None], data: bytes) -> float:
    bare(data)
    begun = time.process_time()
    bare(data)
    return time.process_time() - begun


def _measure(name: str, data: bytes, bare_seconds: float) -> Cost:
    module: Any = importlib.import_module(f"brevity.documents.formats.{name}")
    module.warm()
    forget_peak()
    before = peak_bytes()
    begun = time.process_time()
    found = getattr(module, f"read_{name}")(data, Budget("", math.inf, 1 << 30, 0))
    seconds = time.process_time() - begun
    grown = (peak_bytes() - before) / _MIB
    return Cost(name, len(data), sum(len(part.text) for part in found.parts), seconds, grown, bare_seconds)


def show_costs() -> None:
    """The table."""
    rows = [
        (
            cost.name,
            cost.characters / _MIB,
            cost.characters / _MIB / cost.seconds,
            cost.megabytes,
            f"{_FORMATS[cost.name][2]}: {cost.seconds / max(cost.bare_seconds, 1e-6):.0f} times its time",
        )
        for cost in costs()
    ]
    show(
        "Speed of reading",
        ("format", "million characters", "million a second", "MB over idle", "beside"),
        rows,
    )


if __name__ == "__main__":
    show_costs()
