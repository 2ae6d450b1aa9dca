"""A model's archive: the same bytes for the same model, and nothing in it that could run or leave its place."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
import tracemalloc
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from brevity.neural import archive
from brevity.neural.archive import (
    BadModel,
    archived_version,
    is_ctranslate2,
    kind_of,
    model_version,
    pack,
    unpack,
    write,
)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"weights")
    (folder / "config.json").write_text('{"is_encoder_decoder": true}')
    (folder / "training_args.bin").write_bytes(b"\x80pickle")
    (folder / "README.md").write_text("not needed")
    (folder / "checkpoint-1").mkdir()
    return folder


def crafted(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for member, data in members:
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return out.getvalue()


def plain(name: str, data: bytes = b"{}") -> tuple[tarfile.TarInfo, bytes]:
    return tarfile.TarInfo(name), data


def test_equal_models_give_equal_bytes_wherever_and_whenever_they_were_written(
    model: Path, tmp_path: Path
) -> None:
    first, version = packed(model), model_version(model)
    unpack(first, tmp_path / "copy")
    os.utime(tmp_path / "copy" / "config.json", (1, 1))
    assert packed(tmp_path / "copy").read_bytes() == first.read_bytes()
    assert archived_version(first, "seq2seq") == version
    assert model_version(tmp_path / "copy") == version
    assert version.startswith("seq2seq-")
    assert sorted(path.name for path in (tmp_path / "copy").iterdir()) == ["config.json", "model.safetensors"]
    (model / "model.safetensors").write_bytes(b"Weights")
    assert packed(model).read_bytes() != first.read_bytes()
    assert model_version(model) != version


def packed(folder: Path) -> Path:
    archive = folder.with_name(f"{folder.name}-{uuid.uuid4().hex}.tar")
    digest = pack(folder, archive)
    assert digest == hashlib.sha256(archive.read_bytes()).hexdigest()
    assert not list(folder.parent.glob("*unfinished*"))
    return archive


def test_what_is_written_to_an_open_file_is_the_archive(model: Path) -> None:
    out = io.BytesIO()
    assert write(model, out) == hashlib.sha256(out.getvalue()).hexdigest()
    assert out.getvalue() == packed(model).read_bytes()
    with tarfile.open(fileobj=io.BytesIO(out.getvalue())) as tar:  # anybody can open it
        assert tar.getnames() == ["config.json", "model.safetensors"]


def test_files_of_more_than_8_gib_take_another_form_that_is_read_alike(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = packed(model)
    monkeypatch.setattr(archive, "_MOST_IN_USTAR", 3)
    large = packed(model)
    assert large.read_bytes() != usual.read_bytes()
    unpack(large, tmp_path / "copy")
    assert model_version(tmp_path / "copy") == archived_version(large, "seq2seq") == model_version(model)


def test_several_processes_may_unpack_to_one_place(model: Path, tmp_path: Path) -> None:
    (model / "model.safetensors").write_bytes(bytes(8_000_000))
    archive = packed(model)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: unpack(archive, tmp_path / "copy"), range(8)))
    assert model_version(tmp_path / "copy") == model_version(model)
    assert not list(tmp_path.glob("copy.*"))


@pytest.mark.parametrize("name", ["../config.json", "/etc/config.json", "a/config.json", "code.py", ".json"])
def test_a_name_that_leaves_the_folder_or_is_no_models_is_refused(name: str, tmp_path: Path) -> None:
    refused(crafted(plain(name)), tmp_path)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE])
def test_links_pipes_and_folders_are_refused(kind: bytes, tmp_path: Path) -> None:
    member = tarfile.TarInfo("config.json")
    member.type, member.linkname = kind, "model.safetensors"
    refused(crafted((member, b"")), tmp_path)


def test_too_much_too_many_and_twice_are_refused(tmp_path: Path) -> None:
    refused(crafted(plain("config.json", b"x" * 2_000)), tmp_path, most_bytes=1_000)
    refused(crafted(*(plain(f"{n}.json") for n in range(501))), tmp_path)
    refused(crafted(plain("config.json"), plain("config.json")), tmp_path)
    refused(b"no archive at all", tmp_path)


@pytest.mark.parametrize("size", [10**9, 9 << 30, -512])
def test_a_header_that_promises_more_than_there_is_or_should_be_is_refused(size: int, tmp_path: Path) -> None:
    for name in ("config.json", "model.safetensors"):
        member = tarfile.TarInfo(name)
        member.size = size
        refused(member.tobuf(tarfile.GNU_FORMAT) + b"{}", tmp_path)


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_SPARSE])
def test_extended_headers_are_refused_and_never_read(kind: bytes, tmp_path: Path) -> None:
    """`tarfile` itself would read such a header whole, whatever its size."""
    member = tarfile.TarInfo("config.json")
    member.type, member.size = kind, 300_000_000
    archive = tmp_path / "crafted"
    with archive.open("wb") as file:
        file.write(member.tobuf(tarfile.GNU_FORMAT))
        file.truncate(400_000_000)
    tracemalloc.start()
    try:
        with pytest.raises(BadModel, match="plain file"):
            unpack(archive, tmp_path / "out")
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()


def refused(archive: bytes, tmp_path: Path, **limits: int) -> None:
    place = tmp_path / "crafted"
    place.write_bytes(archive)
    with pytest.raises(BadModel) as refusal:
        unpack(place, tmp_path / "out", **limits)
    assert refusal.value.code == "bad_archive"
    assert not list(tmp_path.glob("out*")), "something of it was left"


def test_pickled_weights_are_refused_in_a_folder_and_in_an_archive(model: Path, tmp_path: Path) -> None:
    (model / "model.safetensors").unlink()
    (model / "pytorch_model.bin").write_bytes(b"PK\x03\x04")
    with pytest.raises(BadModel, match="pickled") as refusal:
        pack(model, tmp_path / "model.tar")
    assert refusal.value.code == "pickled_weights"
    assert not list(tmp_path.glob("model.*"))
    (tmp_path / "crafted").write_bytes(crafted(plain("config.json"), plain("model.bin", b"PK\x03\x04")))
    with pytest.raises(BadModel) as refusal:
        unpack(tmp_path / "crafted", tmp_path / "out")
    assert refusal.value.code == "pickled_weights"


def test_a_model_of_ctranslate2_is_known_by_how_it_begins(model: Path) -> None:
    (model / "model.bin").write_bytes(b"\x80\x04\x95pickle")
    assert not is_ctranslate2(model)
    (model / "model.bin").write_bytes(b"\x06\x00\x00\x00\x0f\x00TransformerSpec\x00\x07\x00\x00\x00")
    # The length counts the zero at the end: 16 characters, not 15.
    assert is_ctranslate2(model)
    assert kind_of(model) == "ctranslate2"
