"""The RayService: its Serve configuration is a text to Kubernetes, and unknown keys in it are ignored by Ray."""

from __future__ import annotations

import importlib
import inspect
from importlib.metadata import version
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError
from ray.serve.config import AutoscalingConfig
from ray.serve.schema import ServeDeploySchema

from brevity.summarize.serving.app import build
from brevity.summarize.serving.wire import ROUTE
from brevity.summarize.settings import SummarizeSettings
from tests.contract.k8s.rendering import Object
from tests.contract.k8s.workloads import environment, find, workloads

_UPGRADES = ("NewCluster", "NewClusterWithIncrementalUpgrade", "None")


def problems(objects: list[Object]) -> list[str]:
    return [problem for one in find(objects, "RayService") for problem in _service(one, objects)]


def _service(one: Object, objects: list[Object]) -> list[str]:
    spec, cluster = one["spec"], one["spec"]["rayClusterConfig"]
    config = yaml.safe_load(spec["serveConfigV2"])
    found = [f"serveConfigV2 has no {name}" for name in unknown(config, ServeDeploySchema)]
    try:
        ServeDeploySchema(**config)
    except ValidationError as error:
        return [*found, f"serveConfigV2: {error.errors()[0]['msg']}"]
    except ImportError as error:
        return [*found, f"serveConfigV2: {error}"]
    if spec["upgradeStrategy"]["type"] not in _UPGRADES:
        found.append(f"no upgrade is called {spec['upgradeStrategy']['type']}")
    if cluster["rayVersion"] != version("ray"):
        found.append(f"rayVersion is {cluster['rayVersion']}, and Ray {version('ray')} is installed")
    [application] = config["applications"]
    [deployment] = application["deployments"]
    found += _application(application, deployment)
    for pod in workloads(objects):
        if pod.app != "serve":
            continue
        given = environment(pod, objects)
        ports = {
            pod.ports()["serve"],
            int(given["BREVITY_SUMMARIZE_SERVE_PORT"]),
            config["http_options"]["port"],
        }
        if len(ports) != 1 or given["BREVITY_SUMMARIZE_SERVE_HOST"] != config["http_options"]["host"]:
            found.append(f"{pod.role}: Serve's address is not the same everywhere")
        if not pod.head:
            found += _worker(pod.spec, spec)
    found += _room(cluster["workerGroupSpecs"], deployment)
    return found


def _application(application: dict[str, Any], deployment: dict[str, Any]) -> list[str]:
    found: list[str] = []
    module, _, name = application["import_path"].partition(":")
    try:
        builder = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError):
        return [f"nothing to import at {application['import_path']}"]
    if len(inspect.signature(builder).parameters) != 1:
        found.append(f"{application['import_path']} is no builder")
    if application["route_prefix"] != ROUTE:
        found.append(f"the stage asks at {ROUTE}")
    own = build(SummarizeSettings())._bound_deployment
    if deployment["name"] != own.name:
        found.append(f"no deployment is called {deployment['name']}")
    try:
        policy = AutoscalingConfig(**deployment["autoscaling_config"]).policy
    except ValidationError as error:
        return [*found, f"autoscaling_config: {error.errors()[0]['msg']}"]
    if policy.policy_function != own._deployment_config.autoscaling_config.policy.policy_function:
        return [*found, f"the application's own policy is not {policy.policy_function}"]
    try:
        policy.get_policy()(**policy.policy_kwargs)
    except (TypeError, ValueError) as error:
        found.append(f"autoscaling_config: {error}")
    return found


def _worker(pod: Object, spec: Object) -> list[str]:
    options = build(SummarizeSettings())._bound_deployment._deployment_config
    found: list[str] = []
    pause = pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
    if pause < options.graceful_shutdown_timeout_s or pod["terminationGracePeriodSeconds"] <= pause:
        found.append("a worker stops before its replicas have finished")
    if spec["rayClusterDeletionDelaySeconds"] <= SummarizeSettings().summarize.call_timeout_seconds:
        found.append("the old cluster goes while a micro-batch may be at work in it")
    return found


def _room(groups: list[Object], deployment: dict[str, Any]) -> list[str]:
    """Whether the groups can grow to the replicas that Serve may want, and no group is upside down."""
    wants, room, found = deployment["ray_actor_options"], 0, []
    for group in groups:
        if not group["minReplicas"] <= group["replicas"] <= group["maxReplicas"]:
            found.append(f"group {group['groupName']}: fewest, wanted and most do not rise")
        has = group["template"]["spec"]["containers"][0]["resources"]["requests"]
        if (
            float(has.get("nvidia.com/gpu", 0)) >= wants["num_gpus"]
            and float(has["cpu"]) >= wants["num_cpus"]
        ):
            room += group["maxReplicas"]
    if room < deployment["autoscaling_config"]["max_replicas"]:
        found.append(f"there is room for {room} replicas, and Serve may want more")
    return found


def unknown(given: dict[str, Any], model: type[BaseModel], where: str = "") -> list[str]:
    """Keys of `given` that `model` would take in silence."""
    found: list[str] = []
    for key, value in given.items():
        if key not in model.model_fields:
            found.append(f"{where}{key}")
            continue
        inner = _model(model.model_fields[key].annotation)
        for item in value if isinstance(value, list) else [value]:
            if inner is not None and isinstance(item, dict):
                found += unknown(item, inner, f"{where}{key}.")
    return found


def _model(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((m for part in getattr(annotation, "__args__", ()) if (m := _model(part))), None)
