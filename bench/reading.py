"""How well the main text of web pages is read, beside the libraries that people use for it.

Precision, recall and F1 of a page's main text are those of its runs of four words, as in the public benchmarks of this task.
The repository holds a few pages written for it. Give folders with others as arguments of `python -m bench.reading`, or in
READING_PAGES, apart by colons: `NAME/source.html` beside `NAME/expected.html` (the test pages of Readability), or
`ground-truth.json` with `html/NAME.html.gz` (the article extraction benchmark of Scrapinghub). Peers that are not installed
are left out: `resiliparse`, `readability-lxml`.
"""

from __future__ import annotations

import gzip
import importlib
import json
import os
import re
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import trafilatura

from bench.reading_speed import show_costs
from bench.report import QUICK, finish, show
from brevity.documents.budget import Budget
from brevity.documents.building import build
from brevity.documents.formats.html import read_html

_OWN = Path(__file__).parent / "pages"
_GRAM = 4
_QUICK_PAGES = 40
_WORD = re.compile(r"\w+")
_TEASER_WORDS = 150
_TEASER_SHARE = 0.3

Reader = Callable[[bytes], str]


class Page(NamedTuple):
    name: str
    source: bytes
    text: str


class Score(NamedTuple):
    """Of one page, each from 0 to 1."""

    precision: float
    recall: float
    f1: float


def pages(folder: Path) -> Iterator[Page]:
    """The pages of a folder in one of the three forms."""
    truths = folder / "ground-truth.json"
    if truths.exists():
        for name, truth in json.loads(truths.read_text("utf-8")).items():
            source = gzip.decompress((folder / "html" / f"{name}.html.gz").read_bytes())
            yield Page(name, source, truth["articleBody"])
        return
    for path in sorted(folder.glob("*/source.html")):
        expected = (path.parent / "expected.html").read_bytes()
        yield Page(path.parent.name, path.read_bytes(), _text_of(expected))
    for path in sorted(folder.glob("*.html")):
        yield Page(path.stem, path.read_bytes(), path.with_suffix(".txt").read_text("utf-8"))


def _text_of(source: bytes) -> str:
    """All words of a page that holds nothing but the text that is expected."""
    import lxml.html  # pyright: ignore

    root: Any = lxml.html.fromstring(source.decode("utf-8"))
    for element in root.iter():
        if element.tag not in (
            "a",
            "b",
            "i",
            "em",
            "strong",
            "span",
            "code",
            "sup",
            "sub",
            "small",
            "u",
            "font",
        ):
            element.tail = f" {element.tail or ''}"
    return str(root.text_content())


def score(truth: str, text: str) -> Score:
    """Of the runs of four words in `text`, against those in `truth`."""
    expected, found = _grams(truth), _grams(text)
    shared = (expected & found).total()
    if not expected and not found:
        return Score(1.0, 1.0, 1.0)
    precision = shared / found.total() if found else 0.0
    recall = shared / expected.total() if expected else 0.0
    return Score(precision, recall, 2 * precision * recall / (precision + recall) if shared else 0.0)


def _grams(text: str) -> Counter[tuple[str, ...]]:
    words = _WORD.findall(text)
    return (
        Counter(tuple(words[at : at + _GRAM]) for at in range(max(1, len(words) - _GRAM + 1)))
        if words
        else Counter()
    )


def brevity(source: bytes) -> str:
    """All that the reader keeps, headline and captions among it."""
    return build(read_html(source, Budget.idle()), "html").text


def peers() -> dict[str, Reader]:
    """Those that are installed."""
    found: dict[str, Reader] = {
        "trafilatura": lambda source: trafilatura.extract(source, include_comments=False) or "",
        "trafilatura, precision": lambda source: (
            trafilatura.extract(source, include_comments=False, favor_precision=True) or ""
        ),
    }
    try:
        extract = importlib.import_module("resiliparse.extract.html2text").extract_plain_text
        found["resiliparse"] = lambda source: extract(source.decode("utf-8", "replace"), main_content=True)
    except ImportError:
        pass
    try:
        document = importlib.import_module("readability").Document
        found["readability-lxml"] = lambda source: _text_of(
            document(source.decode("utf-8", "replace")).summary().encode()
        )
    except ImportError:
        pass
    return found


class Outcome(NamedTuple):
    """Of one reader on all pages: means; of the worst tenth by F1; teasers: pages that lost most of their text."""

    f1: float
    precision: float
    recall: float
    worst_tenth: float
    teasers: int
    pages_a_second: float


def outcome(reader: Reader, given: Sequence[Page]) -> Outcome:
    scores: list[Score] = []
    teasers = 0
    before = time.process_time()
    texts = [_read(reader, page) for page in given]
    seconds = time.process_time() - before
    for page, text in zip(given, texts, strict=True):
        one = score(page.text, text)
        scores.append(one)
        teasers += len(_WORD.findall(page.text)) >= _TEASER_WORDS and one.recall < _TEASER_SHARE
    precision = statistics.mean(one.precision for one in scores)
    recall = statistics.mean(one.recall for one in scores)
    worst = sorted(one.f1 for one in scores)[: max(1, len(scores) // 10)]
    return Outcome(
        2 * precision * recall / max(precision + recall, 1e-9),
        precision,
        recall,
        statistics.mean(worst),
        teasers,
        len(given) / max(seconds, 1e-9),
    )


def _read(reader: Reader, page: Page) -> str:
    try:
        return reader(page.source)
    except Exception as error:  # noqa: BLE001 - a peer's failure is its result on this page
        print(f"{page.name}: {type(error).__name__}", file=sys.stderr)
        return ""


def main() -> None:
    given = [*sys.argv[1:], *filter(None, os.environ.get("READING_PAGES", "").split(":"))]
    ratios: dict[str, float] = {}
    for folder in (_OWN, *map(Path, given)):
        found = list(pages(folder))
        if QUICK:
            found = found[:_QUICK_PAGES]
        if not found:
            raise SystemExit(f"{folder} holds no pages in a form that `pydoc bench.reading` names")
        outcomes = {name: outcome(reader, found) for name, reader in {"brevity": brevity, **peers()}.items()}
        show(
            f"Main text of {len(found)} pages in {folder.name}",
            ("reader", "F1", "precision", "recall", "worst tenth", "teasers", "pages/s"),
            [(name, *one) for name, one in outcomes.items()],
        )
        ours = outcomes.pop("brevity")
        label = "own" if folder == _OWN else re.sub(r"\W+", "_", folder.name)
        ratios |= {
            f"{label}_f1": ours.f1,
            f"{label}_precision": ours.precision,
            f"{label}_recall": ours.recall,
            f"{label}_worst_tenth": ours.worst_tenth,
            f"{label}_teasers": ours.teasers,
            f"{label}_best_peer_f1": max(one.f1 for one in outcomes.values()),
        }
    show_costs()
    finish("reading", ratios)


if __name__ == "__main__":
    main()
