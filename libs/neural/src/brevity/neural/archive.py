"""A model's folder as one file: equal folders give equal bytes, and nothing in it can run or leave its place.

An uncompressed tar (weights do not compress) with names in order and neither times nor owners. Only the kinds of files
that a model needs are taken; weights are safetensors, or the `model.bin` of CTranslate2, which is a plain list of arrays.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Literal

Kind = Literal["seq2seq", "llm", "ctranslate2"]

KINDS = (".json", ".safetensors", ".model", ".txt", ".jinja")
"""File names' ends that are taken: configurations, weights, SentencePiece models, vocabularies, chat templates."""
_CT2_WEIGHTS = "model.bin"
_CT2_SPEC = re.compile(rb"[\x01-\x40]\x00[A-Z][A-Za-z0-9]{2,62}Spec\x00")
"""How a CTranslate2 file begins, after the number of its format: the length and the name of the model's specification."""
_PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".h5", ".msgpack")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._\-]{0,199}")
_MOST_MEMBERS = 500
MOST_BYTES = 200 << 30
"""Largest model that is packed or unpacked unless the caller says less."""
_COPY = 1 << 20
_VERSION_DIGITS = 12


class BadModel(Exception):
    """A folder, archive or name that is no model which can be used."""

    def __init__(self, message: str, *, code: str, remedy: str) -> None:
        super().__init__(message)
        self.code = code
        self.remedy = remedy


def pack(folder: Path) -> bytes:
    """The archive of the model in `folder`. Files of other kinds, and folders in it, are left out.

    Raises:
        BadModel: `pickled_weights`, `not_a_model`.
    """
    out = io.BytesIO()
    write(folder, out)
    return out.getvalue()


def write(folder: Path, out: IO[bytes]) -> str:
    """As `pack`, to a file that is open for writing, in memory that does not grow with the model.

    Returns:
        The SHA-256 of what was written, in hexadecimal.
    """
    hashed = _Hashed(out)
    stream: Any = hashed  # a stream needs `write` alone
    with tarfile.open(fileobj=stream, mode="w|", format=tarfile.USTAR_FORMAT) as tar:
        for path in files(folder):
            member = tarfile.TarInfo(path.name)
            member.size = path.stat().st_size
            member.mode = 0o644
            with path.open("rb") as file:
                tar.addfile(member, file)
    return hashed.digest.hexdigest()


def unpack(archive: bytes | Path, folder: Path, *, most_bytes: int = MOST_BYTES) -> None:
    """Write the files of `archive` to the new folder `folder`, which appears whole or not at all.

    Raises:
        BadModel: `bad_archive` when it holds anything but plain files of the kinds taken, or too much; `pickled_weights`,
            `not_a_model`.
        OSError: They cannot be written.
    """
    unfinished = folder.with_name(f"{folder.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    try:
        source = io.BytesIO(archive) if isinstance(archive, bytes) else archive.open("rb")
        with source, tarfile.open(fileobj=source, mode="r:") as tar:
            for member in _checked(tar, most_bytes):
                data = tar.extractfile(member)
                if data is None:
                    raise _bad_archive(f"{member.name!r} is not a plain file")
                with data, (unfinished / member.name).open("xb") as file:
                    shutil.copyfileobj(data, file, _COPY)
        files(unfinished)
        unfinished.rename(folder)
    except (tarfile.TarError, EOFError) as error:
        raise _bad_archive(str(error)) from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def files(folder: Path) -> list[Path]:
    """The files of the model in `folder`, by name.

    Raises:
        BadModel: `pickled_weights` when it has no others, `not_a_model` when configuration or weights are missing.
    """
    inside = sorted(path for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []
    quantized = is_ctranslate2(folder)
    kept = [p for p in inside if _NAME.fullmatch(p.name) and _taken(p.name, quantized=quantized)]
    if not quantized and not any(path.suffix == ".safetensors" for path in kept):
        if any(path.suffix in _PICKLES for path in inside):
            raise BadModel(
                f"the weights in {folder.name} are pickled: reading them could run anything",
                code="pickled_weights",
                remedy="Save the model as safetensors: `save_pretrained` of transformers writes them.",
            )
        raise _not_a_model(f"there are no weights in {folder.name}")
    if not any(path.name == "config.json" for path in kept):
        raise _not_a_model(f"there is no config.json in {folder.name}")
    return kept


def is_ctranslate2(folder: Path) -> bool:
    """Whether the folder holds weights in CTranslate2's own form; a pickle by that name does not pass."""
    try:
        with (folder / _CT2_WEIGHTS).open("rb") as file:
            head = file.read(128)
    except OSError:
        return False
    return int.from_bytes(head[:4], "little") < 256 and _CT2_SPEC.match(head, 4) is not None


def kind_of(folder: Path) -> Kind:
    """Which engine the model in `folder` is for. Raises BadModel: `not_a_model`."""
    if is_ctranslate2(folder):
        return "ctranslate2"
    try:
        config = json.loads((folder / "config.json").read_text("utf-8"))
        return "seq2seq" if config.get("is_encoder_decoder") or _is_t5(config) else "llm"
    except (OSError, ValueError, AttributeError) as error:
        raise _not_a_model(f"there is no configuration in {folder.name}") from error


def model_version(folder: Path) -> str:
    """The engine's name and twelve digits of a digest of the model's files: equal for equal models, wherever they lie."""
    total = hashlib.sha256()
    for path in files(folder):
        with path.open("rb") as file:
            total.update(json.dumps([path.name, hashlib.file_digest(file, "sha256").hexdigest()]).encode())
    return f"{kind_of(folder)}-{total.hexdigest()[:_VERSION_DIGITS]}"


def _is_t5(config: dict[str, object]) -> bool:
    # Its class says so; older configurations of T5 do not.
    return str(config.get("model_type", "")) in {"t5", "mt5", "umt5", "longt5"}


def _taken(name: str, *, quantized: bool) -> bool:
    return name.endswith(KINDS) or (quantized and name == _CT2_WEIGHTS)


def _checked(tar: tarfile.TarFile, most_bytes: int) -> Iterator[tarfile.TarInfo]:
    """The members, each looked at before it is read."""
    names: set[str] = set()
    total = 0
    for member in tar:
        total += member.size
        if not member.isreg() or member.issparse():
            raise _bad_archive(f"{member.name!r} is not a plain file")
        if not _NAME.fullmatch(member.name) or not _taken(member.name, quantized=True):
            raise _bad_archive(f"a model has no file {member.name!r}")
        if member.name in names:
            raise _bad_archive(f"{member.name!r} is there twice")
        names.add(member.name)
        if len(names) > _MOST_MEMBERS or total > most_bytes:
            raise _bad_archive(f"it holds more than {_MOST_MEMBERS} files or {most_bytes:,} bytes")
        yield member


class _Hashed:
    """A file that hashes what is written to it."""

    def __init__(self, out: IO[bytes]) -> None:
        self._out = out
        self.digest = hashlib.sha256()

    def write(self, data: bytes) -> int:
        self.digest.update(data)
        return self._out.write(data)


def _bad_archive(why: str) -> BadModel:
    return BadModel(
        f"not the archive of a model: {why}",
        code="bad_archive",
        remedy="Pack the model's folder with `brevity.neural.archive.pack`.",
    )


def _not_a_model(why: str) -> BadModel:
    return BadModel(
        why,
        code="not_a_model",
        remedy="Give a folder as `save_pretrained` of transformers or `brevity model convert` writes it.",
    )
