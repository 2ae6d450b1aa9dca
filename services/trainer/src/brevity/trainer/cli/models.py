"""`brevity models`: what versions there are, why, and which one is in service."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.table import Table

from brevity.common.cli.terminal import Terminal, shown
from brevity.trainer.cli.door import Door

app = typer.Typer(
    help="Versions of models: list, show, history, compare, promote, rollback.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
Model = Annotated[str, typer.Option(help="The model.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of a table.")]


@app.command("list")
def listed(as_json: AsJson = False) -> None:
    """Every version, newest first."""
    found = Door.from_environment().get("/v1/models")
    if as_json:
        typer.echo(json.dumps(found))
        return
    table = Table("model", "version", "named in summaries", "stage", "alias", "decision", "made", "why")
    for item in found:
        made = datetime.fromtimestamp(item["created_ms"] / 1000, UTC)
        table.add_row(
            item["model"],
            item["version"],
            item["model_version"],
            item["stage"],
            ", ".join(item["aliases"]),
            item["decision"] or "",
            f"{made:%Y-%m-%d %H:%M}",
            item["reason"] or "",
        )
    Terminal().print(table)


@app.command()
def show(
    version: Annotated[str, typer.Argument(help="Number, champion or challenger.")],
    model: Model = "extractive",
) -> None:
    """One version with its decision and evidence, as JSON."""
    typer.echo(json.dumps(Door.from_environment().get(f"/v1/models/{model}/versions/{version}"), indent=2))


@app.command()
def history(model: Model = "extractive", as_json: AsJson = False) -> None:
    """Who was brought into service when, by whom and why."""
    found = Door.from_environment().get(f"/v1/models/{model}/promotions")
    if as_json:
        typer.echo(json.dumps(found))
        return
    table = Table("when", "version", "before", "by", "rollout", "why")
    for item in found:
        table.add_row(
            item["promoted_at"],
            item["version"],
            item.get("previous_version", ""),
            item.get("decided_by", ""),
            item["rollout"]["mode"],
            item["reason"],
        )
    Terminal().print(table)


@app.command()
def compare(
    candidate: str,
    champion: Annotated[str | None, typer.Argument(help="Else the one in service.")] = None,
    model: Model = "extractive",
    documents: Annotated[int, typer.Option(min=2, max=500, help="Documents of each set.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Two versions on the frozen evaluation set, held against the policy; decides nothing."""
    body: dict[str, Any] = {"candidate": candidate, "documents": documents}
    if champion is not None:
        body["champion"] = champion
    found = Door.from_environment().post(f"/v1/models/{model}/compare", body)
    if as_json:
        typer.echo(json.dumps(found))
        return
    console = Terminal()
    table = Table(
        "ROUGE-2 of",
        "documents",
        f"version {found['champion']['version']}",
        "candidate",
        "change",
        "at least",
    )
    for group in found["groups"]:
        gain = group["gain"]
        table.add_row(
            f"{group['kind']} {group['name']}",
            str(gain["documents"]),
            f"{group['champion']:.4f}",
            f"{group['candidate']:.4f}",
            f"{gain['mean']:+.4f}",
            str(gain["low"]) if isinstance(gain["low"], str) else f"{gain['low']:+.4f}",
        )
    console.print(table)
    for name, check in found["checks"].items():
        console.print(f"  {'passes' if check['ok'] else 'FAILS '} {name}: {check['why']}", markup=False)


@app.command()
def promote(
    version: str,
    reason: Annotated[str, typer.Option(help="Why; it is kept and told.")],
    model: Model = "extractive",
    mode: Annotated[str, typer.Option(help="full, canary or shadow.")] = "full",
    share: Annotated[
        float, typer.Option(min=0, max=1, help="Of the documents, for canary and shadow.")
    ] = 1.0,
) -> None:
    """Bring a version into service, whatever the gate said."""
    event = Door.from_environment().post(
        f"/v1/models/{model}/promote",
        {"version": version, "reason": reason, "rollout": {"mode": mode, "share": share}},
    )
    typer.echo(shown(f"version {event['version']} ({event['model_version']}) is promoted"))


@app.command()
def rollback(
    reason: Annotated[str, typer.Option(help="Why; it is kept and told.")],
    version: Annotated[str | None, typer.Argument(help="Else the one before.")] = None,
    model: Model = "extractive",
) -> None:
    """Bring back the version that was in service before."""
    body = {"reason": reason, **({"version": version} if version else {})}
    event = Door.from_environment().post(f"/v1/models/{model}/rollback", body)
    typer.echo(shown(f"version {event['version']} ({event['model_version']}) is back in service"))
