"""The local stack for tests: one shared by a whole session, or a fresh one of one's own."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from deploy.local.stack import Stack

from brevity.common.kafka.admin import apply_topics
from brevity.common.storage.s3 import S3ObjectStore

__all__ = ["Stack", "fresh_stack"]


@contextmanager
def fresh_stack(folder: Path) -> Generator[Stack]:
    """A stack with the declared topics and the bucket, in `folder`, gone at the end."""
    with Stack(folder) as stack:
        apply_topics(stack.kafka)
        S3ObjectStore(stack.s3).ensure_bucket()
        yield stack
