"""The outermost layers of every door: observation and security headers, then who may come in and how often."""

from __future__ import annotations

import time
from functools import cache

from prometheus_client import REGISTRY, CollectorRegistry, Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from brevity.common.errors import BrevityError, Rejected
from brevity.common.http import problem
from brevity.common.http.auth import Doorkeeper, check_local_request, presented_key
from brevity.common.http.limits import GoodKeys, TokenBuckets, network_of
from brevity.common.http.principal import Principal, forbidden
from brevity.common.observability import metrics, tracing
from brevity.common.observability.logging import get_logger

log = get_logger(__name__)

PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
"""Open to all in every mode: they hold no document, tenant or secret, and probes and scrapers carry no key."""

SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""Set on every response that does not set its own. A page that needs scripts or styles says so itself."""


@cache
def request_seconds(service: str, registry: CollectorRegistry = REGISTRY) -> Histogram:
    return Histogram(
        f"brevity_{service}_http_request_seconds",
        "Time to answer an HTTP request, by route template, method and class of status.",
        ("route", "method", "status"),
        buckets=metrics.REQUEST_SECONDS,
        registry=registry,
    )


class Observe:
    """A span, a log line, a measurement and the security headers for every request; nothing escapes it."""

    def __init__(self, app: ASGIApp, service: str, registry: CollectorRegistry) -> None:
        self._app = app
        self._seconds = request_seconds(service, registry)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 0

        async def observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        method = scope["method"] if scope["method"] in _METHODS else "other"
        began = time.perf_counter()
        with tracing.request_span(Headers(scope=scope), f"{method} request") as span:
            try:
                await self._app(scope, receive, observed)
            except Exception as error:
                log.error("request failed", method=method, route=_route(scope), exc_info=error)
                if status:
                    raise  # the answer has begun: breaking the connection is the only way left to say so
                await problem.internal()(scope, receive, observed)
            finally:
                took, route = time.perf_counter() - began, _route(scope)
                self._seconds.labels(route, method, f"{status // 100}xx" if status else "none").observe(took)
                span.update_name(f"{method} {route}")
                span.set_attribute("http.route", route)
                span.set_attribute("http.response.status_code", status)
                write = log.debug if route in PROBES else log.info
                write("request", method=method, route=route, status=status, seconds=round(took, 6))


class Gate:
    """Lets a request in: right host in local mode, a known key or token where they are asked for, within the rate, and
    no writing by a reader.

    Everything but the probes and `open_paths` is behind it, so that a forgotten dependency opens no door. A request
    without a good key counts against its sender's address. Once an address has none left, no key is looked up for it but
    those that were good from there before: a guess that may be right is answered like one that is wrong.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        local: bool,
        keys: Doorkeeper,
        buckets: TokenBuckets,
        open_paths: frozenset[str],
    ) -> None:
        self._app = app
        self._local = local
        self._keys = keys
        self._buckets = buckets
        self._good = GoodKeys()
        self._open = PROBES | open_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in PROBES:
            await self._app(scope, receive, send)
            return
        refusal = await self._refusal(scope)
        await (self._app if refusal is None else refusal)(scope, receive, send)

    async def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if self._local:
            try:
                check_local_request(headers)
            except Rejected as error:
                return problem.of_error(error)
        address = network_of(scope["client"][0] if scope["client"] else "")
        key = presented_key(headers) or ""
        spent = 0 if (address, key) in self._good else self._buckets.wait(f"address {address}")
        principal: Principal | None = None
        unknown: BrevityError | None = None
        try:
            principal = await self._keys.principal(headers, keys=not spent)
        except BrevityError as error:
            if spent:
                return _too_many(spent)
            unknown = error
        if self._keys.open or principal is None:
            caller = f"address {address}"
        else:
            caller = principal.name
            self._good.add(address, key)
        wait = self._buckets.take(caller)
        if wait:
            return _too_many(wait)
        if principal is None:
            if scope["path"] in self._open:
                return None  # nobody in particular: `principal_of` refuses, should such a route ask
            assert unknown is not None  # noqa: S101 - one of the two is always there
            return problem.of_error(unknown)
        scope.setdefault("state", {})["principal"] = principal
        if (
            not principal.may("reviewer")
            and scope["method"] not in _READING
            and scope["path"] not in self._open  # signing in and out
        ):
            return problem.of_error(forbidden(principal, "reviewer"))
        return None


def _too_many(wait: int) -> Response:
    return problem.problem(
        429,
        "too_many_requests",
        "more requests than this service allows one caller",
        f"Wait {wait} s; the operator sets BREVITY_HTTP_REQUESTS_PER_SECOND.",
        headers={"Retry-After": str(wait)},
    )


_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def _route(scope: Scope) -> str:
    """The template of the matched route; a made-up path must not become a label."""
    path = getattr(scope.get("route"), "path", None)
    return str(path) if path else "unmatched"
