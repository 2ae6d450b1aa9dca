"""The table of settings in the docs, from the settings classes themselves."""

from __future__ import annotations

import importlib
import importlib.util
import json
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

import brevity
from brevity.common.settings import PREFIX, Block, Settings

_INTRO = """# Settings

Every setting is an environment variable, read once at start. A name that is not in these tables is refused.
Lists and maps are written as JSON.
"""


def services() -> list[tuple[str, type[Settings]]]:
    """Each service that has a `settings` module, with its settings class; a new service appears by itself."""
    found: list[tuple[str, type[Settings]]] = []
    for module in sorted(pkgutil.iter_modules(brevity.__path__), key=lambda module: module.name):
        name = f"brevity.{module.name}.settings"
        if module.name == "common" or importlib.util.find_spec(name) is None:
            continue
        loaded = importlib.import_module(name)
        found += [
            (module.name, item)
            for item in vars(loaded).values()
            if isinstance(item, type) and issubclass(item, Settings) and item.__module__ == name
        ]
    return found


def render() -> str:
    """The page, in Markdown."""
    parts = [_INTRO]
    for service, cls in services():
        parts.append(f"## {service}\n\n| variable | type | default | what it does |\n|---|---|---|---|")
        parts[-1] += "".join(f"\n| {' | '.join(row)} |" for row in _rows(cls)) + "\n"
    return "\n".join(parts)


def _rows(cls: type[BaseModel], prefix: str = PREFIX) -> Iterator[tuple[str, str, str, str]]:
    for name, field in cls.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, Block):
            yield from _rows(kind, f"{prefix}{name.upper()}_")
        else:
            yield (
                f"`{prefix}{name.upper()}`",
                _type(kind),
                _default(field),
                _cell(field.description or ""),
            )


def _type(kind: Any) -> str:
    text = kind.__name__ if isinstance(kind, type) and not hasattr(kind, "__args__") else str(kind)
    text = text.replace("typing.", "").replace("pydantic.types.", "").replace("SecretStr", "secret")
    if text.startswith("Literal["):
        text = "one of " + text.removeprefix("Literal[").removesuffix("]").replace("'", "`")
    return _cell(text.replace(" | None", ""))


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    if value is PydanticUndefined:
        return "required"
    if value is None or value == "":
        return ""
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    return f"`{value if isinstance(value, str | Path) else json.dumps(value)}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
