"""The bundled real documents."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

SAMPLES = Path(__file__).resolve().parents[2] / "samples" / "documents.jsonl"


@cache
def sample_documents() -> tuple[dict[str, str], ...]:
    """Every bundled document, as submitted."""
    return tuple(json.loads(line) for line in SAMPLES.read_text().splitlines())


def sample_texts() -> list[str]:
    return [document["text"] for document in sample_documents()]
