"""Engines by name. Each is imported only when asked for, so that one engine's needs never burden another."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from brevity.common.errors import Fatal
from brevity.common.settings import load_settings
from brevity.summarize.engines.port import SummaryEngine
from brevity.summarize.settings import SummarizeSettings

DEFAULT = "extractive"


def load_engine(uri: str = DEFAULT, settings: SummarizeSettings | None = None) -> SummaryEngine:
    """The engine named by `uri`.

    `extractive` (its bundled model) or `extractive:/path/to/model`; `seq2seq:`, `llm:` or `ctranslate2:` with a model's
    folder, its archive or a hub's name; `openai:` with the name of a model that the configured server has; `router` or
    `router:/path/to/policy`. A model in the object store is fetched before, by `ModelCache.local`.

    Args:
        settings: How models run; absent: read from the environment when the engine needs them.

    Raises:
        Fatal: There is no such engine, what it needs is not installed, or its model cannot be read.
    """
    name, _, location = uri.partition(":")
    if name == "extractive":
        return _extractive(location)
    load = _LOADERS.get(name)
    if load is None:
        known = ", ".join(sorted([DEFAULT, *_LOADERS]))
        raise Fatal(
            f"There is no engine “{name}”",
            code="unknown_engine",
            remedy=f"Use one of: {known}, or NAME:PATH.",
        )
    return load(location, settings or load_settings(SummarizeSettings))


def loader(settings: SummarizeSettings) -> Callable[[str], SummaryEngine]:
    """`load_engine` with these settings; can be sent to another process."""
    return _Loader(settings)


class _Loader:
    def __init__(self, settings: SummarizeSettings) -> None:
        self._settings = settings

    def __call__(self, uri: str) -> SummaryEngine:
        return load_engine(uri, self._settings)


def _extractive(location: str) -> SummaryEngine:
    from brevity.summarize.engines.extractive import ExtractiveEngine

    if location and not Path(location).exists():
        raise Fatal(
            f"The engine's model {location} does not exist",
            code="model_not_found",
            remedy="Give the path of a model after the engine's name, or no path for the bundled one.",
        )
    return ExtractiveEngine.load(Path(location) if location else None)


def _neural(name: str) -> Callable[[str, SummarizeSettings], SummaryEngine]:
    def load(location: str, settings: SummarizeSettings) -> SummaryEngine:
        try:
            from brevity.summarize.engines.models import load_neural
        except ImportError as error:
            if not (error.name or "").startswith(_NEURAL_PACKAGES):
                raise
            raise Fatal(
                f"The engine {name} needs what is not installed: {error.name}",
                code="engine_not_installed",
                remedy="Install the neural extra: pip install 'brevity-summarize[neural]'.",
            ) from error
        return load_neural(name, location, settings)

    return load


def _router(location: str, settings: SummarizeSettings) -> SummaryEngine:
    """With the models that the policy names: only `versions.wiring` follows promotions."""
    from brevity.summarize.engines.router import RouterEngine, configured_policy
    from brevity.summarize.versions.wiring import model_cache

    policy = configured_policy(location, settings)
    cache = model_cache(settings)
    engines = {route.name: load_engine(cache.local(route.engine), settings) for route in policy.routes}
    return RouterEngine(policy, engines)


_NEURAL_PACKAGES = (
    "brevity.neural",
    "torch",
    "transformers",
    "httpx",
    "ctranslate2",
    "safetensors",
    "tokenizers",
)
_LOADERS: dict[str, Callable[[str, SummarizeSettings], SummaryEngine]] = {
    **{name: _neural(name) for name in ("seq2seq", "llm", "ctranslate2", "openai")},
    "router": _router,
}
