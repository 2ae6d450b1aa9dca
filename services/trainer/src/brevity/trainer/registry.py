"""The registry of models, kept by MLflow: versions with their artifact, aliases, stage tags, and decisions with evidence."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from brevity.common.contracts.vocabulary import Decision
from brevity.common.errors import Rejected
from brevity.common.events import ObjectRef
from brevity.common.ids import file_hash
from brevity.trainer.data.bucket import Bucket
from brevity.trainer.tracking.mlflow import reached

CHAMPION, CHALLENGER = "champion", "challenger"
STAGE, STAGING, PRODUCTION, ARCHIVED = "stage", "Staging", "Production", "Archived"
_URI, _SHA, _SIZE = "artifact.uri", "artifact.sha256", "artifact.bytes"
_ENGINE, _JOB, _DATA, _DECISION, _REASON = "engine", "job_id", "data_version", "decision", "decision.reason"
_EVIDENCE, _VARIANT, _NAMED = "decision.evidence", "variant_of", "model_version"
_LONGEST_TAG = 4_900


def file_of(engine: str) -> tuple[str, str]:
    """Name and media type of a version's file: JSON of the extractive engine, one archive of a neural one."""
    return (
        ("model.json", "application/json") if engine == "extractive" else ("model.tar", "application/x-tar")
    )


@dataclass(frozen=True, slots=True)
class Version:
    """A registered version whose file is in its place.

    Attributes:
        model_version: How summaries name it.
        variant_of: `model/version` that it makes faster or smaller: it must keep that one's quality, and need not gain
            on it.
        evidence: What the decision stands on, as the gate wrote it; large parts are in the run's artifacts.
    """

    model: str
    version: str
    engine: str
    artifact: ObjectRef
    run_id: str | None
    stage: str
    aliases: tuple[str, ...]
    data_version: str | None
    variant_of: str | None
    decision: str | None
    reason: str | None
    evidence: Mapping[str, Any]
    created_ms: int
    model_version: str

    @property
    def name(self) -> str:
        """`model/version`."""
        return f"{self.model}/{self.version}"

    @property
    def uri(self) -> str:
        return f"models:/{self.model}/{self.version}"

    def view(self) -> dict[str, Any]:
        """As callers see it."""
        return {
            "model": self.model,
            "version": self.version,
            "model_version": self.model_version,
            "engine": self.engine,
            "stage": self.stage,
            "aliases": list(self.aliases),
            "artifact": self.artifact.model_dump(exclude_none=True),
            "mlflow_run_id": self.run_id,
            "data_version": self.data_version,
            "variant_of": self.variant_of,
            "decision": self.decision,
            "reason": self.reason,
            "evidence": dict(self.evidence),
            "created_ms": self.created_ms,
        }


_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
"""MLflow's filters have no way to write a quote."""


