"""The FastAPI application every service starts from.

It brings `/healthz`, `/readyz`, `/metrics`, `/openapi.json` and `/asyncapi.json` (the topics that the service writes and
reads), problem details for every error, keys, limits and security headers; a service adds its `/v1` routes and takes `tenant: Annotated[str, Depends(tenant_of)]`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.exposition import choose_encoder
from starlette.responses import JSONResponse, Response
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from brevity.common.events import asyncapi
from brevity.common.http import problem
from brevity.common.http.auth import key_ring
from brevity.common.http.bodies import Bodies
from brevity.common.http.edge import Gate, Observe
from brevity.common.http.limits import TokenBuckets
from brevity.common.observability.health import Check, Health
from brevity.common.observability.metrics import build_info, dependency_up
from brevity.common.observability.tracing import service_version
from brevity.common.settings import AuthSettings, HttpSettings


def create_app(
    service: str,
    *,
    title: str,
    description: str = "",
    mode: str,
    http: HttpSettings,
    auth: AuthSettings,
    checks: Sequence[Check] = (),
    heartbeat: Callable[[], float] | None = None,
    max_heartbeat_seconds: float = 60.0,
    open_paths: frozenset[str] = frozenset(),
    lifespan: Callable[[FastAPI], Any] | None = None,
    registry: CollectorRegistry = REGISTRY,
) -> FastAPI:
    """Build the application.

    Args:
        service: Short name, e.g. `ingest`; part of the metric names.
        mode: `local` or `production`, see `brevity.common.http.auth`.
        checks: What must answer for the service to be ready.
        heartbeat: Seconds since the service's work loop last turned; above `max_heartbeat_seconds` it is not alive.
        open_paths: Paths besides the probes that need no key, e.g. a static page.
        lifespan: FastAPI lifespan, for what starts and stops with the door.
        registry: Where the metrics lie that `/metrics` shows.

    Raises:
        Fatal: The door would be open to people it should not be open to.
    """
    keys = key_ring(mode, http, auth)
    app = FastAPI(
        title=title,
        description=description,
        version=service_version(service),
        docs_url=None,  # the stock pages load scripts from elsewhere
        redoc_url=None,
        lifespan=lifespan,
        telemetry={"tracing": False, "metrics": False, "logs": False},  # Observe does it, in our names
    )
    problem.install(app)
    app.add_middleware(Bodies, max_bytes=http.max_body_bytes, max_bytes_of_all=http.max_body_bytes_of_all)
    app.add_middleware(
        Gate,
        local=mode == "local",
        keys=keys,
        buckets=TokenBuckets(http.requests_per_second, http.request_burst),
        open_paths=open_paths,
    )
    app.add_middleware(Observe, service=service, registry=registry)
    if http.trusted_proxies:
        app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=[str(net) for net in http.trusted_proxies])
    up = dependency_up(service, registry)
    health = Health(
        checks,
        heartbeat=heartbeat,
        max_heartbeat_seconds=max_heartbeat_seconds,
        report=lambda name, passed: up.labels(name).set(passed),
    )
    _add_probes(app, health, registry)
    _add_asyncapi(app, service)
    build_info(service, registry)
    return app


def _add_asyncapi(app: FastAPI, service: str) -> None:
    described = JSONResponse(asyncapi.document(app.version, service))

    def events() -> Response:
        """The AsyncAPI 3 document of the topics that this service writes and reads."""
        return described

    app.add_api_route(
        "/asyncapi.json", events, methods=["GET"], include_in_schema=False, response_class=JSONResponse
    )


def _add_probes(app: FastAPI, health: Health, registry: CollectorRegistry) -> None:
    async def healthz() -> Response:
        """200 while the work loop turns, else 503: restart it."""
        return _probe([] if health.alive() else ["heartbeat"])

    async def readyz() -> Response:
        """200 while callers can be served, else 503; names what does not answer, and what stands still for it."""
        readiness = await health.ready()
        return _probe(list(readiness.failing), list(readiness.degraded), readiness.reasons)

    async def metrics(request: Request) -> Response:
        """Prometheus (or OpenMetrics) text. Asks the dependencies too: a scrape needs no probe beside it to be fresh."""
        await health.ready()
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(registry), headers={"Content-Type": content_type})

    for path, answer in (("/healthz", healthz), ("/readyz", readyz), ("/metrics", metrics)):
        app.add_api_route(path, answer, methods=["GET"], include_in_schema=False, response_class=Response)


def _probe(
    failing: list[str], degraded: Sequence[str] = (), reasons: Mapping[str, str] | None = None
) -> Response:
    body: dict[str, Any] = {
        "status": "failing" if failing else "degraded" if degraded else "ok",
        "failing": failing,
    }
    if degraded:
        body["degraded"] = degraded
    if reasons:
        body["reasons"] = reasons
    return JSONResponse(body, status_code=503 if failing else 200)
