"""Runs on Weights & Biases; offline they are kept in files that `wandb sync` sends later."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from brevity.common.errors import Fatal
from brevity.trainer.tracking.port import Run, flat


class WandbTracker:
    """Raises Fatal when the package is not installed."""

    def __init__(self, mode: Literal["online", "offline"], folder: Path) -> None:
        try:
            import wandb  # pyright: ignore[reportMissingImports] - an extra
        except ImportError as error:
            raise Fatal(
                "Weights & Biases is not installed",
                code="missing_extra",
                remedy="Install brevity-trainer[wandb], or set BREVITY_TRAINER_TRACKER=mlflow.",
            ) from error
        self._wandb = wandb
        self._mode: Literal["online", "offline"] = mode
        self._folder = folder

    def begin(self, experiment: str, name: str, *, run_id: str | None = None) -> Run:
        self._folder.mkdir(parents=True, exist_ok=True)
        run = self._wandb.init(
            project=experiment,
            name=name,
            id=run_id,
            resume="allow" if run_id and self._mode == "online" else None,
            mode=self._mode,
            dir=str(self._folder),
        )
        return _WandbRun(run)


class _WandbRun:
    def __init__(self, run: Any) -> None:
        self._run = run
        self.run_id: str = run.id
        self.url: str | None = run.url

    def parameters(self, values: Mapping[str, Any]) -> None:
        self._run.config.update(flat(values), allow_val_change=True)

    def metrics(self, values: Mapping[str, float], step: int = 0) -> None:
        self._run.log({**values, "step": step})

    def series(self, points: Sequence[tuple[int, Mapping[str, float]]]) -> None:
        for step, values in points:
            self.metrics(values, step)

    def tags(self, values: Mapping[str, str]) -> None:
        self._run.config.update({"tags": dict(values)}, allow_val_change=True)

    def file(self, name: str, data: bytes) -> None:
        path = self._place(name)
        path.write_bytes(data)
        self._run.save(str(path), base_path=self._run.dir, policy="now")

    def artifact(self, path: Path) -> None:
        kept = self._place(path.name)
        shutil.copyfile(path, kept)  # the file's own place may be gone before it is sent
        self._run.save(str(kept), base_path=self._run.dir, policy="now")

    def _place(self, name: str) -> Path:
        """What lies there is kept with the run."""
        path = Path(self._run.dir) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def finish(self, *, succeeded: bool) -> None:
        self._run.finish(exit_code=0 if succeeded else 1)