class Registry:
    """Calls block; raises Unavailable when MLflow or the bucket is away. Every write may be repeated.

    Args:
        champion: The version of a model that is the champion by the record of promotions, whatever MLflow's alias says;
            None, or none given: the alias counts.
    """

    def __init__(self, url: str, bucket: Bucket, champion: Callable[[str], str | None] | None = None) -> None:
        self._url = url
        self._client = MlflowClient(url, url)
        self._bucket = bucket
        self._champion = champion

    def register(
        self,
        model: str,
        engine: str,
        file: Path,
        *,
        run_id: str | None,
        job_id: str,
        data_version: str | None = None,
        parent: Version | None = None,
    ) -> Version:
        """Register the file as the next version, its bytes in their place; once for each job, however often it is called.

        Args:
            parent: The version that it makes smaller or faster; kept as its tag `variant_of`.
        """
        with reached(self._url):
            self._ensure(model)
            mine = [v for v in self._all(model) if v.tags.get(_JOB) == job_id]
            made = (
                mine[0]
                if mine
                else self._client.create_model_version(
                    model,
                    f"s3://{self._bucket.name}/models/{model}",
                    run_id,
                    tags={
                        _JOB: job_id,
                        _ENGINE: engine,
                        STAGE: STAGING,
                        **({_DATA: data_version} if data_version else {}),
                        **({_VARIANT: parent.name} if parent else {}),
                    },
                )
            )
        name, media_type = file_of(engine)
        uri = self._bucket.put_file(f"models/{model}/{made.version}/{name}", file, media_type)
        # The hash comes last: a version that has one has its file.
        digest = file_hash(file)
        tags = {
            _URI: uri,
            _SIZE: str(file.stat().st_size),
            _NAMED: _named(engine, file, digest),
            _SHA: digest,
        }
        with reached(self._url):
            for name, value in tags.items():
                self._client.set_model_version_tag(model, str(made.version), name, value)
        return self.version(model, str(made.version))

    def models(self) -> list[str]:
        with reached(self._url):
            return [found.name for found in self._client.search_registered_models()]

    def versions(self, model: str) -> list[Version]:
        """Newest first; without those whose registration was not finished. None of what cannot be a model's name."""
        if not _NAME.fullmatch(model):
            return []
        with reached(self._url):
            aliases = self._aliases(model)
            if self._champion is not None and (recorded := self._champion(model)) is not None:
                aliases[CHAMPION] = recorded
            found = [_version(v, aliases) for v in self._all(model) if v.tags.get(_SHA)]
        return sorted(found, key=lambda v: int(v.version), reverse=True)

    def version(self, model: str, version: str) -> Version:
        """Raises Rejected `not_found`."""
        for found in self.versions(model):
            if found.version == version:
                return found
        raise Rejected(
            f"there is no version {version} of {model}",
            code="not_found",
            remedy="`brevity models list` shows the versions.",
        )

    def aliased(self, model: str, alias: str) -> Version | None:
        return next((v for v in self.versions(model) if alias in v.aliases), None)

    def named(self, model: str, name: str) -> Version:
        """A version by its number or an alias, of `model` or, as `other/name`, of another model.

        Raises:
            Rejected: `not_found`.
        """
        other, slash, rest = name.rpartition("/")
        if slash:
            model, name = other, rest
        found = None if name.isdigit() else self.aliased(model, name)
        return found if found is not None else self.version(model, name)

    def read(self, version: Version, place: Path) -> Path:
        """Write the version's file to `place`, which appears with the right bytes or not at all; returns `place`.

        Raises:
            Rejected: `bad_artifact` when it is not what was registered.
            OSError: It cannot be written.
        """
        artifact = version.artifact
        try:
            self._bucket.fetch(
                artifact.object_key,
                place,
                bucket=artifact.bucket,
                max_bytes=artifact.size_bytes or 0,
                sha256=artifact.sha256,
            )
        except Rejected as error:
            if error.code not in ("changed", "too_large"):
                raise
            raise Rejected(
                f"the file of {version.uri} is not the one that was registered",
                code="bad_artifact",
                remedy="Restore it from a backup, or promote another version.",
            ) from error
        return place

    def explain(self, version: Version, evaluation: Mapping[str, Any]) -> None:
        """Keep the whole comparison beside the version's file; its tags hold the short of it."""
        self._bucket.put(_evaluation(version), json.dumps(evaluation).encode(), "application/json")

    def evaluation(self, version: Version) -> dict[str, Any]:
        """The comparison that was kept of a version. Raises Rejected `no_evaluation`."""
        found = self._bucket.find(_evaluation(version))
        if found is None:
            raise Rejected(
                f"{version.uri} was compared with nothing",
                code="no_evaluation",
                remedy="`brevity models compare` compares it now.",
            )
        return json.loads(found)

    def challenge(self, version: Version) -> None:
        """Make it the challenger."""
        with reached(self._url):
            self._client.set_registered_model_alias(version.model, CHALLENGER, version.version)

    def decide(self, version: Version, decision: Decision, reason: str, evidence: Mapping[str, Any]) -> None:
        """Write the gate's or a person's decision onto the version."""
        written = {_DECISION: decision, _REASON: reason, _EVIDENCE: json.dumps(evidence)}
        with reached(self._url):
            for name, value in written.items():
                self._client.set_model_version_tag(version.model, version.version, name, value[:_LONGEST_TAG])

    def crown(self, version: Version, previous: Version | None) -> None:
        """Make it the champion and mark it Production; the previous one is Archived."""
        with reached(self._url):
            self._client.set_registered_model_alias(version.model, CHAMPION, version.version)
            self._client.set_model_version_tag(version.model, version.version, STAGE, PRODUCTION)
            if previous is not None and previous.version != version.version:
                self._client.set_model_version_tag(previous.model, previous.version, STAGE, ARCHIVED)
            challenger = self._aliases(version.model).get(CHALLENGER)
            if challenger == version.version:
                self._client.delete_registered_model_alias(version.model, CHALLENGER)

    def alias(self, model: str, alias: str) -> str | None:
        """The number that MLflow itself has under `alias`."""
        with reached(self._url):
            return self._aliases(model).get(alias)

    def ping(self) -> None:
        with reached(self._url):
            self._client.search_experiments(max_results=1)

    def _ensure(self, model: str) -> None:
        try:
            self._client.create_registered_model(model)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise

    def _all(self, model: str) -> list[ModelVersion]:
        return list(self._client.search_model_versions(f"name='{model}'", max_results=10_000))

    def _aliases(self, model: str) -> dict[str, str]:
        try:
            return {k: str(v) for k, v in self._client.get_registered_model(model).aliases.items()}
        except MlflowException as error:
            if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                return {}
            raise


def _named(engine: str, file: Path, digest: str) -> str:
    """How the engine will name the model in its summaries: by its file's bytes, or by those of the files in an archive."""
    if engine == "extractive":
        return _of_bytes(engine, digest)
    from brevity.neural.archive import archived_version  # an extra

    return archived_version(file, engine)


def _of_bytes(engine: str, digest: str) -> str:
    return f"{engine}-{digest[:12]}"


def _evaluation(version: Version) -> str:
    return f"models/{version.model}/{version.version}/evaluation.json"


def _version(found: ModelVersion, aliases: Mapping[str, str]) -> Version:
    tags: Mapping[str, str] = found.tags
    try:
        evidence = json.loads(tags.get(_EVIDENCE, "{}"))
    except ValueError:
        evidence = {}
    return Version(
        model=found.name,
        version=str(found.version),
        engine=tags.get(_ENGINE, ""),
        artifact=ObjectRef(
            uri=tags[_URI],
            sha256=tags[_SHA],
            size_bytes=int(tags.get(_SIZE, "0")),
            media_type=file_of(tags.get(_ENGINE, ""))[1],
        ),
        run_id=found.run_id or None,
        stage=tags.get(STAGE, ""),
        aliases=tuple(sorted(a for a, v in aliases.items() if v == str(found.version))),
        data_version=tags.get(_DATA),
        variant_of=tags.get(_VARIANT),
        decision=tags.get(_DECISION),
        reason=tags.get(_REASON),
        evidence=evidence,
        created_ms=int(found.creation_timestamp or 0),
        model_version=tags.get(_NAMED) or _of_bytes(tags.get(_ENGINE, ""), tags[_SHA]),
    )
