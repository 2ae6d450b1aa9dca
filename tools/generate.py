"""Writes the generated files of the docs, the dashboards and deploy/k8s (`make docs`), or says which are stale (`--check`)."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import get_args

import yaml
from deploy.grafana import build

from brevity.common.contracts import vocabulary
from brevity.common.events import ALL_EVENTS, asyncapi
from brevity.common.kafka.topics import BY_NAME, TOPICS
from brevity.common.observability.tracing import service_version
from brevity.feedback.web import words
from tools import manifests, settings_table
from tools.compatibility import breaking

DOCS = Path(__file__).resolve().parents[1] / "docs"
_DAY_MS = 86_400_000


def generated() -> dict[str, str]:
    """Every generated file, by its path under docs/."""
    files = {f"schemas/{event.topic}.json": _json(asyncapi.schema(event)) for event in ALL_EVENTS}
    described = asyncapi.document(service_version("common"))
    files["asyncapi/asyncapi.yaml"] = yaml.safe_dump(
        described, sort_keys=False, allow_unicode=True, width=110, default_flow_style=False
    )
    files["settings.md"] = settings_table.render()
    files["topics.md"] = topics_page()
    files["vocabulary.md"] = vocabulary_page()
    files["adr/README.md"] = decisions_page()
    return files


def decisions_page(folder: Path = DOCS / "adr") -> str:
    """The list of decisions, from the records' own titles, in Markdown."""
    records = sorted(folder.glob("[0-9]*.md"))
    rows = [
        f"- [{record.read_text('utf-8').splitlines()[0].lstrip('# ')}]({record.name})" for record in records
    ]
    head = "What a newcomer might question, and why it is so. A decision that is replaced keeps its number."
    return "\n".join(["# Decisions", "", head, "", *rows, ""])


def vocabulary_page() -> str:
    """The words that services share, in Markdown."""
    warnings = [
        f"| `{code}` | {code.severity} | {words.WARNINGS[code][0]}. {words.WARNINGS[code][1]} |"
        for code in vocabulary.WarningCode
    ]
    closed = [
        f"| {what} | {', '.join(f'`{word}`' for word in get_args(kind))} |"
        for what, kind in (
            ("how a document stands", vocabulary.DocumentState),
            ("a summary's style", vocabulary.Style),
            ("a summary's length", vocabulary.Length),
            ("a rating", vocabulary.Rating),
            ("how a training job stands", vocabulary.JobState),
            ("why a training was started", vocabulary.TrainingReason),
            ("how a model version comes into service", vocabulary.RolloutMode),
            ("what a serving process made of it", vocabulary.ServedState),
        )
    ]
    return "\n".join(
        [
            "# Words that services share",
            "",
            "Declared once, in `brevity.common.contracts.vocabulary`. Codes of rejections are in [rejections](rejections.md).",
            "",
            "## Warnings on summaries",
            "",
            "`fact` and `support` count as unfaithful: for the [drift monitors](drift.md) and for the guard of"
            " [neural engines](long-documents.md). A `notice` does not.",
            "",
            "| code | severity | what the page says |",
            "|---|---|---|",
            *warnings,
            "",
            "## Others",
            "",
            "| what | words |",
            "|---|---|",
            *closed,
            f"| what was decided on a model version | {', '.join(f'`{word}`' for word in vocabulary.Decision)} |",
            f"| checks of the gate | {', '.join(f'`{word}`' for word in vocabulary.GateCheck)} |",
            "",
        ]
    )


def topics_page() -> str:
    """The table of topics, in Markdown."""
    rows = [
        f"| `{topic.name}` | {', '.join(topic.writers)} | {', '.join(topic.readers)} | {topic.key} "
        f"| {topic.partitions} | {_kept(topic.compacted, topic.retention_ms)} "
        f"| {topic.max_message_bytes // (1 << 20)} MiB | {topic.description} |"
        for topic in TOPICS
    ]
    head = "| topic | written by | read by | key | partitions | kept | largest record | carries |"
    return "\n".join(
        [
            "# Topics",
            "",
            "Made and corrected by `brevity topics apply`. Schemas are in [schemas](schemas), the AsyncAPI document in"
            " [asyncapi](asyncapi/asyncapi.yaml).",
            "",
            f"{_sentence_of(topic.name for topic in TOPICS if topic.broker_time)} carry the time at which the broker took them"
            " (`LogAppendTime`), whatever their writer's clock says; all other records carry their writer's.",
            "",
            head,
            "|---|---|---|---|---|---|---|---|",
            *rows,
            "",
        ]
    )


def _sentence_of(names: Iterable[str]) -> str:
    return "Records of " + ", ".join(f"`{name}`" for name in names)


def stale(folder: Path = DOCS) -> list[str]:
    """Paths of generated files that are missing, differ, or are no longer generated."""
    wanted = generated()
    found = {str(path.relative_to(folder)) for path in (folder / "schemas").glob("*.json")}
    differing = [
        name
        for name, text in wanted.items()
        if not (folder / name).is_file() or (folder / name).read_text("utf-8") != text
    ]
    return sorted({*differing, *(found - set(wanted))})


def broken(folder: Path = DOCS) -> list[str]:
    """What the models say that would break someone who reads or writes by the schemas released in `folder`.

    A model with a higher `schema_version` is another schema, with another CloudEvents type: it may differ.
    """
    found: list[str] = []
    for event in ALL_EVENTS:
        path = folder / "schemas" / f"{event.topic}.json"
        if not path.is_file():
            continue
        released, new = json.loads(path.read_text("utf-8")), asyncapi.schema(event)
        if new["$id"] == released["$id"]:
            found += [f"{event.topic}: {what}" for what in breaking(released, new, BY_NAME[event.topic])]
    return found


def write(folder: Path = DOCS) -> None:
    """Make `folder` hold the generated files, and no schema of a topic that is gone."""
    wanted = generated()
    for name in stale(folder):
        if name not in wanted:
            (folder / name).unlink()
    for name, text in wanted.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a file is stale")
    check = parser.parse_args(arguments).check
    breaks = broken()
    for what in breaks:
        print(f"not compatible with the released schema: {what}", file=sys.stderr)
    if breaks:
        print(
            "make the change an optional field, or raise the event's schema_version and say so in CHANGELOG.md",
            file=sys.stderr,
        )
        return 1
    if not check:
        write()
        build.write()
        manifests.write()
        return 0
    names = [f"docs/{name}" for name in stale()]
    names += [f"deploy/grafana/dashboards/{name}" for name in build.stale()]
    names += manifests.stale()
    for name in names:
        print(f"{name} is stale: run `make docs`", file=sys.stderr)
    return 1 if names else 0


def _kept(compacted: bool, retention_ms: int) -> str:
    days = f"{retention_ms // _DAY_MS} days" if retention_ms else ""
    return ", ".join(filter(None, ("last of each key" if compacted else "", days)))


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.exit(main())
