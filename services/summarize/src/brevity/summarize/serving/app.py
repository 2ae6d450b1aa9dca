"""The Ray Serve application: engine replicas that answer micro-batches over HTTP on loopback or the cluster's network."""

from __future__ import annotations

import contextlib
import signal
import threading
from typing import Any

import urllib3

from brevity.common.errors import Fatal
from brevity.common.http.auth import is_loopback
from brevity.common.observability.logging import configure, get_logger
from brevity.summarize.serving.attempts import bring_up
from brevity.summarize.serving.ray_guard import guard
from brevity.summarize.serving.replica import LoadEngine, Replica
from brevity.summarize.serving.wire import ROUTE
from brevity.summarize.settings import EngineSettings, SummarizeSettings

log = get_logger(__name__)

APPLICATION = "summarize"
_POLICY = "brevity.summarize.serving.policy:DrainPolicy"
_WATCH_SECONDS = 5.0
_SILENT_TIMES = 12
"""Serve brings its own processes back; when it has not answered for a minute, the whole is started anew."""


def run(settings: SummarizeSettings, load: LoadEngine | None = None) -> None:
    """Serve until SIGTERM or SIGINT; raises Fatal when it cannot start or Serve is lost."""
    refuse_open_door(settings.summarize)
    if not settings.summarize.ray_address:
        guard(loopback=is_loopback(settings.summarize.serve_host))
    ending = threading.Event()
    _end_by_signal(ending)

    def start() -> None:
        _init_ray(settings.summarize)
        _end_by_signal(ending)  # again: Ray puts handlers of its own in their place, which abort the process
        deploy(settings, load)

    try:
        bring_up(start, lambda: abandon(settings), ending)
        watch(settings, ending)
    except BaseException:
        abandon(settings)  # what is left of Ray may never answer a polite end
        raise
    stop(settings)


def _end_by_signal(ending: threading.Event) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())


def build(settings: SummarizeSettings, load: LoadEngine | None = None) -> Any:
    """The application with its autoscaling, its queue limit and its resources."""
    from ray import serve

    engine = settings.summarize
    deployment: Any = serve.deployment(
        name="engine",
        # The engine works on one at a time. The others wait in front of the replica and not in it: one that dies takes
        # along the micro-batch it was working on, and no other document is suspected.
        max_ongoing_requests=1,
        max_queued_requests=engine.max_queued_requests,
        autoscaling_config={
            "min_replicas": engine.min_replicas,
            "max_replicas": max(engine.min_replicas, engine.max_replicas),
            "look_back_period_s": 15.0,  # what is queued is averaged over this: a burst is seen sooner than in 30 s
            "upscale_delay_s": 10.0,
            "downscale_delay_s": 120.0,
            "policy": {
                "policy_function": _POLICY,
                "policy_kwargs": {"drain_seconds": engine.drain_seconds},
            },
        },
        ray_actor_options={"num_cpus": engine.replica_cpus, "num_gpus": engine.replica_gpus},
        health_check_period_s=2.0,
        health_check_timeout_s=10.0,
        graceful_shutdown_timeout_s=20.0,
    )
    return deployment(Replica).bind(settings, load)


def deploy(settings: SummarizeSettings, load: LoadEngine | None = None) -> None:
    """Run the application on the Ray that this process has joined; returns when it answers."""
    import ray
    from ray import serve

    serve.start(
        proxy_location="EveryNode",
        http_options={"host": settings.summarize.serve_host, "port": settings.summarize.serve_port},
        logging_config={"enable_access_log": False},
    )
    serve.run(build(settings, load), name=APPLICATION, route_prefix=ROUTE)
    configure(settings.telemetry, "summarize")  # Ray has installed log handlers of its own
    log.info(
        "engine serves",
        address=f"http://{settings.summarize.serve_host}:{settings.summarize.serve_port}{ROUTE}",
        ray=ray.__version__,
    )


def watch(settings: SummarizeSettings, ending: threading.Event) -> None:
    """Return when `ending` is set.

    Raises:
        Fatal: Serve is gone for good; whoever supervises this process is to start it again.
    """
    from brevity.summarize.serving import ray_processes  # imports Ray

    engine = settings.summarize
    host = "127.0.0.1" if engine.serve_host in ("0.0.0.0", "localhost") else engine.serve_host  # noqa: S104
    address = f"http://{host}:{engine.serve_port}/-/healthz"
    silent = 0
    own = {} if engine.ray_address else ray_processes.vital()
    with urllib3.PoolManager(retries=False, timeout=_WATCH_SECONDS) as http:
        while not ending.wait(_WATCH_SECONDS):
            try:
                well = http.request("GET", address).status == 200
            except urllib3.exceptions.HTTPError:
                well = False
            silent = 0 if well else silent + 1
            if dead := ray_processes.lost(own):
                raise Fatal(
                    f"Ray's {dead} has ended, without which nothing is served for long",
                    code="serve_lost",
                    remedy="It is started anew by whoever supervises this process; else start it again.",
                )
            if silent >= _SILENT_TIMES:
                raise Fatal(
                    "Ray Serve does not answer any more",
                    code="serve_lost",
                    remedy="See Ray's logs under /tmp/ray/session_latest/logs, then start it again.",
                )


def stop(settings: SummarizeSettings) -> None:
    """Finish the requests at hand and end what `run` has started: of a joined cluster, this application alone."""
    import ray
    from ray import serve

    if settings.summarize.ray_address:
        serve.delete(APPLICATION)
    else:
        serve.shutdown()
    ray.shutdown()


def abandon(settings: SummarizeSettings) -> None:
    """End what `run` has started without asking it; of a joined cluster, this application where that answers."""
    import ray
    from ray import serve

    from brevity.summarize.serving.ray_processes import end_children

    if settings.summarize.ray_address:
        with contextlib.suppress(Exception):  # whatever is wrong with it, this process leaves
            serve.delete(APPLICATION, _blocking=False)
            ray.shutdown()
        return
    end_children()
    with contextlib.suppress(Exception):
        ray.shutdown()


def refuse_open_door(engine: EngineSettings) -> None:
    """Raises Fatal when anyone on the network could use the replicas."""
    if engine.serve_token is None and not is_loopback(engine.serve_host):
        raise Fatal(
            f"the engine may not listen on {engine.serve_host!r} without a token: anyone who reaches it could use it",
            code="open_to_network",
            remedy="Set BREVITY_SUMMARIZE_SERVE_TOKEN (16 characters or more) for `serve` and `stage`, "
            "or BREVITY_SUMMARIZE_SERVE_HOST=127.0.0.1.",
        )


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
