"""Typed settings, read once at start from `BREVITY_*` variables and passed down.

Variables are `BREVITY_<BLOCK>_<FIELD>`, e.g. `BREVITY_KAFKA_BOOTSTRAP_SERVERS`. A service's settings class is
made of blocks; every field is described, so that the table in the docs is generated (`tools/settings_table.py`).
Unknown names are refused: a misspelt variable must not silently leave a default in place.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, IPvAnyNetwork, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from brevity.common.errors import Fatal

PREFIX = "BREVITY_"
SERVICE_BLOCKS = ("INGEST", "SUMMARIZE", "FEEDBACK", "TRAINER", "MODEL", "GUARD", "ROUTER")
"""Blocks of the other services: allowed in a shared environment, read by their owner alone."""


class Block(BaseModel):
    """A group of settings that belong together; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class KafkaSettings(Block):
    bootstrap_servers: str = Field(
        default="127.0.0.1:9092", description="Kafka brokers, `host:port`, comma separated."
    )
    client_config: dict[str, str] = Field(
        default_factory=dict,
        description='Further librdkafka settings as JSON, e.g. for SASL and TLS: `{"security.protocol": "SASL_SSL"}`.',
    )
    replication_factor: int = Field(
        default=1, ge=1, le=9, description="Replicas of each topic that `brevity topics apply` creates."
    )

    @property
    def addresses(self) -> list[str]:
        """`bootstrap_servers` one by one, for clients that do not take them in one string."""
        return [address.strip() for address in self.bootstrap_servers.split(",") if address.strip()]


class StageSettings(Block):
    instance_id: str | None = Field(
        default=None,
        description="Stable name of this instance (`group.instance.id`): a restart within the session timeout moves no partition.",
    )
    batch_records: int = Field(
        default=256, ge=1, le=10_000, description="Most records transformed as one batch."
    )
    batch_bytes: int = Field(
        default=8_000_000, ge=1_000, description="Most bytes of records transformed as one batch."
    )
    batch_wait_seconds: float = Field(default=0.05, ge=0, le=10, description="Longest wait to fill a batch.")
    max_in_flight_batches: int = Field(
        default=4, ge=1, le=64, description="Batches being transformed at once; more are not fetched."
    )
    max_attempts: int = Field(
        default=5, ge=1, le=100, description="Attempts for one document before it is dead-lettered."
    )
    retry_backoff_seconds: float = Field(
        default=1.0, gt=0, description="Wait before the second attempt; doubles with each further one."
    )
    retry_backoff_max_seconds: float = Field(
        default=60.0, gt=0, le=1_800, description="Longest wait between two attempts."
    )
    session_timeout_seconds: float = Field(
        default=10.0, ge=1, description="The broker takes a silent instance's partitions after this."
    )
    graceful_stop_seconds: float = Field(
        default=25.0, ge=1, description="On SIGTERM: time to finish and commit what is in flight."
    )
    dead_letter_ratio: float = Field(
        default=0.5,
        gt=0,
        le=1,
        description="Above this share of dead letters that are no sender's fault, among its last records, a partition halts instead of being emptied.",
    )
    dead_letter_tenant_share: float = Field(
        default=0.8,
        gt=0,
        le=1,
        description="Most that one tenant's dead letters count of what halts a partition, so that one tenant alone halts none; 1 for a platform with a single tenant.",
    )
    memory_bytes: int = Field(
        default=3_221_225_472,
        ge=268_435_456,
        description="Most memory that the process may add to what it holds at its start; one that a batch unpacked without end would take beyond it ends, and its successor passes the batch over. Thread stacks count whole.",
    )
    dead_letter_window: int = Field(
        default=1_000, ge=10, description="Records over which the dead-letter share is taken."
    )


class MongoSettings(Block):
    url: SecretStr = Field(
        default=SecretStr("mongodb://127.0.0.1:27017"),
        description="MongoDB address, with credentials if it needs them.",
    )
    database: str = Field(default="brevity", description="Name of the database.")
    timeout_seconds: float = Field(default=5.0, gt=0, description="Longest wait for one operation.")


class S3Settings(Block):
    endpoint_url: str | None = Field(default=None, description="S3 endpoint; empty for AWS itself.")
    bucket: str = Field(default="brevity", description="Bucket of texts, uploads and rejected bytes.")
    region: str = Field(default="us-east-1", description="Region to sign for.")
    access_key_id: SecretStr | None = Field(
        default=None, description="Access key; empty to use the ambient identity (role, profile)."
    )
    secret_access_key: SecretStr | None = Field(
        default=None, description="Secret key; empty to use the ambient identity."
    )
    timeout_seconds: float = Field(default=10.0, gt=0, description="Longest wait for one answer.")


class HttpSettings(Block):
    host: str = Field(default="127.0.0.1", description="Address the service's HTTP door binds to.")
    port: int = Field(
        default=0, ge=0, le=65_535, description="Port of the HTTP door; 0 takes the service's usual one."
    )
    trusted_proxies: list[IPvAnyNetwork] = Field(
        default_factory=list[IPvAnyNetwork],
        description='Addresses or networks (JSON list, e.g. `["10.0.0.0/8"]`) of proxies whose `X-Forwarded-For` and `-Proto` say who the caller is; by default nobody\'s are believed.',
    )
    max_body_bytes: int = Field(
        default=33_554_432, ge=1_024, description="Largest request body; more is answered with 413."
    )
    max_body_bytes_of_all: int = Field(
        default=134_217_728,
        ge=1_024,
        description="Most bytes of all request bodies being received at once, half of them for one caller; at least two of the largest.",
    )
    requests_per_second: float = Field(
        default=50.0,
        gt=0,
        description="Requests one key may make in the long run; and one address (of IPv6 a network of 64 bits) without a good key.",
    )
    request_burst: int = Field(
        default=200,
        ge=1,
        description="Requests one key (or address) may make at once before the rate applies. An address that has none left is let in with keys that were good from there before.",
    )


