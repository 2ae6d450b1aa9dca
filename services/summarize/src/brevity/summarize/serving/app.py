"""The Ray Serve application: engine replicas that answer micro-batches over HTTP on loopback or the cluster's network."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from brevity.common.observability.logging import configure, get_logger
from brevity.summarize.engines.registry import load_engine
from brevity.summarize.serving.wire import dump_answers, load_jobs
from brevity.summarize.settings import EngineSettings, SummarizeSettings

log = get_logger(__name__)

APPLICATION = "summarize"
ROUTE = "/summarize"


class Replica:
    """One copy of the engine. It answers POST with a JSON list of jobs by a JSON list of answers, in order."""

    def __init__(self, settings: SummarizeSettings) -> None:
        configure(settings.telemetry, "summarize")
        self._engine = load_engine(settings.summarize.engine)
        self._one_at_a_time = threading.Lock()
        log.info("engine loaded", engine=self._engine.name, model_version=self._engine.model_version)

    async def __call__(self, request: Any) -> Any:
        from starlette.responses import Response

        body = await request.body()
        # In a thread: the replica must go on answering health checks while the engine computes.
        return Response(await asyncio.to_thread(self._answer, body), media_type="application/json")

    def _answer(self, body: bytes) -> bytes:
        jobs = load_jobs(body)
        with self._one_at_a_time:
            return dump_answers(self._engine.summarize(jobs))


def build(settings: SummarizeSettings) -> Any:
    """The application with its autoscaling, its queue limit and its resources."""
    from ray import serve

    engine = settings.summarize
    deployment: Any = serve.deployment(
        name="engine",
        max_ongoing_requests=engine.max_ongoing_requests,
        max_queued_requests=engine.max_queued_requests,
        autoscaling_config={
            "min_replicas": engine.min_replicas,
            "max_replicas": max(engine.min_replicas, engine.max_replicas),
            "target_ongoing_requests": engine.target_ongoing_requests,
            "upscale_delay_s": 10.0,
            "downscale_delay_s": 120.0,
        },
        ray_actor_options={"num_cpus": engine.replica_cpus, "num_gpus": engine.replica_gpus},
        health_check_period_s=5.0,
        graceful_shutdown_timeout_s=20.0,
    )
    return deployment(Replica).bind(settings)


def start(settings: SummarizeSettings) -> None:
    """Start (or join) Ray, then the application; returns when it answers."""
    import ray
    from ray import serve

    _init_ray(settings.summarize)
    serve.start(
        proxy_location="EveryNode",
        http_options={"host": settings.summarize.serve_host, "port": settings.summarize.serve_port},
        logging_config={"enable_access_log": False},
    )
    serve.run(build(settings), name=APPLICATION, route_prefix=ROUTE)
    configure(settings.telemetry, "summarize")  # Ray has installed handlers of its own
    log.info(
        "engine serves",
        address=f"http://{settings.summarize.serve_host}:{settings.summarize.serve_port}{ROUTE}",
        ray=ray.__version__,
    )


def stop() -> None:
    """Finish the requests at hand and end Ray."""
    import ray
    from ray import serve

    serve.shutdown()
    ray.shutdown()


def _init_ray(engine: EngineSettings) -> None:
    import ray

    if engine.ray_address:
        ray.init(address=engine.ray_address, log_to_driver=False)
        return
    ray.init(
        address="local",
        include_dashboard=False,
        log_to_driver=False,
        object_store_memory=128 << 20,  # answers are small; the default would reserve a third of the memory
        _metrics_export_port=engine.ray_metrics_port or None,
        _node_ip_address="127.0.0.1",
    )
