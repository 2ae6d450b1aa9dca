"""The manifests as objects: the files as they are written, and the overlays as kustomize renders them."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from deploy.local.java import ROOT

Object = dict[str, Any]

FOLDER = ROOT / "deploy" / "k8s"
OVERLAYS = sorted(path.parent.name for path in FOLDER.glob("overlays/*/kustomization.yaml"))
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def documents(text: str) -> list[Object]:
    return [one for one in yaml.load_all(text, Loader=_LOADER) if one]


def written() -> Iterator[tuple[Path, Object]]:
    """Every object that a base or a component lists as a resource, as it is in its file."""
    for kustomization in sorted(FOLDER.rglob("kustomization.yaml")):
        [listing] = documents(kustomization.read_text("utf-8"))
        for name in listing.get("resources", []):
            path = kustomization.parent / name
            if path.is_file():
                for document in documents(path.read_text("utf-8")):
                    yield path, document


def rendered(overlay: str) -> list[Object]:
    """The objects of an overlay, anew for each caller. Skips the test where there is no kubectl to render them."""
    return documents(_text(overlay))


@cache
def _text(overlay: str) -> str:
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("needs kubectl to render the overlays; the files themselves are validated")
    done = subprocess.run(
        [kubectl, "kustomize", str(FOLDER / "overlays" / overlay)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
