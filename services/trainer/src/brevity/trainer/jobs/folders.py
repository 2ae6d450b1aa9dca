"""The places that jobs work in, one folder a job and one prefix of the bucket: downloads, checkpoints, the model made."""

from __future__ import annotations

import re
import shutil
import uuid
from pathlib import Path

from brevity.common.errors import Rejected
from brevity.common.observability.logging import get_logger
from brevity.trainer.data.bucket import Bucket
from brevity.trainer.jobs.store import Jobs

log = get_logger(__name__)

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]{0,199}")
_ASIDE = ".ended-"


def folder_of(work: Path, job_id: str) -> Path:
    """Where a job works. Raises Rejected `bad_request` for an id that would name another place."""
    if not _NAME.fullmatch(job_id):
        raise Rejected(
            f"{job_id!r} cannot be the id of a job",
            code="bad_request",
            remedy="Use letters, digits and _ . : - in it.",
        )
    return work / job_id


def key_of(job_id: str, name: str = "") -> str:
    """Where a job keeps the model it has made until that is registered, for whichever machine resumes it."""
    return f"training/jobs/{job_id}/{name}"


class WorkFolders:
    """Clears away the folders of jobs that have ended, and what they kept in the bucket.

    A job that waits or runs keeps both, to go on from them. Folders of jobs that the store does not know are left alone:
    another trainer may share the place.
    """

    def __init__(self, work: Path, jobs: Jobs, bucket: Bucket) -> None:
        self._work = work
        self._jobs = jobs
        self._bucket = bucket

    def turn(self) -> None:
        """Raises Unavailable."""
        found = [path.name for path in self._work.iterdir()] if self._work.is_dir() else []
        for name in found:
            if name.startswith(_ASIDE):  # of a process that ended while it deleted
                shutil.rmtree(self._work / name, ignore_errors=True)
        for job_id in self._jobs.ended_among([name for name in found if _NAME.fullmatch(name)]):
            # Before the folder, which is what tells that there is something to clear away.
            for key in self._bucket.list(key_of(job_id)):
                self._bucket.delete(key)
            # Put aside at once: a job that is begun again meanwhile finds all of its folder, or none.
            aside = self._work / f"{_ASIDE}{uuid.uuid4().hex}"
            try:
                (self._work / job_id).rename(aside)
            except OSError:
                continue  # another instance was faster
            shutil.rmtree(aside, ignore_errors=True)
            log.info("work folder removed", job_id=job_id)
