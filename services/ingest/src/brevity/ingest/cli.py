"""`brevity submit`: documents from files, folders, JSON lines, standard input or the object store, to Kafka."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, cast

import typer
from pydantic import Field, ValidationError
from rich.progress import track

from brevity.common.cli.terminal import Terminal, shown
from brevity.common.errors import Rejected
from brevity.common.events import DocumentSubmitted
from brevity.common.events.base import without_nulls
from brevity.common.events.codec import explained, read_json
from brevity.common.settings import S3Settings, Settings, load_settings
from brevity.common.storage.s3 import S3ObjectStore
from brevity.documents.folders import files_in
from brevity.documents.formats import FORMATS
from brevity.documents.kinds import kind_of
from brevity.ingest.settings import IngestBlock
from brevity.ingest.submit import Submitter, too_large
from brevity.ingest.waiting import outcomes, watch

_AS_TEXT = {"text", "markdown", "html"}
"""Formats that travel inside the event where they are in UTF-8; other files go to the object store."""


_SKIPPED = {"unsupported_type", "binary"}
"""Why a folder's file is left out without that being a failure: it is no document."""


class SubmitSettings(Settings):
    """What the command needs to know; the defaults fit the local stack."""

    s3: S3Settings = Field(default_factory=S3Settings)
    ingest: IngestBlock = Field(default_factory=IngestBlock)


def submit(
    source: Annotated[
        str, typer.Argument(help="A file, a folder, s3://bucket/key, or - for standard input.")
    ],
    words: Annotated[int | None, typer.Option(help="Words wanted in each summary, at most.")] = None,
    length: Annotated[
        str | None, typer.Option(help="Without --words: short, medium or long, by the document's length.")
    ] = None,
    style: Annotated[str, typer.Option(help="paragraph, bullets or headline.")] = "paragraph",
    language: Annotated[
        str | None, typer.Option(help="Language of the text, e.g. en; else detected.")
    ] = None,
    tenant: Annotated[str, typer.Option(help="Whose documents they are.")] = "default",
    wait: Annotated[bool, typer.Option("--wait", help="Show the summaries as they arrive.")] = False,
    timeout: Annotated[float, typer.Option(help="With --wait: most seconds without a new one.")] = 60.0,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Send documents to be summarized. Exit status 1: one was refused or failed; 3: something is away."""
    errors = Terminal(stderr=True)
    common: dict[str, Any] = {"tenant": tenant, "summary": {"style": style}}
    if language is not None:
        common["language"] = language
    if words is not None:
        common["summary"]["words"] = words
    if length is not None:
        common["summary"]["length"] = length
    settings = load_settings(SubmitSettings)
    if _send_all(settings, source, common, errors, wait=wait, timeout=timeout, as_json=as_json):
        raise typer.Exit(1)


def _send_all(
    settings: SubmitSettings,
    source: str,
    common: dict[str, Any],
    errors: Terminal,
    *,
    wait: bool,
    timeout: float,
    as_json: bool,
) -> bool:
    submitter = Submitter(settings.kafka, S3ObjectStore(settings.s3), settings.ingest)
    consumer = watch(settings.kafka) if wait else None  # from before the first document: none is missed
    sent: list[str] = []
    failed = False
    paths = _paths(source)
    folder = paths != [source]
    for path in track(paths, "Sending", console=errors, disable=len(paths) < 2 or not errors.is_terminal):
        try:
            for document in _documents(path, common, submitter, settings.ingest):
                sent.append(submitter.send(document).document_id)
                if consumer is None:
                    typer.echo(json.dumps({"document_id": sent[-1]}) if as_json else shown(sent[-1]))
        except Rejected as error:
            failed |= not folder or error.code not in _SKIPPED
            verb = "skipped " if folder else ""
            errors.print(f"{verb}{path}: {error}", style="red", markup=False)
    if not sent and folder and not failed:
        raise Rejected(
            f"{source} holds no documents", code="nothing_to_send", remedy="See what was skipped, and why."
        )
    if consumer is None:
        return failed
    for event in outcomes(consumer, set(sent), str(common["tenant"]), timeout):
        failed |= "summary" not in event
        typer.echo(json.dumps(event, ensure_ascii=False) if as_json else shown(_for_person(event)))
    return failed


def _for_person(event: dict[str, Any]) -> str:
    if "summary" in event:
        return f"{event['document_id']}\n  {event['summary']}\n"
    return f"{event['document_id']}\n  {event['message']} ({event['code']}) {event['remedy']}\n"


def _paths(source: str) -> list[str]:
    if source == "-" or source.startswith("s3://"):
        return [source]
    path = Path(source)
    if path.is_dir():
        found = [str(file) for file in files_in(path)]
        if not found:
            raise Rejected(
                f"{source} holds no files", code="nothing_to_send", remedy="Name a folder of documents."
            )
        return found
    if not path.is_file():
        raise Rejected(f"{source} does not exist", code="no_such_file", remedy="Check the path.")
    return [source]


def _documents(
    source: str, common: dict[str, Any], submitter: Submitter, settings: IngestBlock
) -> Iterator[DocumentSubmitted]:
    if source.startswith("s3://"):
        yield _document({**common, "object": {"uri": source}})
        return
    suffix = Path(source).suffix.lower()
    if suffix == ".jsonl":
        yield from _lines(Path(source), common, settings)
        return
    data = sys.stdin.buffer.read(settings.max_bytes + 1) if source == "-" else _read(Path(source), settings)
    if len(data) > settings.max_bytes:
        raise too_large(len(data), settings.max_bytes)
    name = None if source == "-" else Path(source).name
    kind = kind_of(data, None, name)
    media_type = FORMATS[kind].media_types[0]
    if kind in _AS_TEXT:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = None  # another encoding: the service finds out which
        if text is not None:
            yield _document({**common, "text": text, "media_type": media_type})
            return
    _document({**common, "text": "-"})  # all but the file, before it is kept
    reference = submitter.upload(common["tenant"], data, media_type, name)
    yield _document({**common, "object": reference.model_dump()})


def _read(path: Path, settings: IngestBlock) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(settings.max_bytes + 1)
    except OSError as error:
        raise Rejected(
            f"cannot be read: {error.strerror}", code="unreadable", remedy="Check the file's permissions."
        ) from None


def _lines(path: Path, common: dict[str, Any], settings: IngestBlock) -> Iterator[DocumentSubmitted]:
    with path.open("rb") as file:
        number = 0
        while line := file.readline(settings.max_bytes + 1):
            number += 1
            if not line.strip():
                continue
            try:
                value = read_json(line, f"line {number}")
                if not isinstance(value, dict):
                    raise Rejected(f"line {number} is not a JSON object", code="bad_schema")
            except Rejected as error:
                remedy = "Write one document a line; the lines before it were sent."
                raise Rejected(error.message, code=error.code, remedy=remedy) from None
            fields = without_nulls(cast(dict[str, Any], value))
            wished = fields.get("summary", {})
            if isinstance(wished, dict):  # else the document's check says what is wrong
                wished = {**common["summary"], **without_nulls(wished)}
            yield _document({**common, **fields, "summary": wished})


def _document(fields: dict[str, Any]) -> DocumentSubmitted:
    try:
        return DocumentSubmitted.model_validate(fields)
    except ValidationError as error:
        raise Rejected(
            explained(error), code="bad_schema", remedy="Correct the document or the option."
        ) from None
