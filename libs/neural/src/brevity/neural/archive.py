"""A model's folder as one file: equal folders give equal bytes, and nothing in it can run or leave its place.

An uncompressed tar (weights do not compress) with names in order and neither times nor owners. Only the kinds of files
that a model needs are taken; weights are safetensors, or the `model.bin` of CTranslate2, which is a plain list of arrays.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any, Literal

Kind = Literal["seq2seq", "llm", "ctranslate2"]

KINDS = (".json", ".safetensors", ".model", ".txt", ".jinja")
"""File names' ends that are taken: configurations, weights, SentencePiece models, vocabularies, chat templates."""
_CT2_WEIGHTS = "model.bin"
_CT2_SPEC = re.compile(rb"[\x01-\x40]\x00[A-Z][A-Za-z0-9]{2,62}Spec\x00")
"""How a CTranslate2 file begins, after the number of its format: the length and the name of the model's specification."""
_PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".h5", ".msgpack")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._\-]{0,99}")
"""A tar has room for 100 characters."""
_WEIGHTS = (".safetensors", _CT2_WEIGHTS)
_MOST_BESIDE_WEIGHTS = 256 << 20
"""Bytes of a configuration or vocabulary: those are read whole."""
_MOST_IN_USTAR = (8 << 30) - 1
"""Bytes of one file; the form for larger ones is used where it must be."""
_MOST_MEMBERS = 500
MOST_BYTES = 200 << 30
"""Largest model that is packed or unpacked unless the caller says less."""
UNFINISHED = ".unfinished-"
"""In the name of whatever is being written."""
_COPY = 1 << 20
_VERSION_DIGITS = 12


class BadModel(Exception):
    """A folder, archive or name that is no model which can be used."""

    def __init__(self, message: str, *, code: str, remedy: str) -> None:
        super().__init__(message)
        self.code = code
        self.remedy = remedy


def pack(folder: Path, archive: Path) -> str:
    """Write the model in `folder` to the file `archive`, which appears whole or not at all.

    Files of other kinds, and folders in it, are left out. Memory does not grow with the model.

    Returns:
        The SHA-256 of the archive, in hexadecimal.

    Raises:
        BadModel: `pickled_weights`, `not_a_model`.
        OSError: It cannot be written.
    """
    archive.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=archive.parent, prefix=f"{archive.name}{UNFINISHED}") as place:
        made = Path(place) / archive.name
        with made.open("xb") as file:
            digest = write(folder, file)
        made.replace(archive)
    return digest


def write(folder: Path, out: IO[bytes]) -> str:
    """As `pack`, to a file that is open for writing."""
    hashed = _Hashed(out)
    stream: Any = hashed  # a stream needs `write` alone
    kept = files(folder)
    large = any(path.stat().st_size > _MOST_IN_USTAR for path in kept)
    kind = tarfile.GNU_FORMAT if large else tarfile.USTAR_FORMAT
    with tarfile.open(fileobj=stream, mode="w|", format=kind) as tar:
        for path in kept:
            member = tarfile.TarInfo(path.name)
            member.size = path.stat().st_size
            member.mode = 0o644
            with path.open("rb") as file:
                tar.addfile(member, file)
    return hashed.digest.hexdigest()


def unpack(archive: Path, folder: Path, *, most_bytes: int = MOST_BYTES) -> None:
    """Write the files of `archive` to the new folder `folder`, which appears whole or not at all.

    Memory does not grow with the archive. When another process unpacks it to the same place, the first to be done wins.

    Raises:
        BadModel: `bad_archive` when it holds anything but plain files of the kinds taken, or too much; `pickled_weights`,
            `not_a_model`.
        OSError: They cannot be written.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(
            dir=folder.parent, prefix=f"{folder.name}{UNFINISHED}", ignore_cleanup_errors=True
        ) as place,
        archive.open("rb") as source,
    ):
        unfinished = Path(place) / folder.name
        unfinished.mkdir()
        for name, size in _members(source, most_bytes):
            with (unfinished / name).open("xb") as file:
                file.writelines(_chunks(source, size))
        files(unfinished)
        try:
            unfinished.rename(folder)
        except OSError:
            if not folder.is_dir():
                raise


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
    digests: list[tuple[str, str]] = []
    for path in files(folder):
        with path.open("rb") as file:
            digests.append((path.name, hashlib.file_digest(file, "sha256").hexdigest()))
    return _version(kind_of(folder), digests)


def archived_version(archive: Path, kind: str) -> str:
    """`model_version` of the model of that kind in `archive`, without unpacking it.

    Raises:
        BadModel: `bad_archive`.
    """
    digests: list[tuple[str, str]] = []
    with archive.open("rb") as source:
        for name, size in _members(source, MOST_BYTES):
            digest = hashlib.sha256()
            for chunk in _chunks(source, size):
                digest.update(chunk)
            digests.append((name, digest.hexdigest()))
    return _version(kind, sorted(digests))


def _version(kind: str, digests: Iterable[tuple[str, str]]) -> str:
    total = hashlib.sha256()
    for name, digest in digests:
        total.update(json.dumps([name, digest]).encode())
    return f"{kind}-{total.hexdigest()[:_VERSION_DIGITS]}"


def _is_t5(config: dict[str, object]) -> bool:
    # Its class says so; older configurations of T5 do not.
    return str(config.get("model_type", "")) in {"t5", "mt5", "umt5", "longt5"}


def _taken(name: str, *, quantized: bool) -> bool:
    return name.endswith(KINDS) or (quantized and name == _CT2_WEIGHTS)


def _members(source: IO[bytes], most_bytes: int) -> Iterator[tuple[str, int]]:
    """Name and size of each file, looked at before it is read; the caller reads so many bytes before the next.

    Headers are read one by one and not by `tarfile.open`, which would hold an extended header of any size in memory.
    """
    names: set[str] = set()
    total = 0
    while True:
        header = source.read(tarfile.BLOCKSIZE)
        if header == bytes(tarfile.BLOCKSIZE):
            return
        try:
            member = tarfile.TarInfo.frombuf(header, "utf-8", "strict")
        except (tarfile.TarError, ValueError) as error:
            raise _bad_archive(str(error)) from error
        name, size = member.name, member.size
        if member.type not in (tarfile.REGTYPE, tarfile.AREGTYPE) or size < 0:
            raise _bad_archive(f"{name!r} is not a plain file")
        if not _NAME.fullmatch(name) or not _taken(name, quantized=True):
            raise _bad_archive(f"a model has no file {name!r}")
        if name in names:
            raise _bad_archive(f"{name!r} is there twice")
        if not name.endswith(_WEIGHTS) and size > _MOST_BESIDE_WEIGHTS:
            raise _bad_archive(f"{name!r} has more than {_MOST_BESIDE_WEIGHTS:,} bytes")
        names.add(name)
        total += size
        if len(names) > _MOST_MEMBERS or total > most_bytes:
            raise _bad_archive(f"it holds more than {_MOST_MEMBERS} files or {most_bytes:,} bytes")
        yield name, size
        source.seek(-size % tarfile.BLOCKSIZE, os.SEEK_CUR)


def _chunks(source: IO[bytes], size: int) -> Iterator[bytes]:
    """The next `size` bytes."""
    while size:
        chunk = source.read(min(size, _COPY))
        if not chunk:
            raise _bad_archive("it ends too early")
        yield chunk
        size -= len(chunk)


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
