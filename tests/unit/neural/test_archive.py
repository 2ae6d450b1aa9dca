"""A model's archive: the same bytes for the same model, and nothing in it that could run or leave its place."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
from pathlib import Path

import pytest

from brevity.neural.archive import BadModel, is_ctranslate2, kind_of, model_version, pack, unpack, write


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
    first, version = pack(model), model_version(model)
    unpack(first, tmp_path / "copy")
    os.utime(tmp_path / "copy" / "config.json", (1, 1))
    assert pack(tmp_path / "copy") == first
    assert model_version(tmp_path / "copy") == version
    assert version.startswith("seq2seq-")
    assert sorted(path.name for path in (tmp_path / "copy").iterdir()) == ["config.json", "model.safetensors"]
    (model / "model.safetensors").write_bytes(b"Weights")
    assert pack(model) != first
    assert model_version(model) != version


def test_the_digest_is_that_of_the_bytes(model: Path) -> None:
    out = io.BytesIO()
    assert write(model, out) == hashlib.sha256(out.getvalue()).hexdigest()
    assert out.getvalue() == pack(model)


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


def refused(archive: bytes, tmp_path: Path, **limits: int) -> None:
    with pytest.raises(BadModel) as refusal:
        unpack(archive, tmp_path / "out", **limits)
    assert refusal.value.code == "bad_archive"
    assert not list(tmp_path.glob("out*")), "something of it was left"


def test_pickled_weights_are_refused_in_a_folder_and_in_an_archive(model: Path, tmp_path: Path) -> None:
    (model / "model.safetensors").unlink()
    (model / "pytorch_model.bin").write_bytes(b"PK\x03\x04")
    with pytest.raises(BadModel, match="pickled") as refusal:
        pack(model)
    assert refusal.value.code == "pickled_weights"
    with pytest.raises(BadModel) as refusal:
        unpack(crafted(plain("config.json"), plain("model.bin", b"PK\x03\x04")), tmp_path / "out")
    assert refusal.value.code == "pickled_weights"


def test_a_model_of_ctranslate2_is_known_by_how_it_begins(model: Path) -> None:
    (model / "model.bin").write_bytes(b"\x80\x04\x95pickle")
    assert not is_ctranslate2(model)
    (model / "model.bin").write_bytes(b"\x06\x00\x00\x00\x0f\x00TransformerSpec\x00\x07\x00\x00\x00")
    # The length counts the zero at the end: 16 characters, not 15.
    assert is_ctranslate2(model)
    assert kind_of(model) == "ctranslate2"
