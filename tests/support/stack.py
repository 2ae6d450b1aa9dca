"""The local stack for tests: one shared by a whole session, or a fresh one of one's own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from deploy.local.java import JARS
from deploy.local.stack import Stack

from brevity.common.kafka.admin import apply_topics
from brevity.common.storage.s3 import S3ObjectStore

__all__ = ["Stack", "fresh_stack", "require_local_stack"]


def require_local_stack() -> None:
    """Skip the test where the local stack cannot run; in CI fail it, so that nothing is left out unseen."""
    if shutil.which("java") is not None and (JARS.exists() or shutil.which("mvn") is not None):
        return
    reason = "needs Java 17 and the jars of `make setup`"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def fresh_stack(folder: Path) -> Generator[Stack]:
    """A stack with the declared topics and the bucket, in `folder`, gone at the end."""
    with Stack(folder) as stack:
        apply_topics(stack.kafka)
        S3ObjectStore(stack.s3).ensure_bucket()
        yield stack
