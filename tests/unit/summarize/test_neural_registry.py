"""Neural engines by their URI and settings, with tiny real models."""

from __future__ import annotations

import sys
from collections.abc import Generator
from pathlib import Path

import pytest
import torch

from brevity.common.errors import Fatal, Rejected
from brevity.common.settings import load_settings
from brevity.neural.archive import pack
from brevity.neural.convert import convert
from brevity.summarize.engines.guard import GuardedEngine
from brevity.summarize.engines.port import Job, Summary, SummaryEngine
from brevity.summarize.engines.registry import load_engine, loader
from brevity.summarize.settings import SummarizeSettings
from tests.support.chat_server import KEY, MODEL, chat_server
from tests.support.tiny_chat import tiny_chat
from tests.support.tiny_seq2seq import tiny_seq2seq
from tests.unit.summarize.texts import BRIDGE

JOB = Job(BRIDGE, "en", 60)


def settings(**environ: str) -> SummarizeSettings:
    return load_settings(SummarizeSettings, {f"BREVITY_{name}": value for name, value in environ.items()})


SMALL = settings(MODEL_DEVICE="cpu", MODEL_ANSWER_TOKENS="16", MODEL_CONTEXT_TOKENS="1500")


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Generator[None]:
    """Models this small are no faster with more, and a busy machine slows them less."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_chat(tmp_path_factory.mktemp("chat"))


def one(engine: SummaryEngine) -> Summary:
    [summary] = engine.summarize([JOB])
    assert isinstance(summary, Summary), summary
    return summary


def refused(uri: str, with_: SummarizeSettings) -> Fatal:
    with pytest.raises(Fatal) as caught:
        load_engine(uri, with_)
    return caught.value


def test_a_chat_model_is_loaded_from_its_folder_and_from_its_archive(folder: Path, tmp_path: Path) -> None:
    engine = load_engine(f"llm:{folder}", SMALL)
    summary = one(engine)
    assert (summary.engine, summary.decoding["temperature"]) == ("llm", 0)
    assert summary.model_version == engine.model_version
    archive = tmp_path / "model.json"  # as a model from the object store is kept
    pack(folder, archive)
    assert one(load_engine(f"llm:{archive}", SMALL)) == summary
    assert one(loader(SMALL)(f"llm:{archive}")) == summary


def test_a_seq2seq_model_reads_a_long_document_in_parts(tmp_path: Path) -> None:
    small = settings(MODEL_DEVICE="cpu", MODEL_BEAMS="1", MODEL_NO_REPEAT_NGRAM="3")
    engine = load_engine(f"seq2seq:{tiny_seq2seq('bart', tmp_path)}", small)
    summary = one(engine)
    assert summary.engine == "seq2seq"
    assert summary.model_version == engine.model_version
    assert (summary.decoding["beams"], summary.decoding["no_repeat_ngram"]) == (1, 3)
    assert summary.decoding["parts"] > 2
    assert summary.coverage_percent == 100.0
    assert (summary.source_tokens or 0) > summary.source_words


def test_a_quantized_model_stands_behind_the_same_engine(tmp_path: Path) -> None:
    convert(tiny_seq2seq("bart", tmp_path / "float"), tmp_path / "int8", quantization="int8")
    engine = load_engine(f"ctranslate2:{tmp_path / 'int8'}", SMALL)
    summary = one(engine)
    assert summary.engine == "ctranslate2"
    assert summary.model_version.startswith("ctranslate2-")
    assert summary.coverage_percent == 100.0
    assert summary.decoding["parts"] > 2


def test_a_multilingual_model_translates_among_its_languages_and_refuses_others(tmp_path: Path) -> None:
    engine = load_engine(f"seq2seq:{tiny_seq2seq('mbart50', tmp_path)}", SMALL)
    jobs = [Job(BRIDGE, "en", 20, output_language=tag) for tag in ("fr", "no")]
    french, norwegian = engine.summarize(jobs)
    assert isinstance(french, Summary)
    assert "translated" in {flag.code for flag in french.warnings}
    assert isinstance(norwegian, Rejected)
    assert norwegian.code == "language_not_supported"
    assert "cannot write Norwegian" in norwegian.message


def test_a_server_is_asked_by_its_address_and_key() -> None:
    with chat_server() as (url, seen):
        engine = load_engine(f"openai:{MODEL}", settings(MODEL_SERVER_URL=url, MODEL_SERVER_KEY=KEY))
        summary = one(engine)
    assert BRIDGE.startswith(summary.text.rstrip("."))
    assert (summary.engine, summary.model_version) == ("openai", f"openai-{MODEL}")
    assert summary.summary_tokens == 12
    assert len(seen.bodies) == 1


def test_a_key_may_lie_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(f"{KEY}\n")
    with chat_server() as (url, _):
        one(load_engine(f"openai:{MODEL}", settings(MODEL_SERVER_URL=url, MODEL_SERVER_KEY_FILE=str(file))))
    gone = settings(MODEL_SERVER_URL="http://127.0.0.1:9/v1", MODEL_SERVER_KEY_FILE=str(tmp_path / "none"))
    assert refused(f"openai:{MODEL}", gone).code == "bad_setting"


def test_a_key_is_shown_nowhere() -> None:
    assert KEY not in repr(settings(MODEL_SERVER_KEY=KEY))


def test_the_guard_of_the_settings_is_put_around_the_model(folder: Path) -> None:
    assert not isinstance(load_engine(f"llm:{folder}", SMALL), GuardedEngine)
    guard = SMALL.guard.model_copy(update={"action": "fall_back"})
    engine = load_engine(f"llm:{folder}", SMALL.model_copy(update={"guard": guard}))
    summary = one(engine)
    # random weights write nothing that the source supports
    assert (summary.engine, summary.warnings[0].code) == ("extractive", "fell_back")
    assert engine.name == "llm"


@pytest.mark.parametrize(
    ("uri", "code"),
    [
        ("llm", "no_model"),
        ("llm:/nowhere/model", "model_missing"),
        ("seq2seq:/nowhere/model", "model_missing"),
        ("ctranslate2:/nowhere/model", "not_a_model"),
        ("openai:gpt", "no_server"),
    ],
)
def test_what_is_missing_is_named(uri: str, code: str) -> None:
    assert refused(uri, SMALL).code == code


def test_a_wrong_address_is_named() -> None:
    assert "MODEL_SERVER_URL" in refused("openai:gpt", settings(MODEL_SERVER_URL="vllm:8000")).message


@pytest.mark.parametrize("missing", ["brevity.neural.archive", "torch"])
def test_without_the_extra_the_remedy_says_what_to_install(
    missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in list(sys.modules):
        if name.startswith(
            ("brevity.neural", "brevity.summarize.engines.models", "brevity.summarize.engines.neural")
        ):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    error = refused("llm:/nowhere/model", SMALL)
    assert error.code == "engine_not_installed"
    assert missing in error.message
    assert "brevity-summarize[neural]" in error.remedy
    assert load_engine("extractive", SMALL).name == "extractive"
