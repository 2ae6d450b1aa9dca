"""Which code, libraries and machine made a run."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import psutil

_TAGGED = ("brevity-trainer", "brevity-nlp", "brevity-neural", "numpy", "lightgbm", "torch", "transformers")
_HERE = Path(__file__).resolve()


def environment() -> dict[str, Any]:
    """Python, packages with versions, the machine, and the commit where this code is a checkout of its repository."""
    packages = {str(found.metadata["Name"]).lower(): found.version for found in distributions()}
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpu": {"name": _cpu(), "cores": os.cpu_count() or 0},
        "memory_bytes": psutil.virtual_memory().total,
        "git": _commit(),
        "packages": dict(sorted(packages.items())),
    }


def tags(found: dict[str, Any]) -> dict[str, str]:
    """The part of it to search runs by; git's by the names that MLflow shows."""
    out = {
        "python": found["python"],
        "platform": found["platform"],
        "cpu": f"{found['cpu']['name']}, {found['cpu']['cores']} cores",
        **{f"package.{name}": found["packages"][name] for name in _TAGGED if name in found["packages"]},
    }
    if found["git"] is not None:
        out["mlflow.source.git.commit"] = found["git"]["commit"]
        out["git.dirty"] = str(found["git"]["dirty"]).lower()
    return out


def files(found: dict[str, Any]) -> dict[str, bytes]:
    """It whole, and the packages in the form that pip installs from."""
    pins = "".join(f"{name}=={version}\n" for name, version in found["packages"].items())
    return {
        "environment/environment.json": json.dumps(found, indent=1).encode(),
        "environment/requirements.txt": pins.encode(),
    }


def _commit() -> dict[str, Any] | None:
    """None where this file is not one of a repository, say in an installed package."""
    if _git("ls-files", "--error-unmatch", str(_HERE)) is None:
        return None
    commit = _git("rev-parse", "HEAD")
    changed = _git("status", "--porcelain", "--untracked-files=no")
    return None if commit is None else {"commit": commit, "dirty": changed != ""}


def _git(*arguments: str) -> str | None:
    git = shutil.which("git")
    if git is None:
        return None
    asked = subprocess.run(  # noqa: S603 - fixed arguments
        [git, *arguments], cwd=_HERE.parent, capture_output=True, text=True, check=False, timeout=30
    )
    return asked.stdout.strip() if asked.returncode == 0 else None


def _cpu() -> str:
    """The processor as Linux names it, else what the platform says."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")),
        platform.machine(),
    )
