"""Loads the neural engines: a model's folder, archive or name, and the settings, into an engine with its guard."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from brevity.common.errors import Fatal
from brevity.neural.archive import BadModel, unpack
from brevity.neural.batched import Batching, Decoding
from brevity.neural.loading import LoadSettings
from brevity.neural.port import Generator
from brevity.summarize.engines.extractive import ExtractiveEngine
from brevity.summarize.engines.guard import GuardedEngine
from brevity.summarize.engines.neural import NeuralEngine
from brevity.summarize.engines.port import SummaryEngine
from brevity.summarize.settings import ModelSettings, SummarizeSettings
from brevity.summarize.versions.cache import no_room

_UNPACKED = "model"


def load_neural(name: str, location: str, settings: SummarizeSettings) -> SummaryEngine:
    """The engine `name` with the model at `location`. Raises Fatal when it cannot be used.

    ImportError comes through: it names what is not installed.
    """
    if not location:
        raise Fatal(
            f"The engine {name} needs a model",
            code="no_model",
            remedy=f"Name it after the engine: {name}:/path/to/folder, or openai:MODEL.",
        )
    try:
        generator = _generator(name, location, settings.model)
    except BadModel as error:
        raise Fatal(str(error), code=error.code, remedy=error.remedy) from error
    engine = NeuralEngine(name, generator, _decoding(name, settings.model))
    guard = settings.guard
    if guard.action == "keep":
        return engine
    return GuardedEngine(
        engine, ExtractiveEngine.load(), action=guard.action, most=guard.most_warnings, tries=guard.tries
    )


def _generator(name: str, location: str, model: ModelSettings) -> Generator:
    if name == "openai":
        return _openai(location, model)
    place = _folder(location)
    load = LoadSettings(
        device=model.device, dtype=model.dtype, device_map=model.device_map, compile=model.compile
    )
    languages = frozenset(model.languages) if model.languages else None
    if name == "llm":
        from brevity.neural.llm import ChatGenerator, ChatSettings

        chat = ChatSettings(
            context_tokens=model.context_tokens,
            answer_tokens=model.answer_tokens,
            batch_tokens=model.batch_tokens,
            languages=languages,
        )
        return ChatGenerator.load(place, load, chat)
    decoding = Decoding(model.beams, model.length_penalty, model.no_repeat_ngram)
    batching = Batching(tokens=model.batch_tokens)
    if name == "ctranslate2":
        from brevity.neural.ctranslate import CTranslate2Generator, CTranslateSettings

        return CTranslate2Generator.load(
            Path(place),
            CTranslateSettings(
                device=model.device,
                decoding=decoding,
                batching=batching,
                context_tokens=model.context_tokens,
                languages=languages,
            ),
        )
    from brevity.neural.seq2seq import Seq2SeqGenerator, Seq2SeqSettings

    return Seq2SeqGenerator.load(
        place,
        Seq2SeqSettings(
            load=load,
            decoding=decoding,
            batching=batching,
            context_tokens=model.context_tokens,
            languages=languages,
        ),
    )


def _openai(model_name: str, model: ModelSettings) -> Generator:
    from brevity.neural.openai import OpenAIGenerator, ServerSettings

    if model.server_url is None:
        raise Fatal(
            "The engine openai has no server",
            code="no_server",
            remedy="Set BREVITY_MODEL_SERVER_URL to the server's address up to /v1.",
        )
    try:
        return OpenAIGenerator(
            ServerSettings(
                base_url=model.server_url,
                model=model_name,
                key=_key(model),
                context_tokens=model.context_tokens or 8_192,
                answer_tokens=model.answer_tokens,
                concurrency=model.server_concurrency,
                timeout_seconds=model.server_timeout_seconds,
                tries=model.server_tries,
                languages=frozenset(model.languages) if model.languages else None,
            )
        )
    except ValueError as error:
        raise Fatal(
            f"BREVITY_MODEL_SERVER_URL is wrong: {error}",
            code="bad_setting",
            remedy="Give an http or https address up to and including /v1.",
        ) from None


def _key(model: ModelSettings) -> str | None:
    if model.server_key_file is None:
        return model.server_key.get_secret_value() if model.server_key else None
    try:
        return model.server_key_file.read_text("utf-8").strip()
    except OSError as error:
        raise Fatal(
            f"{model.server_key_file} cannot be read: {error.strerror}",
            code="bad_setting",
            remedy="Correct BREVITY_MODEL_SERVER_KEY_FILE.",
        ) from None


def _folder(location: str) -> str:
    """`location`, or where the archive that lies there was unpacked: beside it, once."""
    path = Path(location)
    if not path.is_file():
        return location
    folder = path.with_name(_UNPACKED)
    if not folder.is_dir():
        try:
            unpack(path, folder)
        except OSError as error:
            raise no_room(path.parent, error) from error
    return str(folder)


def _decoding(name: str, model: ModelSettings) -> dict[str, Any]:
    """What decides how a summary is worded, for the record on it."""
    if name in ("llm", "openai"):
        return {"temperature": 0}
    chosen = {
        "beams": model.beams,
        "length_penalty": model.length_penalty,
        "no_repeat_ngram": model.no_repeat_ngram,
    }
    return {key: value for key, value in chosen.items() if value is not None}
