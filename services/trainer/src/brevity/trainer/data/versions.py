"""Versions of data in the bucket, in DVC's own layout: what `dvc pull` and `brevity data checkout` give are the same bytes.

    dvc/files/md5/ab/cdef...              the Parquet file, named by its MD5 as DVC names it
    datasets/<version>/data.parquet.dvc   DVC's pointer to it
    datasets/<version>/card.json          the data card
    datasets/<version>/erased.json        instead of all these, once a text in it had to be erased
    datasets/evaluation/<model>           the name of the frozen evaluation set's version

A version that is there is never written again: its bytes stay as they are, whatever a newer library would write.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from brevity.common.errors import Rejected
from brevity.trainer.data.bucket import Bucket
from brevity.trainer.data.manifest import card, from_parquet, to_parquet
from brevity.trainer.data.rows import Row, version_of

REMOTE = "dvc"
"""The prefix in the bucket that is the DVC remote."""
FILE = "data.parquet"


class Versions:
    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    def save(self, rows: Sequence[Row], *, evaluation: str | None = None) -> dict[str, Any]:
        """Keep the rows as a version, if it is not there yet; returns its card.

        `evaluation`: the version of the frozen set that the rows were kept apart from.

        Raises:
            Rejected: `empty_dataset`.
        """
        if not rows:
            raise Rejected(
                "there is no document to train on",
                code="empty_dataset",
                remedy="Add sources with `brevity data add`, or collect reviewers' edits first.",
            )
        version = version_of(rows)
        there = self._bucket.find(_place(version, "card.json"))
        if there is not None:
            return json.loads(there)
        data = to_parquet(rows)
        md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()  # DVC's own name for it
        described = card(version, rows, data, evaluation)
        self._bucket.put(_object(md5), data)
        self._bucket.put(_place(version, f"{FILE}.dvc"), _pointer(md5, len(data)), "application/yaml")
        # The card comes last: where it is, everything is.
        self._bucket.put(
            _place(version, "card.json"), json.dumps(described, indent=1).encode(), "application/json"
        )
        return described

    def card(self, version: str) -> dict[str, Any]:
        """Raises Rejected `unknown_version`."""
        return json.loads(self._read(version, "card.json"))

    def bytes(self, version: str) -> bytes:
        """The Parquet file as it was written. Raises Rejected `unknown_version`, `bad_dataset`."""
        pointer = yaml.safe_load(self._read(version, f"{FILE}.dvc"))
        md5 = str(pointer["outs"][0]["md5"])
        data = self._bucket.get(_object(md5))
        if hashlib.md5(data, usedforsecurity=False).hexdigest() != md5:
            raise Rejected(
                f"the stored bytes of {version} are damaged",
                code="bad_dataset",
                remedy="Restore the object from a backup, or build the data again.",
            )
        return data

    def rows(self, version: str) -> list[Row]:
        """Raises Rejected `unknown_version`, `bad_dataset`."""
        return from_parquet(self.bytes(version), version)

    def list(self) -> list[str]:
        return [key.split("/")[1] for key in self._bucket.list("datasets/data-") if key.endswith("card.json")]

    def checkout(self, version: str, folder: Path) -> Path:
        """Write the version's file, its DVC pointer and its card into `folder`; returns the file's path."""
        folder.mkdir(parents=True, exist_ok=True)
        data = self.bytes(version)
        (folder / f"{FILE}.dvc").write_bytes(self._read(version, f"{FILE}.dvc"))
        (folder / "card.json").write_bytes(self._read(version, "card.json"))
        (folder / FILE).write_bytes(data)
        return folder / FILE

    def freeze(self, model: str, rows: Sequence[Row]) -> dict[str, Any]:
        """Make the rows the frozen evaluation set of `model`: no later training set holds a passage of them."""
        described = self.save(rows)
        self._bucket.put(f"datasets/evaluation/{model}", str(described["version"]).encode(), "text/plain")
        return described

    def erase(self, version: str, digest: str, rest: str | None) -> None:
        """Delete the bytes of `version` for good, because of the text `digest`; `rest` is the version without it.

        Evaluation sets that were frozen at it go on with the rest. May be repeated.
        """
        for key in self._bucket.list("datasets/evaluation/"):
            if self._bucket.find(key) == version.encode():
                if rest is None:
                    self._bucket.delete(key)
                else:
                    self._bucket.put(key, rest.encode(), "text/plain")
        note = {"text": digest, "rest": rest}
        self._bucket.put(_place(version, "erased.json"), json.dumps(note).encode(), "application/json")
        self._bucket.delete(_place(version, "card.json"))
        pointer = self._bucket.find(_place(version, f"{FILE}.dvc"))
        if pointer is not None:  # it goes last: it names the bytes
            self._bucket.delete(_object(str(yaml.safe_load(pointer)["outs"][0]["md5"])))
            self._bucket.delete(_place(version, f"{FILE}.dvc"))

    def erased(self, digest: str) -> dict[str, str | None]:
        """The versions that are gone and held the text, each with the one that took its place."""
        notes = {
            key.split("/")[1]: json.loads(self._bucket.get(key))
            for key in self._bucket.list("datasets/data-")
            if key.endswith("/erased.json")
        }
        held = {version for version, note in notes.items() if note["text"] == digest}
        # What was erased earlier for another text held this one too, when the rest did.
        while more := {v for v, note in notes.items() if note["rest"] in held} - held:
            held |= more
        return {version: notes[version]["rest"] for version in sorted(held)}

    def frozen(self, model: str) -> str | None:
        """The version of the frozen evaluation set of `model`, if it has one."""
        found = self._bucket.find(f"datasets/evaluation/{model}")
        return found.decode() if found else None

    def _read(self, version: str, name: str) -> bytes:
        found = self._bucket.find(_place(version, name))
        if found is None:
            note = self._bucket.find(_place(version, "erased.json"))
            if note is not None:
                raise Rejected(
                    f"the data version {version} was erased, because a text in it had to be",
                    code="erased_version",
                    remedy=f"Use {json.loads(note)['rest'] or 'another'} instead.",
                )
            raise Rejected(
                f"there is no data version {version!r}",
                code="unknown_version",
                remedy="`brevity data list` lists them.",
            )
        return found


def _place(version: str, name: str) -> str:
    return f"datasets/{version}/{name}"


def _object(md5: str) -> str:
    return f"{REMOTE}/files/md5/{md5[:2]}/{md5[2:]}"


def _pointer(md5: str, size: int) -> bytes:
    return yaml.safe_dump(
        {"outs": [{"md5": md5, "size": size, "hash": "md5", "path": FILE}]}, sort_keys=False
    ).encode()