class AuthSettings(Block):
    api_keys: SecretStr | None = Field(
        default=None,
        description='API keys as JSON: `{"key": "tenant"}` for a reviewer, or `{"key": {"tenant": "t", "role": "reader", "name": "who"}}` with role reader, reviewer, admin or operator. These, a file or a provider is needed by every HTTP door outside local mode.',
    )
    api_keys_file: str | None = Field(default=None, description="File that holds API keys in the same form.")
    oidc_issuer: str | None = Field(
        default=None,
        description="OpenID Connect provider whose bearer tokens are accepted, as their `iss` names it.",
    )
    oidc_audience: str | None = Field(
        default=None, description="What a token's `aud` must name; needed with an issuer."
    )
    oidc_jwks_url: str | None = Field(
        default=None,
        description="Where the provider's keys lie; absent: found through its discovery document.",
    )
    oidc_tenant_claim: str = Field(
        default="tenant", description="Claim that names the tenant; dots lead into claims."
    )
    operator_tenant: str | None = Field(
        default=None,
        description="Tenant whose admins operate the platform, as if they had the role operator: they train, promote and roll back models for all tenants. Absent: the only tenant that the keys name, else `default`; empty: only the role operator counts.",
    )
    oidc_role_claim: str = Field(
        default="roles",
        description="Claim that names roles (reader, reviewer, admin, operator); the highest counts. Operators decide for all tenants: never let a tenant give that role.",
    )


class TelemetrySettings(Block):
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least level that is logged."
    )
    log_format: Literal["json", "console"] = Field(
        default="json", description="One JSON object a line, or coloured text for a person."
    )
    otlp_endpoint: str | None = Field(
        default=None,
        description="OTLP/HTTP collector for traces, e.g. `http://127.0.0.1:4318`; empty for none.",
    )
    trace_ratio: float = Field(
        default=0.01,
        ge=0,
        le=1,
        description="Share of new traces that are recorded; a sampled caller is always followed.",
    )


class Settings(BaseSettings):
    """Base of each service's settings; add blocks as fields."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="_",
        env_nested_max_split=1,
        frozen=True,
        extra="ignore",
        nested_model_default_partial_update=True,
    )

    mode: Literal["local", "production"] = Field(
        default="production",
        description="`local` opens the HTTP doors without a key and is refused on any address but loopback.",
    )
    kafka: KafkaSettings = Field(default_factory=KafkaSettings)
    telemetry: TelemetrySettings = Field(default_factory=TelemetrySettings)


SettingsT = TypeVar("SettingsT", bound=Settings)


def load_settings(cls: type[SettingsT], environ: Mapping[str, str] | None = None) -> SettingsT:
    """Read `cls` from the environment.

    Raises:
        Fatal: A name is unknown or a value is wrong; the message names each with its variable.
    """
    given = dict(os.environ if environ is None else environ)
    unknown = [name for name in given if name.upper().startswith(PREFIX) and not _known(cls, name)]
    if unknown:
        raise Fatal(
            f"unknown setting {', '.join(sorted(unknown))}",
            code="unknown_setting",
            remedy="Correct the name or unset it; docs/settings.md lists all.",
        )
    try:
        if environ is None:
            return cls()
        before = dict(os.environ)
        os.environ.clear()
        os.environ.update(environ)
        try:
            return cls()
        finally:
            os.environ.clear()
            os.environ.update(before)
    except SettingsError as error:
        raise _bad_setting(_explain_json(error, given)) from None
    except ValidationError as error:
        raise _bad_setting(_explain(error)) from error


def _bad_setting(message: str) -> Fatal:
    return Fatal(message, code="bad_setting", remedy="Correct the named variables and start again.")


def _known(cls: type[Settings], name: str) -> bool:
    """Whether the variable is a plain field of `cls`, or one of a block that is there; its fields are checked later."""
    block, _, rest = name.upper().removeprefix(PREFIX).partition("_")
    if block in {"HTTP", "AUTH", "MONGO", "S3", "STAGE", *SERVICE_BLOCKS}:
        return True
    field = cls.model_fields.get(block.lower())
    if field is None:
        return False
    return not rest or (isinstance(field.annotation, type) and issubclass(field.annotation, Block))


def _explain_json(error: SettingsError, given: Mapping[str, str]) -> str:
    """Names the variable that should be JSON and is not; its value may be a secret and is not quoted."""
    cause = error.__cause__
    if not isinstance(cause, json.JSONDecodeError):
        return str(error)
    names = sorted(
        name for name, value in given.items() if name.upper().startswith(PREFIX) and value == cause.doc
    )
    return f"{', '.join(names).upper()}: not JSON (line {cause.lineno} column {cause.colno})"


def _explain(error: ValidationError) -> str:
    def line(item: Any) -> str:
        name = PREFIX + "_".join(str(part) for part in item["loc"]).upper()
        return f"{name}: {item['msg']}"

    return "; ".join(line(item) for item in error.errors(include_input=False, include_url=False))
