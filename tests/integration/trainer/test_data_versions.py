"""Versions of data in the real bucket: the same bytes again, for us and for DVC."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import uuid
from pathlib import Path

import pytest
import yaml

from brevity.common.errors import Rejected
from brevity.trainer.data.bucket import Bucket
from brevity.trainer.data.sources import Sources
from brevity.trainer.data.spec import DatasetSpec
from brevity.trainer.data.versions import Versions
from tests.support.data import real_rows
from tests.support.stack import Stack

pytestmark = pytest.mark.stack


@pytest.fixture
def bucket(stack: Stack) -> Bucket:
    made = Bucket(stack.s3.model_copy(update={"bucket": f"data-{uuid.uuid4().hex[:8]}"}))
    made.ensure()
    return made


def lines(name: str, split: str, limit: int) -> bytes:
    return "".join(json.dumps(item) + "\n" for item in real_rows(name, split, limit)).encode()


def test_a_version_gives_the_same_bytes_again_and_the_same_data_are_the_same_version(
    bucket: Bucket, tmp_path: Path
) -> None:
    sources, versions = Sources(bucket), Versions(bucket)
    sources.add("clinic", lines("clinic-dialogue", "train", 60))
    first = sources.assemble(DatasetSpec(), versions, "m")
    again = sources.assemble(DatasetSpec(), versions, "m")
    assert first == again
    file = versions.checkout(first["version"], tmp_path / "a")
    assert file.read_bytes() == versions.checkout(first["version"], tmp_path / "b").read_bytes()
    assert versions.rows(first["version"])[0].licence == "CC-BY-4.0"
    sources.add("tldr", gzip.compress(lines("science-tldr", "train", 30)))
    other = sources.assemble(DatasetSpec(), versions, "m")
    assert other["version"] != first["version"]
    assert set(other["sets"]) == {"clinic", "tldr"}
    assert versions.list() == sorted([first["version"], other["version"]])
    only = sources.assemble(DatasetSpec(sets=("clinic",)), versions, "m")
    assert only["version"] == first["version"]
    with pytest.raises(Rejected, match="unknown_source"):
        sources.assemble(DatasetSpec(sets=("clinics",)), versions, "m")
    with pytest.raises(Rejected, match="unknown_version"):
        versions.checkout("data-none", tmp_path / "c")


def test_the_frozen_set_is_never_trained_on(bucket: Bucket) -> None:
    sources, versions = Sources(bucket), Versions(bucket)
    sources.add("clinic", lines("clinic-dialogue", "train", 60))
    everything = versions.rows(sources.assemble(DatasetSpec(), versions, "m")["version"])
    frozen = versions.freeze("m", everything[:10])
    card = sources.assemble(DatasetSpec(), versions, "m")
    left = {item.content_hash for item in versions.rows(card["version"])}
    assert card["kept_apart_from"] == frozen["version"]
    assert left <= {item.content_hash for item in everything[10:]}
    assert sources.assemble(DatasetSpec(), versions, "another")["kept_apart_from"] is None


def test_damaged_bytes_are_refused(bucket: Bucket, tmp_path: Path) -> None:
    versions = Versions(bucket)
    sources = Sources(bucket)
    sources.add("clinic", lines("clinic-dialogue", "train", 30))
    version = sources.assemble(DatasetSpec(), versions, "m")["version"]
    (key,) = bucket.list("dvc/files/md5/")
    bucket.put(key, bucket.get(key)[:-1])
    with pytest.raises(Rejected, match="bad_dataset"):
        versions.checkout(version, tmp_path)


def test_no_data_is_no_version(bucket: Bucket) -> None:
    with pytest.raises(Rejected, match="empty_dataset"):
        Sources(bucket).assemble(DatasetSpec(), Versions(bucket), "m")


def test_the_pointer_is_one_that_dvc_wrote_itself_would_write(bucket: Bucket, tmp_path: Path) -> None:
    sources, versions = Sources(bucket), Versions(bucket)
    sources.add("clinic", lines("clinic-dialogue", "train", 30))
    version = sources.assemble(DatasetSpec(), versions, "m")["version"]
    file = versions.checkout(version, tmp_path)
    pointer = yaml.safe_load((tmp_path / "data.parquet.dvc").read_text())
    (out,) = pointer["outs"]
    assert (out["hash"], out["path"], out["size"]) == ("md5", "data.parquet", file.stat().st_size)
    assert bucket.get(f"dvc/files/md5/{out['md5'][:2]}/{out['md5'][2:]}") == file.read_bytes()


@pytest.mark.skipif(shutil.which("dvc") is None, reason="needs the dvc command, with its S3 extra")
def test_dvc_itself_pulls_the_same_bytes(bucket: Bucket, stack: Stack, tmp_path: Path) -> None:
    sources, versions = Sources(bucket), Versions(bucket)
    sources.add("clinic", lines("clinic-dialogue", "train", 30))
    version = sources.assemble(DatasetSpec(), versions, "m")["version"]
    file = versions.checkout(version, tmp_path)
    data = file.read_bytes()
    file.unlink()
    environ = {
        **os.environ,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local-development-only",
        "DVC_NO_ANALYTICS": "1",
    }

    def dvc(*arguments: str) -> None:
        done = subprocess.run(
            ["dvc", *arguments], cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=100
        )
        assert done.returncode == 0, done.stderr

    dvc("init", "--no-scm")
    dvc("remote", "add", "-d", "platform", f"s3://{bucket.name}/dvc")
    dvc("remote", "modify", "platform", "endpointurl", stack.s3.endpoint_url or "")
    dvc("pull")
    assert file.read_bytes() == data
