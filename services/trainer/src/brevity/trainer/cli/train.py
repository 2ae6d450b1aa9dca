"""`brevity train`: start a training, look at it, watch it, cancel it, try it again."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.progress_bar import ProgressBar
from rich.table import Table

from brevity.common.cli.terminal import Terminal, plain, shown
from brevity.common.errors import Rejected
from brevity.trainer.cli.door import Door

app = typer.Typer(
    help="Train models: start, status, watch, cancel, retry.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
_COLUMNS = ("job", "model", "reason", "state", "progress", "step", "outcome", "message")


@app.command()
def start(
    model: Annotated[str, typer.Option(help="Model to make a version of.")] = "extractive",
    engine: Annotated[str, typer.Option(help="Engine that will serve it.")] = "extractive",
    version: Annotated[str | None, typer.Option(help="Version of the data; else what there is now.")] = None,
    sets: Annotated[list[str] | None, typer.Option("--set", help="Source to use; repeat for more.")] = None,
    feedback: Annotated[bool, typer.Option(help="Use reviewers' edits and choices.")] = True,
    parameter: Annotated[
        list[str] | None, typer.Option("--param", help="Field of the recipe, NAME=VALUE; repeat for more.")
    ] = None,
    variant_of: Annotated[
        str | None,
        typer.Option(help="Version that this makes smaller or faster: number, alias, or MODEL/VERSION."),
    ] = None,
    detail: Annotated[str | None, typer.Option(help="Why, for those who read it later.")] = None,
    watch_it: Annotated[bool, typer.Option("--watch", help="Show its progress until it ends.")] = False,
    as_json: AsJson = False,
) -> None:
    """Ask for a training; prints the job's id."""
    dataset: dict[str, Any] = {"sets": sets or [], "feedback": feedback}
    if version is not None:
        dataset["version"] = version
    door = Door.from_environment()
    job = door.post(
        "/v1/train",
        {
            "model": model,
            "engine": engine,
            "detail": detail,
            "dataset": dataset,
            "parameters": dict(map(_parameter, parameter or [])),
            "variant_of": variant_of,
        },
    )
    if watch_it:
        follow(door, job["job_id"], as_json)
    else:
        typer.echo(json.dumps(job) if as_json else job["job_id"])


@app.command()
def status(
    job_id: Annotated[str | None, typer.Argument(help="One job in full; else the latest jobs.")] = None,
    model: Annotated[str | None, typer.Option(help="Only this model's.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=500)] = 20,
    as_json: AsJson = False,
) -> None:
    """Where jobs stand."""
    door = Door.from_environment()
    if job_id is not None:
        typer.echo(json.dumps(door.get(f"/v1/train/{job_id}"), indent=None if as_json else 2))
        return
    jobs = door.get("/v1/train", model=model, limit=limit)
    if as_json:
        for job in jobs:
            typer.echo(json.dumps(job))
        return
    table = Table(*_COLUMNS)
    for job in jobs:
        table.add_row(
            job["job_id"],
            job["model"],
            job["reason"],
            job["state"],
            _bar(job),
            job["step"] or "",
            job["outcome"] or "",
            job["message"] or "",
        )
    Terminal().print(table)


@app.command()
def watch(job_id: str, as_json: AsJson = False) -> None:
    """Show a job's progress until it ends. Exit status 1 unless it succeeded."""
    follow(Door.from_environment(), job_id, as_json)


@app.command()
def cancel(job_id: str) -> None:
    """End a job that waits or runs."""
    typer.echo(shown(Door.from_environment().post(f"/v1/train/{job_id}/cancel")["message"]))


@app.command()
def retry(job_id: str) -> None:
    """Queue a failed or cancelled job again; it goes on from the steps it had finished."""
    typer.echo(shown(Door.from_environment().post(f"/v1/train/{job_id}/retry")["message"]))


def follow(door: Door, job_id: str, as_json: bool) -> None:
    """Show a job's progress until it ends; exit status 1 unless it succeeded."""
    job: dict[str, Any] = {}
    if as_json:
        for job in door.events(f"/v1/train/{job_id}/events"):
            typer.echo(json.dumps(job))
    else:
        columns = (
            TextColumn("{task.fields[step]}", markup=False),
            BarColumn(),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.description}", markup=False),
        )
        with Progress(*columns) as bar:
            task = bar.add_task("", total=1.0, step="")
            for job in door.events(f"/v1/train/{job_id}/events"):
                bar.update(
                    task,
                    completed=job["progress"],
                    description=plain(job["message"] or ""),
                    step=plain(job["step"] or job["state"]),
                )
        _show_end(job)
    if job.get("state") != "succeeded":
        raise typer.Exit(1)


def _bar(job: dict[str, Any]) -> Table:
    """How far a job is, as a bar and as a number."""
    row = Table.grid(padding=(0, 1))
    row.add_row(ProgressBar(total=1, completed=job["progress"], width=12), f"{job['progress']:.0%}")
    return row


def _show_end(job: dict[str, Any]) -> None:
    console = Terminal()
    console.print(f"{job['state']}: {job['message']}", markup=False)
    for name, value in sorted(job["metrics"].items()):
        console.print(f"  {name:<32} {value:.4g}", markup=False)
    if job["run_url"]:
        console.print(f"  run {job['run_url']}", markup=False)


def _parameter(given: str) -> tuple[str, Any]:
    name, equals, value = given.partition("=")
    if not equals:
        raise Rejected(f"{given!r} is not NAME=VALUE", code="bad_parameter", remedy="Write e.g. trees=200.")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value
