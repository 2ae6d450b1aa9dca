"""`brevity data`: sources to train on, versions of data, the frozen evaluation set."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from pydantic import Field
from rich.table import Table

from brevity.common.cli.terminal import Terminal, shown
from brevity.common.errors import Rejected
from brevity.common.settings import S3Settings, Settings, load_settings
from brevity.trainer.data.bucket import Bucket
from brevity.trainer.data.rows import deduplicated
from brevity.trainer.data.sources import Sources, read_lines
from brevity.trainer.data.spec import DatasetSpec
from brevity.trainer.data.versions import Versions
from brevity.trainer.settings import TrainerBlock

app = typer.Typer(
    help="Training data: add, list, build, show, checkout, freeze.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object.")]


class DataSettings(Settings):
    """What the command needs to know; the defaults fit the local stack."""

    s3: S3Settings = Field(default_factory=S3Settings)
    trainer: TrainerBlock = Field(default_factory=TrainerBlock)


@app.command()
def add(
    file: Annotated[Path, typer.Argument(help="JSON lines, gzipped or not, with text and summary.")],
    name: Annotated[
        str | None, typer.Option(help="Name of the source; else the file's folder or name.")
    ] = None,
) -> None:
    """Add documents with reference summaries to train on; a source of the same name is replaced."""
    settings = load_settings(DataSettings)
    chosen = name or _name_of(file)
    count = _sources(settings).add(chosen, _read(file))
    typer.echo(shown(f"{chosen}: {count} rows"))


@app.command("list")
def listed(as_json: AsJson = False) -> None:
    """Sources and versions."""
    settings = load_settings(DataSettings)
    versions = Versions(Bucket(settings.s3))
    sources = _sources(settings).names()
    cards = [versions.card(version) for version in versions.list()]
    if as_json:
        typer.echo(json.dumps({"sources": sources, "versions": cards}))
        return
    console = Terminal()
    console.print(f"sources: {', '.join(sources) or 'none'}", markup=False)
    table = Table("version", "documents", "parts", "languages", "bytes")
    for card in cards:
        table.add_row(
            card["version"],
            f"{card['documents']:,}",
            ", ".join(f"{k} {v}" for k, v in card["parts"].items()),
            ", ".join(card["languages"]),
            f"{card['size_bytes']:,}",
        )
    console.print(table)


@app.command()
def build(
    sets: Annotated[list[str] | None, typer.Option("--set", help="Source to use; repeat for more.")] = None,
    feedback: Annotated[bool, typer.Option(help="Use reviewers' edits and choices.")] = True,
    most: Annotated[int, typer.Option(min=1, help="Documents of each source.")] = 5_000,
    model: Annotated[str, typer.Option(help="Keep apart from this model's frozen set.")] = "extractive",
) -> None:
    """Make a version of what there is now; prints its name. The same data are the same version."""
    settings = load_settings(DataSettings)
    spec = DatasetSpec(sets=tuple(sets or ()), feedback=feedback, most=most)
    card = _sources(settings).assemble(spec, Versions(Bucket(settings.s3)), model)
    typer.echo(shown(card["version"]))


@app.command()
def show(version: str) -> None:
    """A version's data card, as JSON."""
    typer.echo(json.dumps(Versions(Bucket(load_settings(DataSettings).s3)).card(version), indent=2))


@app.command()
def checkout(
    version: str,
    folder: Annotated[Path | None, typer.Option("--out", help="Folder to write to; else ./VERSION.")] = None,
) -> None:
    """Write a version's file, its DVC pointer and its card: the same bytes each time."""
    versions = Versions(Bucket(load_settings(DataSettings).s3))
    typer.echo(shown(str(versions.checkout(version, folder or Path(version)))))


@app.command()
def freeze(
    files: Annotated[list[Path], typer.Argument(help="JSON lines to judge models on, never to train on.")],
    model: Annotated[str, typer.Option(help="Model that is judged on them.")] = "extractive",
) -> None:
    """Set a model's frozen evaluation set; training data that share a passage with it are left out from now on."""
    versions = Versions(Bucket(load_settings(DataSettings).s3))
    rows = [row for file in files for row in read_lines(_read(file), _name_of(file))]
    card = versions.freeze(model, [replace(row, part="test") for row in deduplicated(rows)])
    typer.echo(shown(f"{card['version']}: {card['documents']} documents"))


def _sources(settings: DataSettings) -> Sources:
    block = settings.trainer
    key = block.api_key.get_secret_value() if block.api_key else None
    return Sources(
        Bucket(settings.s3), folder=block.data_folder, feedback_url=block.feedback_url, feedback_key=key
    )


def _name_of(file: Path) -> str:
    """`x/train.jsonl.gz` is the set x; any other file is named by itself."""
    stem = file.name.split(".")[0]
    return file.resolve().parent.name if stem in {"train", "validation", "test"} else stem


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise Rejected(
            f"{file} cannot be read: {error.strerror}", code="unreadable", remedy="Check the path."
        ) from None
