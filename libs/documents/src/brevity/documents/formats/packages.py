"""Office and e-book files: ZIP archives of XML parts. Opened with bounds, parsed without entities, files or the network."""

from __future__ import annotations

import importlib
import io
import posixpath
import zipfile
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import unquote

from brevity.common.errors import Rejected
from brevity.documents.archives import check_archive

etree: Any = importlib.import_module("lxml.etree")  # written in Cython: it has no types
BrokenXml: type[Exception] = etree.XMLSyntaxError
_LARGEST_PART = 60_000_000


class Package:
    """The parts of an archive, by name.

    Raises:
        Rejected: `zip_bomb`, `encrypted`, `unreadable`.
    """

    def __init__(self, data: bytes) -> None:
        try:
            check_archive(data)
            self._archive = zipfile.ZipFile(io.BytesIO(data))
        except zipfile.BadZipFile:
            raise Rejected(
                "the file is damaged: its archive cannot be opened",
                code="unreadable",
                remedy="Open it in the program that wrote it, save it again, and send that file.",
            ) from None
        self._names = {name.replace("\\", "/").lstrip("/").lower(): name for name in self._archive.namelist()}

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._names

    def names(self) -> list[str]:
        return list(self._names)

    def read(self, name: str) -> bytes:
        """The bytes of a part; none where there is no such part."""
        known = self._names.get(name.lower())
        if known is None:
            return b""
        info = self._archive.getinfo(known)
        if info.flag_bits & 1:
            raise Rejected(
                "the file needs a password",
                code="encrypted",
                remedy="Open it, save it without a password, and send that file.",
            )
        with self._archive.open(info) as part:
            data = part.read(_LARGEST_PART + 1)
        if len(data) > _LARGEST_PART:
            raise Rejected(
                "a part of the file is too large to read", code="too_complex", remedy="Split the document."
            )
        return data

    def tree(self, name: str) -> Any:
        """The root element of an XML part; None where there is none, or it is broken."""
        data = self.read(name)
        if not data:
            return None
        try:
            return etree.fromstring(data, parser())
        except BrokenXml:
            return None

    def related(self, name: str) -> dict[str, tuple[str, str]]:
        """The relations of a part, by id: the last piece of their type, and the name of the part they lead to."""
        folder, _, file = name.rpartition("/")
        root = self.tree(posixpath.join(folder, "_rels", f"{file}.rels"))
        found: dict[str, tuple[str, str]] = {}
        for each in () if root is None else root:
            if not isinstance(each.tag, str) or each.get("TargetMode") == "External":
                continue
            target = unquote(each.get("Target", ""))
            path = target.lstrip("/") if target.startswith("/") else posixpath.join(folder, target)
            found[each.get("Id", "")] = each.get("Type", "").rpartition("/")[2], posixpath.normpath(path)
        return found

    def main(self) -> str | None:
        """The name of an Office file's main part."""
        for kind, name in self.related("").values():
            if kind == "officeDocument":
                return name
        return None

    def property(self, name: str) -> str | None:
        """One of an Office file's core properties, such as `title`."""
        root = self.tree("docProps/core.xml")
        for each in () if root is None else root:
            if local(each) == name and each.text:
                return str(each.text)
        return None


def parser() -> Any:
    """A parser that opens no file and no connection and expands no entity of a document's own."""
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        remove_comments=True,
        remove_pis=True,
    )


def elements(data: bytes, names: Iterable[str]) -> Iterator[Any]:
    """Elements of these names (any namespace) as they end, in order. Who has used one may clear it."""
    tags = [f"{{*}}{name}" for name in names]
    events = etree.iterparse(
        io.BytesIO(data),
        events=("end",),
        tag=tags,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
    )
    for _, element in events:
        yield element


def forget(element: Any) -> None:
    """Free an element that was read, and those before it."""
    element.clear()
    while element.getprevious() is not None:
        del element.getparent()[0]


_LOCAL: dict[str, str] = {}


def local(element: Any) -> str:
    """An element's name without its namespace; empty for what is no element."""
    tag = element.tag
    if not isinstance(tag, str):
        return ""
    name = _LOCAL.get(tag)
    if name is None:
        name = tag.rpartition("}")[2]
        if len(_LOCAL) < 5_000:
            _LOCAL[tag] = name
    return name


def attribute(element: Any, name: str) -> str | None:
    """An attribute by its name, in the element's own namespace or in none."""
    value = element.get(f"{element.tag.partition('}')[0]}}}{name}")
    return value if value is not None else element.get(name)


def child(element: Any, name: str) -> Any:
    """The first child of a name; None."""
    for each in element:
        if local(each) == name:
            return each
    return None
