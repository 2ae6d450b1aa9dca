"""`brevity summarize`: a text, a Markdown file or JSON lines in, summaries out."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import typer

from brevity.common.cli.terminal import plain, shown
from brevity.common.contracts.vocabulary import Length, Style
from brevity.common.errors import Rejected
from brevity.documents import Document, Limits, read
from brevity.documents.characters import decode
from brevity.documents.formats.text import blocks_of
from brevity.documents.kinds import kind_of
from brevity.summarize.engines.registry import DEFAULT

_LINES_SUFFIXES = {".jsonl", ".ndjson"}


def summarize(
    path: Annotated[str, typer.Argument(metavar="PATH|-", help="A file, or - for standard input.")],
    words: Annotated[int | None, typer.Option(help="Words wanted, at most (5 to 5000).")] = None,
    length: Annotated[Length, typer.Option(help="Share of the document, without --words.")] = "medium",
    style: Annotated[
        Style, typer.Option(help="Running text, one point a line, or one sentence.")
    ] = "paragraph",
    engine: Annotated[
        str, typer.Option(help="`extractive`, `extractive:/path/to/model`, `seq2seq:NAME`, ...")
    ] = DEFAULT,
    language: Annotated[
        str | None, typer.Option(help="Language of the text, e.g. `en`; else detected.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write the summary as one JSON object.")] = False,
    lines: Annotated[
        bool, typer.Option("--jsonl", help="The input is JSON lines, whatever its name.")
    ] = False,
) -> None:
    """Summarize a text, or many in JSON lines; nothing else needs to run.

    A file of any format that is read (text, Markdown, HTML, PDF, DOCX, ...; or standard input) gives its summary on standard output and warnings on standard error.

    JSON lines (a file named .jsonl or .ndjson, or --jsonl) hold `id`, `text` and, if wanted, `words`, `language` and
    `title`. Each gives one line of output in the same order: `id`, `summary`, `sentences`, `warnings`, `engine`,
    `model_version`. A sentence's `start` and `end` are its place in the text you gave, in Unicode code points (those
    of its first source span; null when no source was found); `spans` lists all its source spans. A line that cannot
    be summarized gives `id` and `error`, the others go on, and the exit status is 1.
    """
    from brevity.summarize.oneshot import loaded, request

    wish = request(words, length, style)
    with _opened(path) as source:
        if lines or Path(path).suffix.lower() in _LINES_SUFFIXES:
            from brevity.summarize.lines import summarize_lines

            ready = loaded(engine)
            failed = _write(_progress(summarize_lines(source, wish, language, ready)))
            if failed:
                print(f"brevity: {failed} documents could not be summarized; see `error`", file=sys.stderr)
                raise typer.Exit(1)
            return
        _one(_read(source, path), path, as_json, words, length, style, language, engine)


def _one(
    document: Document,
    path: str,
    as_json: bool,
    words: int | None,
    length: Length,
    style: Style,
    language: str | None,
    engine: str,
) -> None:
    from brevity.summarize.lines import success
    from brevity.summarize.oneshot import summarize as summarize_text

    result = summarize_text(
        document, words=words, length=length, style=style, language=language, engine=engine
    )
    if as_json:
        _print(success(None if path == "-" else path, result))
        return
    print(shown(result.text))
    for flag in result.warnings:
        print(f"warning: {plain(flag.message)} ({flag.code})", file=sys.stderr)


@contextmanager
def _opened(path: str) -> Iterator[BinaryIO]:
    if path == "-":
        yield sys.stdin.buffer
        return
    try:
        source = Path(path).open("rb")  # noqa: SIM115 - closed below, outside this try
    except OSError as error:
        raise Rejected(
            f"{path} cannot be read: {error.strerror}", code="unreadable", remedy="Check the path."
        ) from None
    with source:
        yield source


def _read(source: BinaryIO, path: str) -> Document:
    from brevity.summarize.lines import MAX_BYTES

    try:
        data = source.read(MAX_BYTES + 1)
    except OSError as error:
        raise Rejected(
            f"{path} cannot be read: {error.strerror}", code="unreadable", remedy="Give a file."
        ) from None
    if len(data) > MAX_BYTES:
        raise Rejected(f"{path} is longer than {MAX_BYTES} bytes", code="too_large", remedy="Split it.")
    name = None if path == "-" else Path(path).name
    document = read(data, None, name, Limits(most_characters=MAX_BYTES))
    if kind_of(data, None, name) != "text":
        return document
    given = decode(data).text  # places are those in the file, not in what normalising makes of it
    return replace(document, text=given, blocks=blocks_of(given))


def _write(objects: Iterable[dict[str, Any]]) -> int:
    failed = 0
    for value in objects:
        failed += "error" in value
        _print(value)
    return failed


def _print(value: dict[str, Any]) -> None:
    print(json.dumps(value, ensure_ascii=False), flush=True)


def _progress(objects: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Show a count on standard error while a person watches; when output goes to that terminal it is left out."""
    if not sys.stderr.isatty() or sys.stdout.isatty():
        yield from objects
        return
    from rich.progress import Progress, TextColumn, TimeElapsedColumn

    from brevity.common.cli.terminal import Terminal

    columns = (TextColumn("{task.completed} documents"), TimeElapsedColumn())
    with Progress(*columns, console=Terminal(stderr=True), transient=True) as progress:
        task = progress.add_task("summarize", total=None)
        for value in objects:
            yield value
            progress.advance(task)
