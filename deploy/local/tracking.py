"""The MLflow server of the local stack: runs in SQLite, artifacts in the bucket."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from brevity.common.settings import S3Settings
from deploy.local.java import Server, listening


class MlflowServer(Server):
    """Artifacts go through the server, so that clients need no key to the bucket."""

    name = "mlflow"
    start_seconds = 180.0

    def __init__(self, port: int, folder: Path, s3: S3Settings) -> None:
        super().__init__(port, folder)
        self._s3 = s3

    def command(self) -> Sequence[str]:
        return [
            sys.executable,
            *("-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(self.port), "--workers", "1"),
            *("--backend-store-uri", f"sqlite:///{self.folder.resolve() / 'mlflow.db'}"),
            *("--artifacts-destination", f"s3://{self._s3.bucket}/mlflow"),
        ]

    def environ(self) -> Mapping[str, str]:
        key, secret = self._s3.access_key_id, self._s3.secret_access_key
        return {
            **os.environ,
            "MLFLOW_S3_ENDPOINT_URL": self._s3.endpoint_url or "",
            "AWS_ACCESS_KEY_ID": key.get_secret_value() if key else "",
            "AWS_SECRET_ACCESS_KEY": secret.get_secret_value() if secret else "",
            "AWS_DEFAULT_REGION": self._s3.region,
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        }

    def ready(self) -> bool:
        return listening(self.port)
