"""Models of any size between trainer, object store and replica: in bounded memory, whole and checked, or not at all."""

from __future__ import annotations

import io
import json
import os
import resource
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from brevity.common.errors import Fatal, Rejected, Unavailable
from brevity.common.events import ObjectRef
from brevity.common.ids import content_hash
from brevity.common.settings import S3Settings
from brevity.common.storage.s3 import S3ObjectStore
from brevity.neural.archive import pack
from brevity.nlp import ranker
from brevity.summarize.engines.models import load_neural
from brevity.summarize.engines.registry import load_engine
from brevity.summarize.settings import SummarizeSettings
from brevity.summarize.versions.cache import ModelCache
from tests.support.stack import Stack

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]

LARGE_MEGABYTES = 200
MOST_GROWTH = 40_000_000
"""Bytes: some parts of an upload are in work at once. The archive has five times as many."""


@pytest.fixture
def store(stack: Stack) -> S3ObjectStore:
    return S3ObjectStore(stack.s3)


def stored(store: S3ObjectStore, data: bytes) -> ObjectRef:
    key = f"models/archives/{uuid.uuid4().hex}"
    store.put(key, data)
    return ObjectRef(uri=f"s3://{store.bucket}/{key}", sha256=content_hash(data))


def test_memory_does_not_grow_with_the_archive(stack: Stack, tmp_path: Path) -> None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("BREVITY_")}
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.streaming", str(tmp_path), str(LARGE_MEGABYTES)],
        env={**environ, **stack.environ()},
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr[-3_000:]
    assert json.loads(done.stdout)["grew"] < MOST_GROWTH


def test_a_file_in_parts_arrives_as_it_was(store: S3ObjectStore, tmp_path: Path) -> None:
    data = os.urandom(1 << 20) * 17 + b"end"  # one part and a little
    file = tmp_path / "file"
    file.write_bytes(data)
    store.put_file("models/archives/parts", file)
    out = io.BytesIO()
    assert store.fetch("models/archives/parts", out, max_bytes=len(data)) == content_hash(data)
    assert out.getvalue() == data


def test_more_than_is_allowed_is_refused_before_it_is_written(store: S3ObjectStore) -> None:
    reference = stored(store, b"x" * 10_001)
    out = io.BytesIO()
    with pytest.raises(Rejected, match="limit of 10,000 bytes"):
        store.fetch(reference.object_key, out, max_bytes=10_000)
    assert not out.getvalue()


@contextmanager
def cut_off() -> Generator[S3Settings]:
    """A store that promises 1,000,000 bytes and goes away after some of them, each time it is asked."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(65_536)
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 300_000)

        thread = threading.Thread(target=answer)
        thread.start()
        try:
            port = server.getsockname()[1]
            yield S3Settings.model_validate(
                {
                    "endpoint_url": f"http://127.0.0.1:{port}",
                    "access_key_id": "key",
                    "secret_access_key": "secret",
                }
            )
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


def test_half_a_download_is_tried_again_later_and_never_served(tmp_path: Path) -> None:
    with cut_off() as settings:
        cache = ModelCache(S3ObjectStore(settings), tmp_path / "kept", max_bytes=2_000_000)
        with pytest.raises(Unavailable):
            cache.fetch("seq2seq", ObjectRef(uri="s3://b/model.tar", sha256=content_hash(b"x" * 300_000)))
        with pytest.raises(Unavailable):
            S3ObjectStore(settings).get("a text", max_bytes=2_000_000)
    assert not list((tmp_path / "kept").iterdir())


def test_what_a_killed_process_left_half_done_goes_and_what_is_being_written_stays(
    store: S3ObjectStore, tmp_path: Path
) -> None:
    cache = ModelCache(store, tmp_path, max_bytes=1_000_000)
    reference = stored(store, b"a model")
    kept = cache.fetch("seq2seq", reference)
    left = tmp_path / ".unfinished-a", kept.parent / "model.unfinished-b"
    at_work = tmp_path / ".unfinished-c"
    for place in (*left, at_work):
        place.mkdir()
        (place / "part").write_bytes(b"half")
    long_ago = time.time() - 3_600
    for path in (*left, *(place / "part" for place in left), at_work):
        os.utime(path, (long_ago, long_ago))
    cache.prune()
    assert [place.exists() for place in left] == [False, False]
    assert at_work.exists()  # its file was written to just now
    assert cache.fetch("seq2seq", reference) == kept


@contextmanager
def full_disk(room: int) -> Generator[None]:
    """No file of this process may become larger than `room` bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_without_room_the_error_says_so_and_nothing_is_left(store: S3ObjectStore, tmp_path: Path) -> None:
    model = tmp_path / "model"
    model.mkdir()
    (model / "config.json").write_text('{"is_encoder_decoder": true}')
    (model / "model.safetensors").write_bytes(bytes(40_000_000))
    pack(model, tmp_path / "model.tar")
    store.put_file("models/archives/room", tmp_path / "model.tar")
    cache = ModelCache(store, tmp_path / "kept", max_bytes=100_000_000)
    reference = ObjectRef(uri=f"s3://{store.bucket}/models/archives/room")
    with full_disk(20_000_000), pytest.raises(Fatal, match="cannot be kept") as caught:
        cache.fetch("seq2seq", reference)
    assert caught.value.code == "model_cache"
    assert not list((tmp_path / "kept").iterdir())
    archive = cache.fetch("seq2seq", reference)
    with full_disk(20_000_000), pytest.raises(Fatal, match="cannot be kept") as caught:
        load_neural("seq2seq", str(archive), SummarizeSettings())
    assert caught.value.code == "model_cache"
    assert list(archive.parent.iterdir()) == [archive]


def test_an_extractive_model_of_gigabytes_is_refused_before_it_is_fetched_or_read(
    store: S3ObjectStore, tmp_path: Path
) -> None:
    large = tmp_path / "model.json"
    with large.open("wb") as file:
        file.truncate(3 << 30)  # takes no room
    began = time.perf_counter()
    with pytest.raises(Fatal, match="67,108,864 bytes"):
        load_engine(f"extractive:{large}")
    assert time.perf_counter() - began < 1, "it was read"
    with large.open("r+b") as file:
        file.truncate(ranker.MOST_BYTES + 1)
    store.put_file("models/archives/large", large)
    cache = ModelCache(store, tmp_path / "kept", max_bytes=8 << 30)
    reference = ObjectRef(uri=f"s3://{store.bucket}/models/archives/large")
    with pytest.raises(Fatal) as caught:
        cache.fetch("extractive", reference)
    assert caught.value.code == "model_too_large"
    assert cache.fetch("seq2seq", reference).stat().st_size == ranker.MOST_BYTES + 1
