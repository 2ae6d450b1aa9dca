"""`brevity read`: what Brevity reads of files, without any service."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from brevity.common.cli.terminal import plain, shown
from brevity.common.errors import Rejected
from brevity.documents.folders import files_in
from brevity.documents.reading import read_file
from brevity.documents.report import failure, report


def read_command(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Files, or folders of them.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line for each file.")] = False,
    media_type: Annotated[
        str | None,
        typer.Option(help="What they are, e.g. text/plain; charset=koi8-r. Else told by name and content."),
    ] = None,
) -> None:
    """Show what is read of files: title, language, blocks, warnings. Exit status 1: a file that was named, or every file
    of a folder, cannot be read."""
    read = failed = 0
    for path in paths:
        if not path.exists():
            _tell(
                path,
                Rejected(f"{path} does not exist", code="no_such_file", remedy="Check the path."),
                as_json,
            )
            failed += 1
            continue
        for file in files_in(path):
            try:
                found = report(read_file(file, media_type))
            except Rejected as error:
                _tell(file, error, as_json)
                failed += not path.is_dir()
                continue
            read += 1
            if as_json:
                print(json.dumps({"path": str(file), **found}, ensure_ascii=False), flush=True)
            else:
                print(shown(_for_person(file, found)), flush=True)
    if failed or not read:
        raise typer.Exit(1)


def _tell(path: Path, error: Rejected, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"path": str(path), **failure(error)}, ensure_ascii=False), flush=True)
    else:
        print(plain(f"skipped {path}: {error.message} ({error.code}). {error.remedy}"), file=sys.stderr)


def _for_person(path: Path, found: dict[str, Any]) -> str:
    lines = [
        f"== {path}: {found['kind']}, {found['language']} ({found['language_confidence']:.2f}), {found['words']} words"
        + (f", {found['words_dropped']} left out" if found["words_dropped"] else "")
    ]
    if found["title"]:
        lines.append(f"   title: {found['title']}")
    lines += (f"   warning: {each['message']} ({each['code']})" for each in found["warnings"])
    blocks: list[dict[str, Any]] = found["blocks"]
    for block in blocks:
        body = found["text"][block["start"] : block["end"]]
        who = f"{block['speaker']}: " if block.get("speaker") else ""
        kind = str(block["kind"]) + (f" {block['level']}" if block.get("level") else "")
        lines.append(f"{kind:>14} | " + (who + body).replace("\n", "\n" + " " * 14 + " | "))
    return "\n".join(lines if blocks else [*lines, found["text"]]) + "\n"
