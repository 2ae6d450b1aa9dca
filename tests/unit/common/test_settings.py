"""Settings come from the environment alone, are checked at once, and say which variable is wrong."""

from __future__ import annotations

import os

import pytest
from pydantic import Field, SecretStr, ValidationError

from brevity.common.errors import Fatal
from brevity.common.settings import AuthSettings, MongoSettings, S3Settings, Settings, load_settings


class ServiceSettings(Settings):
    mongo: MongoSettings = Field(default_factory=MongoSettings)
    s3: S3Settings = Field(default_factory=S3Settings)
    auth: AuthSettings = Field(default_factory=AuthSettings)


def refusal(environ: dict[str, str]) -> str:
    with pytest.raises(Fatal) as caught:
        load_settings(ServiceSettings, environ)
    assert caught.value.remedy
    return caught.value.message


def test_with_nothing_set_the_defaults_hold() -> None:
    settings = load_settings(ServiceSettings, {})
    assert settings == ServiceSettings()
    assert settings.mode == "production", "whoever forgets the mode must not get the open one"


def test_a_variable_is_the_blocks_name_and_the_fields() -> None:
    settings = load_settings(
        ServiceSettings,
        {
            "BREVITY_MODE": "local",
            "BREVITY_KAFKA_BOOTSTRAP_SERVERS": "a:9092,b:9092",
            "BREVITY_KAFKA_CLIENT_CONFIG": '{"security.protocol": "SASL_SSL"}',
            "BREVITY_S3_ENDPOINT_URL": "http://127.0.0.1:9000",
            "BREVITY_TELEMETRY_TRACE_RATIO": "0.5",
            "PATH": "/bin",
        },
    )
    assert settings.mode == "local"
    assert settings.kafka.bootstrap_servers == "a:9092,b:9092"
    assert settings.kafka.addresses == ["a:9092", "b:9092"]
    assert settings.kafka.client_config == {"security.protocol": "SASL_SSL"}
    assert settings.kafka.replication_factor == 1, "a field that is not set keeps its default"
    assert settings.s3.endpoint_url == "http://127.0.0.1:9000"
    assert settings.telemetry.trace_ratio == 0.5


def test_the_processes_own_environment_is_read_and_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BREVITY_MONGO_DATABASE", "of_the_process")
    before = dict(os.environ)
    assert load_settings(ServiceSettings).mongo.database == "of_the_process"
    assert load_settings(ServiceSettings, {}).mongo.database == "brevity"
    assert dict(os.environ) == before


@pytest.mark.parametrize(
    "name",
    ["BREVITY_KAFKA_BOOTSTRAP_SERVER", "BREVITY_KAFAK_BOOTSTRAP_SERVERS", "BREVITY_MODUS", "BREVITY_MODE_X", "BREVITY_"],
)  # fmt: skip
def test_a_misspelt_name_is_refused_and_named(name: str) -> None:
    assert name in refusal({name: "local"})


def test_blocks_of_other_services_may_stand_in_a_shared_environment() -> None:
    environ = {
        "BREVITY_INGEST_MAX_BYTES": "5000",
        "BREVITY_SUMMARIZE_ENGINE": "x",
        "BREVITY_STAGE_MAX_ATTEMPTS": "2",
    }
    assert load_settings(ServiceSettings, environ) == ServiceSettings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BREVITY_MODE", "test"),
        ("BREVITY_KAFKA_REPLICATION_FACTOR", "many"),
        ("BREVITY_KAFKA_REPLICATION_FACTOR", "0"),
        ("BREVITY_TELEMETRY_TRACE_RATIO", "1.5"),
        ("BREVITY_MONGO_TIMEOUT_SECONDS", "-1"),
        ("BREVITY_KAFKA_CLIENT_CONFIG", "security.protocol=SSL"),
        ("BREVITY_KAFKA_CLIENT_CONFIG", '["SSL"]'),
        ("BREVITY_KAFKA", "{broken"),
    ],
)
def test_a_wrong_value_is_refused_and_its_variable_named(name: str, value: str) -> None:
    assert name in refusal({name: value})


def test_all_wrong_values_are_named_at_once() -> None:
    message = refusal({"BREVITY_MODE": "test", "BREVITY_TELEMETRY_LOG_LEVEL": "loud"})
    assert "BREVITY_MODE" in message
    assert "BREVITY_TELEMETRY_LOG_LEVEL" in message


def test_no_secret_is_shown_when_settings_are_printed_or_refused() -> None:
    hidden = "hunter2-and-more"
    settings = load_settings(
        ServiceSettings,
        {
            "BREVITY_MONGO_URL": f"mongodb://root:{hidden}@db",
            "BREVITY_S3_SECRET_ACCESS_KEY": hidden,
            "BREVITY_AUTH_API_KEYS": f'{{"{hidden}": "acme"}}',
        },
    )
    assert isinstance(settings.mongo.url, SecretStr)
    assert hidden not in repr(settings)
    assert hidden not in settings.model_dump_json()
    assert hidden not in refusal(
        {"BREVITY_S3_SECRET_ACCESS_KEY": hidden, "BREVITY_KAFKA_CLIENT_CONFIG": f"{{{hidden}"}
    )


def test_settings_cannot_be_changed_once_read() -> None:
    settings = load_settings(ServiceSettings, {})
    with pytest.raises(ValidationError):
        settings.mongo.database = "other"  # pyright: ignore[reportAttributeAccessIssue]
