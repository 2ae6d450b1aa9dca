"""A real PostgreSQL of one's own: its binaries come from Maven, as the local stack's servers do."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from deploy.local.java import POM, ROOT, Server, free_port

VERSION = "17.5.0"
_PLATFORMS = {("linux", "x86_64"): "linux-amd64", ("linux", "aarch64"): "linux-arm64v8"}
_FETCHED = ROOT / ".brevity" / "postgres"
_USER, _PASSWORD = "mlflow", "of-this-test"


class Postgres(Server):
    """PostgreSQL, asking for a password as production's does; it refuses to be root, so root starts it as nobody."""

    name = "postgres"

    @property
    def uri(self) -> str:
        """As SQLAlchemy wants it, with the driver of our image."""
        return f"postgresql+pg8000://{_USER}:{_PASSWORD}@{self.address}/postgres"

    def prepare(self) -> None:
        _unpack(self.folder)
        (self.folder / "password").write_text(_PASSWORD)
        if os.geteuid() == 0:
            shutil.chown(self.folder, "nobody")
        made = subprocess.run(
            [
                *self._as_nobody("initdb"),
                *("--pgdata", str(self.folder / "data"), "--no-sync", "--encoding", "UTF8", "--locale", "C"),
                *("--username", _USER, "--auth", "scram-sha-256", "--pwfile", str(self.folder / "password")),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        assert made.returncode == 0, made.stderr

    def command(self) -> Sequence[str]:
        return [
            *self._as_nobody("postgres"),
            *("-D", str(self.folder / "data"), "-k", str(self.folder), "-h", "127.0.0.1"),
            *("-p", str(self.port), "-F"),
        ]

    def _as_nobody(self, program: str) -> list[str]:
        asked = [str(self.folder / "bin" / program)]
        if os.geteuid() == 0:
            return ["setpriv", "--reuid", "nobody", "--clear-groups", *asked]
        return asked


@contextmanager
def postgres() -> Generator[Postgres]:
    """An empty server. Skips, or in CI fails, where its binaries cannot be had."""
    _require()
    # Not in pytest's folder: that is closed to all others, nobody among them.
    with tempfile.TemporaryDirectory(prefix="postgres-") as folder:
        server = Postgres(free_port(), Path(folder))
        server.start()
        try:
            server.wait_ready()
            yield server
        finally:
            server.stop()


def _require() -> None:
    if (sys.platform, platform.machine()) in _PLATFORMS and shutil.which("mvn") is not None:
        return
    reason = "needs Linux on x86-64 or ARM, and Maven, which brings PostgreSQL"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def _unpack(folder: Path) -> None:
    with zipfile.ZipFile(_jar()) as jar:
        [name] = [name for name in jar.namelist() if name.endswith(".txz")]
        with jar.open(name) as packed, tarfile.open(fileobj=packed, mode="r:xz") as archive:
            # Python 3.11 has filters since 3.11.4 only.
            archive.extraction_filter = getattr(tarfile, "data_filter", None)
            archive.extractall(folder)  # noqa: S202 - Maven has checked the archive


def _jar() -> Path:
    """The jar that holds the binaries, fetched once."""
    artifact = f"embedded-postgres-binaries-{_PLATFORMS[sys.platform, platform.machine()]}"
    jar = _FETCHED / f"{artifact}-{VERSION}.jar"
    if not jar.exists():
        _FETCHED.mkdir(parents=True, exist_ok=True)
        # In a folder of its own first, so that a fetch that fails leaves no half of one behind.
        with tempfile.TemporaryDirectory(dir=_FETCHED) as fresh:
            coordinates = f"io.zonky.test.postgres:{artifact}:{VERSION}"
            copy = ["dependency:copy", f"-Dartifact={coordinates}", f"-DoutputDirectory={fresh}"]
            # In the local stack's project, so that the plugin is the one that fetched the stack.
            done = subprocess.run(
                ["mvn", "-q", "-B", "-f", str(POM), *copy], capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, f"Maven could not fetch PostgreSQL:\n{done.stdout[-2000:]}"
            (Path(fresh) / jar.name).replace(jar)
    return jar
