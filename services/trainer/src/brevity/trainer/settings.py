"""Settings of the trainer service."""

from __future__ import annotations

import os
import socket
import tempfile
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr

from brevity.common.settings import AuthSettings, Block, HttpSettings, MongoSettings, S3Settings, Settings


class TrainerBlock(Block):
    instance_id: str | None = Field(
        default=None,
        max_length=200,
        description="Name of this process, unique among those running at once; the host's name when absent.",
    )
    url: str = Field(
        default="http://127.0.0.1:8004", description="Where the commands find the trainer's HTTP door."
    )
    api_key: SecretStr | None = Field(
        default=None,
        description="Key with which the commands ask the trainer, and the trainer asks feedback.",
    )
    lease_seconds: float = Field(
        default=30.0, ge=1, description="After this a silent instance's job is taken up by another."
    )
    retention_days: int = Field(
        default=730,
        ge=0,
        description="Days for which ended jobs, what they were started by, and ratings are kept; 0 for ever."
        " Promotions are kept for ever.",
    )
    max_attempts: int = Field(
        default=2, ge=1, le=20, description="Times a job is begun; after a stop of the service it is resumed."
    )
    max_seconds: float = Field(default=3_600.0, gt=0, description="Longest time a job may take.")
    max_memory_bytes: int = Field(
        default=4_000_000_000, ge=100_000_000, description="Most memory a job's processes may hold together."
    )
    data_folder: Path | None = Field(
        default=None, description="Folder of data sets to train on: `<set>/train.jsonl.gz`."
    )
    evaluation_documents: int = Field(
        default=100, ge=5, le=5_000, description="Documents of each set that the gate compares models on."
    )
    feedback_url: str | None = Field(
        default=None, description="Feedback's HTTP door, for reviewers' edits and choices; empty for none."
    )
    mlflow_url: str = Field(
        default="http://127.0.0.1:8005", description="MLflow server: runs and the registry of models."
    )
    mlflow_public_url: str | None = Field(
        default=None, description="The same as people reach it, for links; empty if there is no difference."
    )
    tracker: Literal["mlflow", "wandb"] = Field(
        default="mlflow",
        description="Where runs are logged: MLflow, or Weights & Biases (extra `wandb`) beside it. Models are registered in MLflow.",
    )
    wandb_mode: Literal["online", "offline"] = Field(
        default="online", description="`offline` keeps Weights & Biases runs in files."
    )
    wandb_folder: Path = Field(default=Path("wandb"), description="Where those files are kept.")
    seq2seq_base: str | None = Field(
        default=None,
        description="Model that trainings of the engine seq2seq begin with: a folder, `models:/NAME/VERSION`, or a name of the Hugging Face hub. With one set, drift, feedback and the schedule train it too.",
    )
    llm_base: str | None = Field(
        default=None, description="The same for LoRA trainings of the engine llm; a chat model."
    )
    work_folder: Path | None = Field(
        default=None,
        description="Where neural trainings keep checkpoints until they have ended: on a volume that outlives the process they go on after a restart. A folder of this user under the system's temporary one when absent.",
    )
    policy_file: Path | None = Field(
        default=None, description="The gate's policy, YAML or JSON; the default one when absent."
    )
    drift_quiet_seconds: float = Field(
        default=300.0,
        ge=0,
        description="After the last alarm of a burst, and the last correction since it began, wait this long before training.",
    )
    drift_longest_wait_seconds: float = Field(
        default=3_600.0, ge=0, description="But no longer than this after its first alarm."
    )
    feedback_examples: int = Field(
        default=50, ge=1, description="New edits and choices that are enough to train again."
    )
    schedule: str | None = Field(
        default=None,
        description="Cron expression in UTC at which to train, e.g. `0 3 * * 0`; empty for none.",
    )
    min_gain: float = Field(
        default=0.02, ge=0, le=1, description="Least expected gain for which an automatic training starts."
    )
    daily_seconds: float = Field(
        default=7_200.0, gt=0, description="Time that automatic trainings of a model may take in 24 hours."
    )

    @property
    def instance(self) -> str:
        """The name of this process."""
        return self.instance_id or socket.gethostname()

    @property
    def work(self) -> Path:
        """The folder for checkpoints."""
        return self.work_folder or Path(tempfile.gettempdir()) / f"brevity-training-{os.getuid()}"

    def base(self, engine: str) -> str | None:
        """What neural trainings of the engine begin with."""
        return {"seq2seq": self.seq2seq_base, "llm": self.llm_base}.get(engine)

    def learning(self) -> list[str]:
        """Engines that are trained without being asked for: those that have something to begin with."""
        return ["extractive", *(engine for engine in ("seq2seq", "llm") if self.base(engine))]


class TrainerSettings(Settings):
    """`python -m brevity.trainer`, and the job's own process."""

    mongo: MongoSettings = Field(default_factory=MongoSettings)
    s3: S3Settings = Field(default_factory=S3Settings)
    http: HttpSettings = Field(default_factory=HttpSettings)
    auth: AuthSettings = Field(default_factory=AuthSettings)
    trainer: TrainerBlock = Field(default_factory=TrainerBlock)
