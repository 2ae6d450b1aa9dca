"""`brevity models ledger` and `brevity models recall`: added to the group of the trainer's commands."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated

import typer
from pydantic import Field
from rich.progress import Progress
from rich.table import Column, Table

from brevity.common.cli.terminal import Terminal
from brevity.common.errors import Rejected
from brevity.common.events import FeedbackRecorded
from brevity.common.kafka.producer import AcknowledgedProducer
from brevity.common.settings import MongoSettings, Settings, load_settings
from brevity.common.storage.mongo import async_mongo_client
from brevity.feedback.ledger.entries import Entry, in_production
from brevity.feedback.ledger.recall import Recall, Recalled, recalled
from brevity.feedback.ledger.store import LedgerStore
from brevity.feedback.mongo import MongoRepository
from brevity.feedback.mongo.collections import Database
from brevity.feedback.settings import FeedbackBlock

Engine = Annotated[str, typer.Option(help="The engine.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of a table.")]


class LedgerSettings(Settings):
    """The commands speak to the store and the broker themselves, with the operator's rights."""

    mongo: MongoSettings = Field(default_factory=MongoSettings)
    feedback: FeedbackBlock = Field(default_factory=FeedbackBlock)


def ledger(
    engine: Engine = "extractive",
    at: Annotated[
        str | None, typer.Option(help="Who was in production then, e.g. 2026-05-03T10:15:00+02:00.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Which version was in production when, why, and where the evidence is."""
    settings = load_settings(LedgerSettings)
    entries = [entry for entry in asyncio.run(_entries(settings)) if entry.engine == engine]
    if at is not None:
        found = in_production(entries, engine, _instant(at))
        entries = [found] if found else []
    if as_json:
        for entry in entries:
            typer.echo(entry.model_dump_json(exclude_none=True))
        return
    table = Table(
        Column("version", no_wrap=True),
        Column("state", no_wrap=True),
        Column("how", no_wrap=True),
        Column("in service from", no_wrap=True),
        "why, by whom, evidence",
    )
    for entry in entries:
        how = entry.rollout.mode
        since = entry.in_service_at
        table.add_row(
            entry.version,
            f"refused: {entry.refusals[-1].code}" if entry.state == "refused" else entry.state,
            how if how == "full" else f"{how} {entry.rollout.share:.0%}",
            f"{since:%Y-%m-%d %H:%M:%S}" if since else "",
            "\n".join(filter(None, (entry.reason, entry.decided_by, entry.model_version, entry.evidence))),
        )
    Terminal().print(table if entries else "the engine's own model: nothing was promoted")


def recall(
    version: Annotated[str, typer.Argument(help="Number of the version, or its name in summaries.")],
    engine: Engine = "extractive",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Summarize again exactly the documents that a version touched, with the one in service now.

    Documents that another version has summarized since are left alone. It may be run again at any time, and then
    sends only what is missing.
    """
    settings = load_settings(LedgerSettings)
    chosen = recalled(version, engine, asyncio.run(_entries(settings)))
    if not dry_run and not yes and not typer.confirm(f"Summarize again what {chosen.model_version} wrote?"):
        raise Rejected("nothing was sent", code="not_confirmed", remedy="Confirm, or give --yes.")
    fates = asyncio.run(_recall(settings, chosen, dry=dry_run))
    outcome = {
        "model_version": chosen.model_version,
        "recall": chosen.name,
        "dry_run": dry_run,
        **{fate: fates[fate] for fate in ("sent", "redone", "gone")},
    }
    if as_json:
        typer.echo(json.dumps(outcome))
        return
    verb = "would be sent" if dry_run else "sent"
    typer.echo(
        f"{chosen.model_version}: {fates['sent']} documents {verb}, {fates['redone']} were summarized by another"
        f" version since, of {fates['gone']} the text is kept no more"
    )


async def _entries(settings: LedgerSettings) -> list[Entry]:
    async with _database(settings) as database:
        return await LedgerStore(database).entries()


async def _recall(settings: LedgerSettings, chosen: Recalled, *, dry: bool) -> Counter[str]:
    fates: Counter[str] = Counter()
    console = Terminal(stderr=True)
    async with _database(settings) as database:
        repository = MongoRepository(database.client, settings.mongo.database, settings.feedback)
        work = Recall(database, repository, AcknowledgedProducer(settings.kafka, FeedbackRecorded.topic))
        total = await work.count(chosen.model_version)
        with Progress(console=console, disable=not console.is_terminal) as progress:
            task = progress.add_task("documents", total=total)
            async for fate in work.run(chosen, dry=dry):
                fates[fate] += 1
                progress.advance(task)
    return fates


@asynccontextmanager
async def _database(settings: LedgerSettings) -> AsyncGenerator[Database]:
    client = async_mongo_client(settings.mongo, "feedback")
    try:
        yield client[settings.mongo.database]
    finally:
        await client.close()


def _instant(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Rejected(
            f"{text!r} is not a time", code="usage", remedy="Write it as 2026-05-03T10:15:00+02:00."
        ) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
