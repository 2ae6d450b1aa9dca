"""Java programs of the local stack: their jars, and a server process that can be waited for, stopped and killed."""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]
POM = Path(__file__).with_name("pom.xml")
JARS = ROOT / ".brevity" / "jars"


class LocalStackError(RuntimeError):
    """The local stack cannot start; the message says why and what to do."""


def ensure_jars() -> Path:
    """The folder with every jar of `pom.xml`, fetched by Maven when the pom has changed since."""
    stamp = JARS / ".pom.sha256"
    wanted = hashlib.sha256(POM.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return JARS
    maven = shutil.which("mvn")
    if maven is None:
        raise LocalStackError(
            "Maven is missing. Install it: sudo apt install maven (Debian), brew install maven (macOS)"
        )
    # In a folder of its own first, so that a fetch that fails or runs twice at once leaves no half of one behind.
    fresh = JARS.with_name(f"jars.{os.getpid()}")
    command = [
        maven,
        "-q",
        "-B",
        "-f",
        str(POM),
        "dependency:copy-dependencies",
        f"-DoutputDirectory={fresh}",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        shutil.rmtree(fresh, ignore_errors=True)
        raise LocalStackError(
            f"Maven could not fetch the local stack's jars:\n{done.stdout[-2000:]}{done.stderr[-1000:]}"
        )
    (fresh / stamp.name).write_text(wanted)
    shutil.rmtree(JARS, ignore_errors=True)
    fresh.rename(JARS)
    return JARS


def java() -> str:
    """The java command."""
    found = shutil.which("java")
    if found is None:
        raise LocalStackError(
            "Java 17 or newer is missing. Install it: sudo apt install openjdk-17-jdk (Debian), brew install openjdk (macOS)"
        )
    return found


def classpath() -> str:
    return f"{JARS}/*"


def quiet() -> Sequence[str]:
    """Options of a Java program that is to write its warnings and errors, with their time, and nothing else."""
    simple = "-Dorg.slf4j.simpleLogger"
    return [
        f"{simple}.defaultLogLevel=warn",
        f"{simple}.showDateTime=true",
        f"{simple}.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
        f"{simple}.showThreadName=false",
    ]


def compiled(sources: Path) -> Path:
    """The folder with the classes of a folder's Java files, compiled when they or the jars have changed since."""
    files = sorted(sources.glob("*.java"))
    wanted = hashlib.sha256(POM.read_bytes() + b"".join(file.read_bytes() for file in files)).hexdigest()[:16]
    classes = JARS.with_name(f"classes-{sources.name}-{wanted}")
    if classes.exists():
        return classes
    compiler = shutil.which("javac")
    if compiler is None:
        raise LocalStackError(
            "Java's compiler is missing. Install it: sudo apt install openjdk-17-jdk-headless (Debian), brew install openjdk (macOS)"
        )
    # In a folder of its own first: two may compile at once, and one may fail.
    fresh = Path(tempfile.mkdtemp(dir=JARS.parent, prefix="classes."))
    done = subprocess.run(
        [compiler, "-nowarn", "-encoding", "UTF-8", "-d", str(fresh), "-cp", classpath(), *map(str, files)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        shutil.rmtree(fresh, ignore_errors=True)
        raise LocalStackError(f"the store's Java files do not compile:\n{done.stderr[-2000:]}")
    try:
        fresh.rename(classes)
    except OSError:  # another one was first
        shutil.rmtree(fresh, ignore_errors=True)
    return classes


_SERVERS_PORTS = range(20_000, 32_000)
"""Below those that the system gives to connections: a server that is stopped for a while finds its port free again."""


def free_port() -> int:
    """A TCP port on loopback that nobody listens on just now."""
    for port in random.SystemRandom().sample(_SERVERS_PORTS, 100):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise LocalStackError("no port is free on loopback between 20000 and 32000")


def listening(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Server:
    """One server process in a session of its own, its output in a log file."""

    name = "server"
    start_seconds = 60.0
    stop_seconds = 20.0

    def __init__(self, port: int, folder: Path) -> None:
        self.port = port
        self.folder = folder
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        return self.folder / f"{self.name}.log"

    def command(self) -> Sequence[str]:
        raise NotImplementedError

    def environ(self) -> Mapping[str, str] | None:
        """The process's environment; None for our own."""
        return None

    def prepare(self) -> None:
        """Write what the server needs before its first start; called before every start."""

    def ready(self) -> bool:
        return listening(self.port)

    def waits(self) -> bool:
        """Whether it is at work, and not ready only because something that it needs is away."""
        return False

    def start(self) -> None:
        """Start without waiting."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if listening(self.port):
            raise LocalStackError(
                f"port {self.port} for {self.name} is in use; stop what listens there, or move all ports: make run PORTS=100"
            )
        self.prepare()
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                list(self.command()),
                env=self.environ(),
                stdout=out,
                stderr=out,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    def wait_ready(self) -> None:
        """Wait until the server answers; raises LocalStackError with the log's end if it dies or is too slow."""
        wait_for(
            self.ready,
            self.start_seconds,
            lambda: self.process is None or self.process.poll() is not None,
            self._failed,
        )

    def ask_to_stop(self) -> None:
        """SIGTERM without waiting."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)

    def stop(self) -> None:
        """SIGTERM, then SIGKILL for one that will not go."""
        self.ask_to_stop()
        process, self.process = self.process, None
        if process is None:
            return
        try:
            process.wait(self.stop_seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        end_session(process.pid)

    def kill(self) -> None:
        """SIGKILL and wait until it is gone."""
        process, self.process = self.process, None
        if process is not None:
            process.kill()
            process.wait()

    def restart(self) -> None:
        self.stop()
        self.start()
        self.wait_ready()

    def _failed(self, why: str) -> LocalStackError:
        tail = self.log.read_text(errors="replace")[-1500:] if self.log.exists() else ""
        return LocalStackError(f"{self.name} {why}; its log {self.log} ends:\n{tail}")


def wait_for(
    ready: Callable[[], bool], seconds: float, dead: Callable[[], bool], failure: Callable[[str], Exception]
) -> None:
    """Poll `ready`; raises `failure(why)` when `dead` comes first or `seconds` pass."""
    deadline = time.monotonic() + seconds
    while not ready():
        if dead():
            raise failure("died while starting")
        if time.monotonic() > deadline:
            raise failure(f"was not ready within {seconds:.0f} s")
        time.sleep(0.1)


def end_session(leader: int) -> None:
    """End what a dead process has left in its session: it would hold ports, and answer in its successor's place."""
    for left in psutil.process_iter():
        with contextlib.suppress(OSError, psutil.Error):
            if left.pid != leader and os.getsid(left.pid) == leader:
                left.kill()


def main() -> int:
    """`python -m deploy.local.java`: fetch the jars; returns the exit status."""
    try:
        ensure_jars()
    except LocalStackError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
