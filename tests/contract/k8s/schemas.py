"""Objects against their schemas, strictly: a field that the schema does not name is an error."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
from deploy.local.java import ROOT
from jsonschema import Draft202012Validator

from tests.contract.k8s.rendering import Object, documents

KUBERNETES = "1.36"
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
    try:
        kubernetes_validate.validate(one, KUBERNETES, strict=True)
    except kubernetes_validate.ValidationError as error:
        return [f"{name(one)}: {'.'.join(map(str, error.path))}: {error.message}"]
    except kubernetes_validate.SchemaNotFoundError:
        return [f"{name(one)}: {one['apiVersion']} has no such kind"]
    return []


@cache
def _custom(folder: Path, text: str) -> list[str]:
    one = json.loads(text)
    validator = _validator(folder, one["kind"], one["apiVersion"])
    if validator is None:
        return [f"{name(one)}: nothing defines {one['kind']} of {one['apiVersion']}"]
    return [
        f"{name(one)}: {'.'.join(map(str, error.absolute_path))}: {error.message[:200]}"
        for error in validator.iter_errors(one)
    ]


def name(one: Object) -> str:
    return f"{one['kind']}/{one['metadata']['name']}"


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
