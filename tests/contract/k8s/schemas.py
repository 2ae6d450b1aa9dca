"""Objects against their schemas, strictly: a field that the schema does not name is an error."""

from __future__ import annotations

import json
import os
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
from deploy.local.java import ROOT
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from tests.contract.k8s.rendering import Object, documents

KUBERNETES = "1.36"
_STRICT = Path(str(files(kubernetes_validate))) / "kubernetes-json-schema" / f"v{KUBERNETES}.0-local-strict"
BUILT_IN = {
    "v1",
    "apps/v1",
    "policy/v1",
    "networking.k8s.io/v1",
    "admissionregistration.k8s.io/v1",
}


def crds() -> Path:
    """The folder with the custom kinds' definitions; skips the test where it is not there."""
    folder = Path(os.environ.get("CRDS_DIR", ROOT.parent / "shared" / "schemas" / "crds"))
    if not folder.is_dir():
        pytest.skip(
            "needs the custom kinds' definitions (CRDS_DIR) to validate Kafka, Ray, KEDA and the like"
        )
    return folder


def built_in_problems(objects: list[Object]) -> list[str]:
    return [problem for one in objects if one["apiVersion"] in BUILT_IN for problem in _built_in(_key(one))]


def custom_problems(objects: list[Object], folder: Path) -> list[str]:
    return [
        problem
        for one in objects
        if one["apiVersion"] not in BUILT_IN
        for problem in _custom(folder, _key(one))
    ]


def _key(one: Object) -> str:
    return json.dumps(one, sort_keys=True)


@cache
def _built_in(text: str) -> list[str]:
    """Kept by the object's text: overlays share most of their objects."""
    one = json.loads(text)
    validator = _kubernetes(one["kind"], one["apiVersion"])
    if validator is None:
        return [f"{name(one)}: {one['apiVersion']} has no such kind"]
    return _errors(validator, one)


@cache
def _custom(folder: Path, text: str) -> list[str]:
    one = json.loads(text)
    validator = _validator(folder, one["kind"], one["apiVersion"])
    if validator is None:
        return [f"{name(one)}: nothing defines {one['kind']} of {one['apiVersion']}"]
    return _errors(validator, one)


def _errors(validator: Draft202012Validator, one: Object) -> list[str]:
    return [
        f"{name(one)}: {'.'.join(map(str, error.absolute_path))}: {error.message[:200]}"
        for error in validator.iter_errors(one)
    ]


def name(one: Object) -> str:
    return f"{one['kind']}/{one['metadata']['name']}"


@cache
def _kubernetes(kind: str, version: str) -> Draft202012Validator | None:
    """From the strict schemas that kubernetes-validate carries; its own call reads them anew for each object."""
    group, _, number = version.rpartition("/")
    short = f"{group.partition('.')[0]}-{number}" if group else number
    path = _STRICT / f"{kind.lower()}-{short}.json"
    if not path.is_file():
        return None
    schema = json.loads(path.read_text("utf-8"))
    return Draft202012Validator(schema, registry=_definitions())


@cache
def _definitions() -> Registry[Any]:
    """The parts that the kinds share."""
    parts = Resource[Any].from_contents(json.loads((_STRICT / "_definitions.json").read_text("utf-8")))
    return parts @ Registry[Any]()


@cache
def _validator(folder: Path, kind: str, version: str) -> Draft202012Validator | None:
    group, _, wanted = version.partition("/")
    for path in sorted(folder.rglob(f"{kind.lower()}*.{group}.yaml")):
        for document in documents(path.read_text("utf-8")):
            if document["spec"]["names"]["kind"] != kind:
                continue
            for served in document["spec"]["versions"]:
                if served["name"] == wanted and served["served"]:
                    return Draft202012Validator(_root(served["schema"]["openAPIV3Schema"]))
    return None


def _root(schema: dict[str, Any]) -> dict[str, Any]:
    closed = _closed(schema)
    closed["properties"] |= {
        "apiVersion": {"type": "string"},
        "kind": {"type": "string"},
        "metadata": {"type": "object"},
    }
    return closed


def _closed(schema: dict[str, Any]) -> dict[str, Any]:
    """As JSON Schema, with unknown fields refused wherever the definition does not keep them."""
    out = dict(schema)
    if "properties" in schema:
        out["properties"] = {key: _closed(value) for key, value in schema["properties"].items()}
        if not schema.get("x-kubernetes-preserve-unknown-fields"):
            out.setdefault("additionalProperties", False)
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            out[key] = _closed(schema[key])
    if schema.get("x-kubernetes-int-or-string"):
        out.pop("type", None)
        out.pop("anyOf", None)
        out["type"] = ["string", "integer"]
    elif schema.get("nullable") and isinstance(schema.get("type"), str):
        out["type"] = [schema["type"], "null"]
    return out
