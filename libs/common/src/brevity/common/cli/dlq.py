"""`brevity dlq`: what was given up on, why, and trying it again."""

from __future__ import annotations

import dataclasses
import heapq
import json
import re
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer
from pydantic import Field

from brevity.common.cli.terminal import plain
from brevity.common.errors import Rejected
from brevity.common.kafka.client import MAX_MESSAGE_BYTES
from brevity.common.kafka.dead_letters import DeadLetter, scan_dead_letters
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
Tenant = Annotated[str | None, typer.Option("--tenant", help="Only those of this tenant.")]
Since = Annotated[
    str | None, typer.Option("--since", help="Only documents submitted within e.g. 90m, 12h, 3d.")
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line, for programs.")]


class DlqSettings(Settings):
    """What reading and replaying dead letters needs."""

    s3: S3Settings = Field(default_factory=S3Settings)


@app.command("list")
def list_(
    code: Code = None,
    document: Document = None,
    tenant: Tenant = None,
    since: Since = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Most that are shown, the newest.")] = 100,
    count: Annotated[bool, typer.Option("--count", help="Only how many of each code and tenant.")] = False,
    as_json: AsJson = False,
) -> None:
    """List dead letters, newest first, or count them."""
    found = _matching(load_settings(DlqSettings), code, document, tenant, since)
    if count:
        _print_counts(Counter((letter.code, letter.tenant or "-") for letter in found), as_json)
        return
    letters, rest = newest(found, limit)
    if as_json:
        for letter in letters:
            print(json.dumps(_plain(letter)))
    else:
        for letter in letters:
            for line in _told(letter):
                print(plain(line))
    if rest:
        print(f"{rest} older ones are not shown: see --limit, --since and --count", file=sys.stderr)


def newest(letters: Iterable[DeadLetter], limit: int) -> tuple[list[DeadLetter], int]:
    """The newest `limit` of `letters`, newest first, and how many others there are; holds no more than `limit`."""
    kept: list[tuple[int, int, DeadLetter]] = []
    total = 0
    for total, letter in enumerate(letters, 1):
        entry = (letter.timestamp_ms, total, letter)  # the number decides between equal times
        if len(kept) < limit:
            heapq.heappush(kept, entry)
        else:
            heapq.heappushpop(kept, entry)
    return [letter for _, _, letter in sorted(kept, key=lambda one: one[:2], reverse=True)], total - len(kept)


def _print_counts(counts: Counter[tuple[str, str]], as_json: bool) -> None:
    if as_json:
        for (code, tenant), number in counts.most_common():
            print(json.dumps({"code": code, "tenant": tenant, "count": number}))
        return
    for (code, tenant), number in counts.most_common():
        print(plain(f"{number:8}  {code}  {tenant}"))


@app.command()
def show(
    letter_id: Annotated[str, typer.Argument(help="The dead letter's id, from `brevity dlq list`.")],
    original: Annotated[
        bool, typer.Option("--original", help="Write the original bytes to standard output.")
    ] = False,
) -> None:
    """Show one dead letter in full."""
    settings = load_settings(DlqSettings)
    [letter] = _named(settings, [letter_id])
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
        chosen = _named(settings, letter_ids)
    else:
        chosen = sorted(_matching(settings, code, document), key=lambda letter: letter.timestamp_ms)
    waiting = [letter for letter in chosen if again or not letter.replayed]
    count = 0
    for letter in replay_letters(settings.kafka, S3ObjectStore(settings.s3), waiting):
        count += 1
        print(plain(f"replayed {letter.id} ({letter.document_id or 'no id'}, {letter.code})"))
    print(f"{count} replayed, {len(chosen) - count} left alone because they were replayed before")


def _matching(
    settings: DlqSettings,
    code: str | None,
    document: str | None,
    tenant: str | None = None,
    since: str | None = None,
) -> Iterator[DeadLetter]:
    earliest = 0 if since is None else time.time() * 1000 - milliseconds(since)
    return (
        letter
        for letter in scan_dead_letters(settings.kafka)
        if (code is None or letter.code == code)
        and (document is None or letter.document_id == document)
        and (tenant is None or letter.tenant == tenant)
        and letter.timestamp_ms >= earliest
    )


def _told(letter: DeadLetter) -> Sequence[str]:
    """One dead letter for a person, in lines that need no width: a table of it leaves its columns a few letters each."""
    when = datetime.fromtimestamp(letter.timestamp_ms / 1000, UTC)
    attempts = "1 attempt" if letter.attempts == 1 else f"{letter.attempts} attempts"
    replayed = ", replayed" if letter.replayed else ""
    return (
        f"{letter.id}  {letter.code}  {letter.document_id or 'no id'}"
        f"  {when:%Y-%m-%d %H:%M}  {letter.tenant or 'no tenant'}  {attempts}{replayed}",
        f"    {' '.join(letter.message.split())}",
        f"    {' '.join(letter.remedy.split())}",
    )


def _named(settings: DlqSettings, letter_ids: Sequence[str]) -> list[DeadLetter]:
    """Those of these ids, in their order; the topics are read once for all."""
    wanted = set(letter_ids)
    found = {letter.id: letter for letter in scan_dead_letters(settings.kafka) if letter.id in wanted}
    for letter_id in letter_ids:
        if letter_id not in found:
            raise Rejected(
                f"there is no dead letter {letter_id}",
                code="not_found",
                remedy="See `brevity dlq list` for those there are.",
            )
    return [found[letter_id] for letter_id in dict.fromkeys(letter_ids)]


def milliseconds(span: str) -> int:
    """Of a span like `90m`. Raises Rejected for anything else."""
    match = re.fullmatch(r"([0-9]{1,6})([smhd])", span)
    if match is None:
        raise Rejected(
            f"{span!r} is no span of time",
            code="usage",
            remedy="Give a number and s, m, h or d, as in --since 12h.",
        )
    return int(match[1]) * {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}[match[2]]


def _plain(letter: DeadLetter) -> dict[str, object]:
    plain = dataclasses.asdict(letter)
    plain["original"] = letter.original.model_dump(exclude_none=True) if letter.original else None
    plain["origin"] = letter.origin.model_dump()
    return plain
