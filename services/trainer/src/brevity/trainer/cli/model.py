"""`brevity model`: make a registered version smaller or faster. `brevity models` shows and promotes versions."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

import typer

from brevity.trainer.cli.door import Door
from brevity.trainer.cli.train import follow

app = typer.Typer(
    help="Make a version smaller or faster: convert, distill.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
Parent = Annotated[str, typer.Argument(help="The version: MODEL/VERSION or MODEL/champion.")]
Watch = Annotated[bool, typer.Option("--watch", help="Show its progress until it ends.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


@app.command()
def convert(
    parent: Parent = "seq2seq/champion",
    to: Annotated[Literal["ctranslate2"], typer.Option(help="What to convert it to.")] = "ctranslate2",
    quantization: Annotated[
        Literal["int8", "int8_float16", "float16", "float32"], typer.Option(help="How weights are stored.")
    ] = "int8",
    model: Annotated[str, typer.Option(help="Name to register it under.")] = "ctranslate2",
    watch: Watch = False,
    as_json: AsJson = False,
) -> None:
    """Quantize a version; it is registered, compared with its parent by the gate, and promoted or refused."""
    _ask(model, to, parent, {"quantization": quantization}, watch, as_json)


@app.command()
def distill(
    parent: Parent = "seq2seq/champion",
    decoder_layers: Annotated[
        int | None, typer.Option(min=1, help="Of the student; else half the teacher's.")
    ] = None,
    epochs: Annotated[float | None, typer.Option(min=0.01, help="Passes over the documents.")] = None,
    model: Annotated[str, typer.Option(help="Name to register it under.")] = "seq2seq",
    watch: Watch = False,
    as_json: AsJson = False,
) -> None:
    """Train a student with fewer decoder layers on what the version writes; the gate compares both."""
    wanted = {"decoder_layers": decoder_layers, "epochs": epochs}
    parameters = {name: value for name, value in wanted.items() if value is not None}
    _ask(model, "seq2seq", parent, parameters, watch, as_json)


def _ask(
    model: str, engine: str, parent: str, parameters: dict[str, Any], watch: bool, as_json: bool
) -> None:
    door = Door.from_environment()
    job = door.post(
        "/v1/train",
        {"model": model, "engine": engine, "variant_of": parent, "parameters": parameters},
    )
    if watch:
        follow(door, job["job_id"], as_json)
    else:
        typer.echo(json.dumps(job) if as_json else job["job_id"])
