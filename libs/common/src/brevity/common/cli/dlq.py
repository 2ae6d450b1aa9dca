"""`brevity dlq`: what was given up on, why, and trying it again."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer
from pydantic import Field

from brevity.common.cli.terminal import plain
from brevity.common.errors import Rejected
from brevity.common.kafka.client import MAX_MESSAGE_BYTES
from brevity.common.kafka.dead_letters import DeadLetter, list_dead_letters
from brevity.common.kafka.dead_letters import replay as replay_letters
from brevity.common.settings import S3Settings, Settings, load_settings
from brevity.common.storage.s3 import S3ObjectStore

app = typer.Typer(
    help="Dead letters: rejected submissions and failed summaries.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

Code = Annotated[str | None, typer.Option("--code", help="Only those with this reason code.")]
Document = Annotated[str | None, typer.Option("--document", help="Only those of this document id.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line, for programs.")]


class DlqSettings(Settings):
    """What reading and replaying dead letters needs."""

    s3: S3Settings = Field(default_factory=S3Settings)


@app.command("list")
def list_(code: Code = None, document: Document = None, as_json: AsJson = False) -> None:
    """List dead letters, oldest first."""
    letters = _matching(load_settings(DlqSettings), code, document)
    if as_json:
        for letter in letters:
            print(json.dumps(_plain(letter)))
        return
    for letter in letters:
        for line in _told(letter):
            print(plain(line))


@app.command()
def show(
    letter_id: Annotated[str, typer.Argument(help="The dead letter's id, from `brevity dlq list`.")],
    original: Annotated[
        bool, typer.Option("--original", help="Write the original bytes to standard output.")
    ] = False,
) -> None:
    """Show one dead letter in full."""
    settings = load_settings(DlqSettings)
    letter = _one(settings, letter_id)
    if original and letter.original is not None:
        store = S3ObjectStore(settings.s3)
        data = store.get(
            letter.original.object_key, max_bytes=MAX_MESSAGE_BYTES, bucket=letter.original.bucket
        )
        typer.get_binary_stream("stdout").write(data)
        return
    print(json.dumps(_plain(letter), indent=2))


@app.command()
def replay(
    letter_ids: Annotated[list[str] | None, typer.Argument(help="Ids from `brevity dlq list`.")] = None,
    code: Code = None,
    document: Document = None,
    again: Annotated[bool, typer.Option("--again", help="Also those that were replayed before.")] = False,
) -> None:
    """Try dead letters again, once their cause is mended. Name them by id, code or document."""
    settings = load_settings(DlqSettings)
    if not (letter_ids or code or document):
        raise Rejected(
            "nothing is named to replay",
            code="usage",
            remedy="Give ids, --code or --document; see `brevity dlq list`.",
        )
    if letter_ids:
        chosen: Sequence[DeadLetter] = [_one(settings, letter_id) for letter_id in letter_ids]
    else:
        chosen = _matching(settings, code, document)
    waiting = [letter for letter in chosen if again or not letter.replayed]
    count = 0
    for letter in replay_letters(settings.kafka, S3ObjectStore(settings.s3), waiting):
        count += 1
        print(plain(f"replayed {letter.id} ({letter.document_id or 'no id'}, {letter.code})"))
    print(f"{count} replayed, {len(chosen) - count} left alone because they were replayed before")


def _matching(settings: DlqSettings, code: str | None, document: str | None) -> list[DeadLetter]:
    return [
        letter
        for letter in list_dead_letters(settings.kafka)
        if (code is None or letter.code == code) and (document is None or letter.document_id == document)
    ]


def _one(settings: DlqSettings, letter_id: str) -> DeadLetter:
    for letter in list_dead_letters(settings.kafka):
        if letter.id == letter_id:
            return letter
    raise Rejected(
        f"there is no dead letter {letter_id}",
        code="not_found",
        remedy="See `brevity dlq list` for those there are.",
    )


def _told(letter: DeadLetter) -> Sequence[str]:
    """One dead letter for a person, in lines that need no width: a table of it leaves its columns a few letters each."""
    when = datetime.fromtimestamp(letter.timestamp_ms / 1000, UTC)
    attempts = "1 attempt" if letter.attempts == 1 else f"{letter.attempts} attempts"
    replayed = ", replayed" if letter.replayed else ""
    return (
        f"{letter.id}  {letter.code}  {letter.document_id or 'no id'}  {when:%Y-%m-%d %H:%M}  {attempts}{replayed}",
        f"    {' '.join(letter.message.split())}",
        f"    {' '.join(letter.remedy.split())}",
    )


def _plain(letter: DeadLetter) -> dict[str, object]:
    plain = dataclasses.asdict(letter)
    plain["original"] = letter.original.model_dump(exclude_none=True) if letter.original else None
    plain["origin"] = letter.origin.model_dump()
    return plain
