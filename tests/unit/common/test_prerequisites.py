"""What `make` checks before it installs: each missing thing named with its remedy, no traceback of pip's."""

import subprocess
import sys
from pathlib import Path

LOCAL = Path(__file__).resolve().parents[3] / "deploy" / "local"


def run(script: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = ["/bin/sh", str(LOCAL / script), *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


def test_room_there_is_lets_the_installation_go_on():
    assert run("room.sh", "the services", "1", PATH="/usr/bin:/bin").returncode == 0


def test_a_full_disk_is_named_with_what_is_needed_and_what_is_free():
    result = run("room.sh", "the neural engines", "1000000000", PATH="/usr/bin:/bin")
    assert result.returncode == 1
    assert result.stderr.startswith("the neural engines need 1000000000 MB of disk")
    assert "MB are free here" in result.stderr


def test_every_missing_program_is_named_at_once_with_the_command_that_installs_it(tmp_path: Path):
    for tool in ("sed", "head"):
        (tmp_path / tool).symlink_to(
            f"/usr/bin/{tool}" if Path(f"/usr/bin/{tool}").exists() else f"/bin/{tool}"
        )
    result = run("prerequisites.sh", PATH=str(tmp_path), PYTHON=sys.executable)
    assert result.returncode == 1
    assert (
        "Java 17 or newer is missing. Install it: sudo apt install openjdk-17-jdk-headless" in result.stderr
    )
    assert "Maven is missing. Install it: sudo apt install maven" in result.stderr
    assert "Python 3.11" not in result.stderr
