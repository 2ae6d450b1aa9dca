"""Where runs are logged: MLflow, or Weights & Biases, through one port."""

from __future__ import annotations

from brevity.trainer.settings import TrainerBlock
from brevity.trainer.tracking.port import Tracker


def tracker_of(settings: TrainerBlock) -> Tracker:
    """The tracker that the settings name. Raises Fatal when its package is not installed."""
    if settings.tracker == "wandb":
        from brevity.trainer.tracking.wandb import WandbTracker

        return WandbTracker(settings.wandb_mode, settings.wandb_folder)
    from brevity.trainer.tracking.mlflow import MlflowTracker

    return MlflowTracker(settings.mlflow_url, settings.mlflow_public_url)
