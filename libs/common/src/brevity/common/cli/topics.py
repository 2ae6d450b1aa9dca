"""`brevity topics`: make the broker agree with the declared topics, and show them."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.table import Column, Table

from brevity.common.cli.terminal import Terminal
from brevity.common.kafka.admin import apply_topics
from brevity.common.kafka.topics import TOPICS
from brevity.common.settings import Settings, load_settings

app = typer.Typer(help="The platform's Kafka topics.", no_args_is_help=True, pretty_exceptions_enable=False)

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line instead of a table.")]


@app.command()
def apply(as_json: AsJson = False) -> None:
    """Create missing topics and correct their settings. Running it again changes nothing."""
    changes = apply_topics(load_settings(Settings).kafka)
    if as_json:
        for change in changes:
            print(json.dumps({"topic": change.topic, "action": change.action, "detail": change.detail}))
        return
    table = Table(Column("topic", no_wrap=True), "", "detail")
    for change in changes:
        table.add_row(change.topic, change.action, change.detail)
    Terminal().print(table)


@app.command("list")
def show() -> None:
    """Show the declared topics."""
    table = Table(Column("topic", no_wrap=True), "partitions", "kept", "written by", "read by", "carries")
    for topic in TOPICS:
        days = f"{topic.retention_ms // 86_400_000} days" if topic.retention_ms else ""
        kept = ", ".join(filter(None, ("compacted" if topic.compacted else "", days)))
        table.add_row(
            topic.name,
            str(topic.partitions),
            kept,
            ", ".join(topic.writers),
            ", ".join(topic.readers),
            topic.description,
        )
    Terminal().print(table)
