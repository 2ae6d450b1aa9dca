"""Where rows come from: JSON lines in the bucket or a folder, and feedback's exports."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from brevity.common.errors import Rejected, Unavailable
from brevity.common.ids import content_hash
from brevity.trainer.data.bucket import Bucket
from brevity.trainer.data.rows import Row, deduplicated, parted, passage_marks, row, spaced
from brevity.trainer.data.spec import DatasetSpec
from brevity.trainer.data.versions import Versions

SOURCES = "training/sources/"
FEEDBACK_SET = "feedback"
_LEAST_WORDS = 5


class Sources:
    """Everything one may train on.

    Args:
        folder: Sets as `<name>/train.jsonl.gz`, beside those in the bucket.
        feedback_url: Feedback's HTTP door; None for no feedback.
    """

    def __init__(
        self,
        bucket: Bucket,
        *,
        folder: Path | None = None,
        feedback_url: str | None = None,
        feedback_key: str | None = None,
    ) -> None:
        self._bucket = bucket
        self._folder = folder
        self._feedback_url = feedback_url
        self._headers = {"X-API-Key": feedback_key} if feedback_key else {}

    def add(self, name: str, data: bytes) -> int:
        """Keep JSON lines (gzipped or not) as the source `name`; returns how many rows it has. Raises Rejected."""
        rows = list(read_lines(data, name))
        if not rows:
            raise Rejected(
                f"{name} holds no rows", code="empty_source", remedy="Give text and summary in each."
            )
        packed = data if data[:2] == b"\x1f\x8b" else gzip.compress(data, mtime=0)
        self._bucket.put(f"{SOURCES}{name}.jsonl.gz", packed, "application/gzip")
        return len(rows)

    def erase(self, digest: str) -> list[str]:
        """Take the text whose SHA-256 is `digest` out of the bucket's sources; returns the names of those that held it.

        Sources in a folder are files of whoever runs the trainer, and stay.
        """
        held: list[str] = []
        for key in self._bucket.list(SOURCES):
            lines = gzip.decompress(self._bucket.get(key)).split(b"\n")
            kept = [line for line in lines if not _holds(line, digest)]
            if len(kept) < len(lines):
                self._bucket.put(key, gzip.compress(b"\n".join(kept), mtime=0), "application/gzip")
                held.append(key.removeprefix(SOURCES).removesuffix(".jsonl.gz"))
        return held

    def names(self) -> list[str]:
        """The sources there are, feedback aside."""
        in_bucket = [
            key.removeprefix(SOURCES).removesuffix(".jsonl.gz") for key in self._bucket.list(SOURCES)
        ]
        in_folder = (
            [path.parent.name for path in self._folder.glob("*/train.jsonl.gz")] if self._folder else []
        )
        return sorted({*in_bucket, *in_folder})

    def assemble(self, spec: DatasetSpec, versions: Versions, model: str) -> dict[str, Any]:
        """Gather, deduplicate, keep apart from the frozen set, part, and keep as a version; returns its card.

        Raises:
            Rejected: A source is unknown or unreadable, or nothing is left.
            Unavailable: The bucket or feedback does not answer.
        """
        if spec.version is not None:
            return versions.card(spec.version)
        there = self.names()
        unknown = sorted(set(spec.sets) - set(there))
        if unknown:
            raise Rejected(
                f"there is no source {', '.join(unknown)}",
                code="unknown_source",
                remedy=f"Sources: {', '.join(there) or 'none'}.",
            )
        rows: list[Row] = []
        for name in spec.sets or there:
            rows += spaced(list(self._source(name)), spec.most)
        if spec.feedback and self._feedback_url:
            rows += self._feedback()
        frozen = versions.frozen(model)
        kept_out: set[int] = set()
        for item in versions.rows(frozen) if frozen else ():
            kept_out |= passage_marks(item.text)
        return versions.save(parted(deduplicated(rows), frozenset(kept_out)), evaluation=frozen)

    def _source(self, name: str) -> Iterator[Row]:
        data = self._bucket.find(f"{SOURCES}{name}.jsonl.gz")
        if data is None:
            assert self._folder is not None  # noqa: S101 - `names` listed it
            data = (self._folder / name / "train.jsonl.gz").read_bytes()
        return read_lines(data, name)

    def _feedback(self) -> Iterator[Row]:
        for item in self._export("references"):
            yield _from_feedback(item, item["reference"], "edit")
        for item in self._export("preferences", edited="false"):  # those came as references
            yield _from_feedback(item, item["chosen"], "choice")

    def _export(self, name: str, **query: str) -> Iterator[dict[str, Any]]:
        url = f"{self._feedback_url}/v1/{name}"
        try:
            with httpx.stream(
                "GET", url, params=query, headers=self._headers, timeout=60, trust_env=False
            ) as answer:
                if answer.status_code in (401, 403):
                    raise Rejected(
                        f"feedback refuses its {name} ({answer.status_code})",
                        code="feedback_refused",
                        remedy="Give BREVITY_TRAINER_API_KEY a key with the role admin.",
                    )
                answer.raise_for_status()
                for line in answer.iter_lines():
                    if line:
                        yield json.loads(line)
        except (httpx.HTTPError, ValueError) as error:
            raise Unavailable(
                f"feedback does not give its {name}: {type(error).__name__}", code="feedback"
            ) from error


def _holds(line: bytes, digest: str) -> bool:
    """Whether a line of a source is about the text. Sources were read once before they were kept."""
    return bool(line.strip()) and content_hash(str(json.loads(line)["text"]).encode()) == digest


def _from_feedback(item: dict[str, Any], summary: str, origin: Any) -> Row:
    return row(
        set_name=FEEDBACK_SET,
        text=item["source"],
        summary=summary,
        language=item["language"],
        origin=origin,
        id=item["document_id"],
        source="reviewers",
        licence="the document owner's",
        recorded_at=str(item.get("recorded_at") or ""),
    )


def read_lines(data: bytes, name: str) -> Iterator[Row]:
    """Rows of JSON lines: `text` and `summary` are needed, `language` is `en` when absent.

    Raises Rejected `bad_source` with the line. Rows whose text or summary has no words are left out.
    """
    try:
        content = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
        lines = content.decode("utf-8").split("\n")  # not splitlines: texts hold other separators
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise _bad(name, 0, type(error).__name__) from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
            text, summary = str(value["text"]), str(value["summary"])
        except (ValueError, KeyError, TypeError) as error:
            raise _bad(name, number, str(error)[:100]) from error
        if len(text.split()) >= _LEAST_WORDS and summary.strip():
            further = {
                key: str(value[key]) for key in ("id", "domain", "source", "licence") if value.get(key)
            }
            yield row(
                set_name=name,
                text=text,
                summary=summary,
                language=str(value.get("language") or "en"),
                origin="file",
                **further,
            )


def _bad(name: str, number: int, why: str) -> Rejected:
    return Rejected(
        f"{name}: line {number} is not a row ({why})",
        code="bad_source",
        remedy="Write one JSON object a line, with text and summary.",
    )
