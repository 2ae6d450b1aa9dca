"""The deployment's scripts, with recorded stand-ins for the clients of a cluster that cannot be had in a test."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
NEW = "account/brevity/ingest@sha256:" + "a" * 64
OLD = "account/brevity/ingest@sha256:" + "b" * 64

KUBECTL = """#!/bin/sh
echo "$@" >> "$RECORD/calls"
case "$*" in
  *"get configmap brevity-release"*) cat "$RECORD/running" 2> /dev/null || true ;;
  *"get deployments"*) echo deployment.apps/ingest ;;
  *"get rayservices"*) echo rayservice.ray.io/summarize ;;
  apply*" -k "*) for last; do :; done; cat "$last/kustomization.yaml" >> "$RECORD/applied"; echo --- >> "$RECORD/applied" ;;
  *"create configmap"*) echo "kind: ConfigMap" ;;
  *"rollout status"*) exit "$(cat "$RECORD/rollout" 2> /dev/null || echo 0)" ;;
  "apply"*"-f -"*) cat > "$RECORD/kept" ;;
esac
"""


class Stage:
    """A folder with the scripts, an overlay, stand-ins on the path, and what was asked of them."""

    def __init__(self, folder: Path, smoke: int) -> None:
        self.folder = folder
        self.record = folder / "record"
        for name in ("bin", "record", "overlays/aws", "aws", "release"):
            (folder / name).mkdir(parents=True)
        (folder / "aws/rollout.sh").write_text((ROOT / "deploy/aws/rollout.sh").read_text())
        (folder / "aws/smoke.py").write_text(f"raise SystemExit({smoke})")
        (folder / "release/ingest").write_text(NEW + "\n")
        self.command("kubectl", KUBECTL)

    def command(self, name: str, text: str) -> None:
        path = self.folder / "bin" / name
        path.write_text(text)
        path.chmod(0o755)

    def running(self, image: str) -> None:
        (self.record / "running").write_text(json.dumps({"data": {"ingest": image}}))

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        environ = {
            **os.environ,
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "RECORD": str(self.record),
        }
        return subprocess.run(
            ["sh", *command], cwd=self.folder, env=environ, capture_output=True, text=True, check=False
        )

    def roll_out(self) -> subprocess.CompletedProcess[str]:
        return self.run("aws/rollout.sh", "release", "overlays/aws")

    def applied(self) -> list[str]:
        path = self.record / "applied"
        return path.read_text().split("---")[:-1] if path.exists() else []


def test_a_release_goes_out_by_digest_and_is_kept_as_what_runs(tmp_path: Path) -> None:
    stage = Stage(tmp_path, smoke=0)
    done = stage.roll_out()
    assert done.returncode == 0, done.stderr
    (applied,) = stage.applied()
    assert "resources: [../aws]" in applied
    assert (
        f"{{name: brevity/ingest, newName: account/brevity/ingest, digest: 'sha256:{'a' * 64}'}}" in applied
    )
    assert (stage.record / "kept").exists()
    assert not list((tmp_path / "overlays").glob(".release-*"))


@pytest.mark.parametrize("fault", ["smoke", "rollout"])
def test_what_ran_before_comes_back_when_the_release_fails(tmp_path: Path, fault: str) -> None:
    stage = Stage(tmp_path, smoke=1 if fault == "smoke" else 0)
    stage.running(OLD)
    if fault == "rollout":
        (stage.record / "rollout").write_text("1")
    done = stage.roll_out()
    assert done.returncode == 1
    assert "what ran before comes back" in done.stderr
    first, second = stage.applied()
    assert "a" * 64 in first
    assert "b" * 64 in second
    assert not (stage.record / "kept").exists()


def test_a_first_release_that_fails_says_that_nothing_can_come_back(tmp_path: Path) -> None:
    stage = Stage(tmp_path, smoke=1)
    done = stage.roll_out()
    assert done.returncode == 1
    assert "nothing ran before" in done.stderr
    assert len(stage.applied()) == 1


def test_only_signed_digests_pass(tmp_path: Path) -> None:
    stage = Stage(tmp_path, smoke=0)
    stage.command("cosign", '#!/bin/sh\necho "$@" >> "$RECORD/cosign"\n')
    script = str(ROOT / "deploy/aws/verify.sh")
    assert stage.run(script, "release", "identity").returncode == 0
    asked = (stage.record / "cosign").read_text()
    assert "--certificate-identity identity" in asked
    assert NEW in asked
    (stage.folder / "release/feedback").write_text("account/brevity/feedback:latest")
    by_tag = stage.run(script, "release", "identity")
    assert by_tag.returncode == 1
    assert "does not name a digest" in by_tag.stderr


def test_an_unsigned_image_stops_the_deployment(tmp_path: Path) -> None:
    stage = Stage(tmp_path, smoke=0)
    stage.command("cosign", "#!/bin/sh\nexit 1\n")
    assert stage.run(str(ROOT / "deploy/aws/verify.sh"), "release", "identity").returncode != 0


def test_a_release_without_images_stops_the_deployment(tmp_path: Path) -> None:
    stage = Stage(tmp_path, smoke=0)
    (stage.folder / "release/ingest").unlink()
    done = stage.run(str(ROOT / "deploy/aws/verify.sh"), "release", "identity")
    assert done.returncode != 0
