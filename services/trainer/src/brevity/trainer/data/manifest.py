"""A version as one Parquet file, and its data card."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from brevity.common.errors import Rejected
from brevity.common.ids import content_hash
from brevity.trainer.data.rows import Row, version_of

_SCHEMA = pa.schema([(field.name, pa.string()) for field in fields(Row)])


def to_parquet(rows: Sequence[Row]) -> bytes:
    """The rows in their order, compressed."""
    columns = {name: [getattr(row, name) for row in rows] for name in _SCHEMA.names}
    out = io.BytesIO()
    pq.write_table(pa.table(columns, schema=_SCHEMA), out, compression="zstd", row_group_size=2_000)
    return out.getvalue()


def from_parquet(data: bytes, version: str) -> list[Row]:
    """The rows of `version`. Raises Rejected `bad_dataset` when the bytes are not that version's."""
    try:
        rows = [Row(**values) for values in pq.read_table(io.BytesIO(data)).to_pylist()]
    except (pa.ArrowException, TypeError) as error:
        raise _bad(version, type(error).__name__) from error
    if version_of(rows) != version:
        raise _bad(version, "its rows are not the ones it was made of")
    return rows


def card(version: str, rows: Sequence[Row], parquet: bytes, evaluation: str | None = None) -> dict[str, Any]:
    """What somebody must know who wants to use or pass on the data: counts, languages, sources, licences, hashes."""
    words = [len(row.text.split()) for row in rows]
    return {
        "version": version,
        "documents": len(rows),
        "words": sum(words),
        "longest_words": max(words, default=0),
        "parts": _counted(row.part for row in rows),
        "sets": {
            name: {
                "documents": sum(row.set == name for row in rows),
                "parts": _counted(row.part for row in rows if row.set == name),
                "licences": sorted({row.licence or "not stated" for row in rows if row.set == name}),
                "sources": sorted({row.source or "not stated" for row in rows if row.set == name}),
            }
            for name in sorted({row.set for row in rows})
        },
        "languages": _counted(row.language for row in rows),
        "origins": _counted(row.origin for row in rows),
        "kept_apart_from": evaluation,
        "sha256": content_hash(parquet),
        "size_bytes": len(parquet),
    }


def _counted(values: Any) -> dict[str, int]:
    return dict(sorted(Counter(values).items()))


def _bad(version: str, why: str) -> Rejected:
    return Rejected(
        f"the stored bytes of {version} are damaged: {why}",
        code="bad_dataset",
        remedy="Restore the object from a backup, or build the data again.",
    )
