"""The Docker engine and its compose, where there are any."""

from __future__ import annotations

import functools
import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def compose_command() -> list[str]:
    """`DOCKER_COMPOSE` says where compose is when the client has no such plugin."""
    return shlex.split(os.environ.get("DOCKER_COMPOSE", "docker compose"))


@functools.cache
def has_compose() -> bool:
    command = compose_command()
    return shutil.which(command[0]) is not None and _works([*command, "version"])


@functools.cache
def has_engine() -> bool:
    return shutil.which("docker") is not None and _works(["docker", "info"])


@functools.cache
def can_get(image: str) -> bool:
    """Whether the engine has `image`, or pulls it within a minute."""
    return has_image(image) or (has_engine() and _works(["docker", "pull", "--quiet", image], 60))


def has_image(image: str) -> bool:
    """Whether the engine has `image` already; nothing is pulled."""
    return has_engine() and _works(["docker", "image", "inspect", image])


def docker(*arguments: str) -> str:
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, check=True).stdout


def compose(
    arguments: Sequence[str], *, files: Sequence[Path] = (), environ: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    chosen = [option for file in files for option in ("-f", str(file))]
    return subprocess.run(
        [*compose_command(), *chosen, *arguments],
        cwd=ROOT,
        env={**os.environ, **(environ or {})},
        capture_output=True,
        text=True,
        check=False,
    )


def _works(command: Sequence[str], seconds: float = 30) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False, timeout=seconds).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
