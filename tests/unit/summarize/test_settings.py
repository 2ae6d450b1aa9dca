import pytest

from brevity.common.errors import Fatal
from brevity.common.settings import load_settings
from brevity.summarize.serving.app import refuse_open_door
from brevity.summarize.settings import EngineSettings, SummarizeSettings

TOKEN = "a-secret-of-enough-characters"  # noqa: S105 - no secret


def _load(**environ: str) -> SummarizeSettings:
    return load_settings(SummarizeSettings, {f"BREVITY_{name}": value for name, value in environ.items()})


def test_the_defaults_listen_on_loopback_only() -> None:
    assert _load().summarize.serve_host == "127.0.0.1"
    refuse_open_door(_load().summarize)


@pytest.mark.parametrize("host", ["0.0.0.0", "10.0.0.7", "serve", "::"])  # noqa: S104 - it is refused
def test_listening_on_a_network_needs_a_token(host: str) -> None:
    with pytest.raises(Fatal) as caught:
        refuse_open_door(_load(SUMMARIZE_SERVE_HOST=host).summarize)
    assert caught.value.code == "open_to_network"
    assert "BREVITY_SUMMARIZE_SERVE_TOKEN" in caught.value.remedy
    refuse_open_door(_load(SUMMARIZE_SERVE_HOST=host, SUMMARIZE_SERVE_TOKEN=TOKEN).summarize)


def test_the_token_is_shown_nowhere() -> None:
    settings = _load(SUMMARIZE_SERVE_TOKEN=TOKEN)
    assert TOKEN not in repr(settings)
    assert TOKEN not in settings.model_dump_json()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SUMMARIZE_SERVE_TOKEN", "short"),
        ("SUMMARIZE_BATCH_DOCUMENTS", "0"),
        ("SUMMARIZE_CLIENT", "carrier-pigeon"),
        ("SUMMARIZE_SERVE_PROT", "8012"),
    ],
)
def test_a_wrong_value_or_name_is_refused_and_named_but_not_quoted(name: str, value: str) -> None:
    with pytest.raises(Fatal) as caught:
        _load(**{name: value})
    assert f"BREVITY_{name}" in caught.value.message
    if name.endswith("TOKEN"):
        assert value not in caught.value.message.removeprefix(f"BREVITY_{name}")


def test_a_setting_reaches_its_block() -> None:
    assert _load(SUMMARIZE_MAX_QUEUED_REQUESTS="7").summarize == EngineSettings(max_queued_requests=7)
