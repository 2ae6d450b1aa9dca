"""API keys: who may use a service's HTTP door, and on behalf of which tenant.

A key comes in `Authorization: Bearer KEY` or `X-API-Key: KEY` and belongs to one tenant. Outside local mode a
service without keys refuses to start; in local mode it may go without, and then binds to loopback only and answers
only requests that name a loopback host and come from no other web page (DNS rebinding, cross-site requests).
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import json
import re
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import Request, Security
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from brevity.common.errors import Fatal, Rejected
from brevity.common.settings import AuthSettings, HttpSettings

MIN_KEY_CHARS = 16
LOCAL_TENANT = "default"
"""Whose documents they are when no key says so."""

_TENANT = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


class KeyRing:
    """The accepted keys. Only their SHA-256 digests are held; comparison takes the same time for every key."""

    def __init__(self, tenants: Mapping[str, str]) -> None:
        self._tenants = [(_digest(key), tenant) for key, tenant in tenants.items()]

    def __bool__(self) -> bool:
        return bool(self._tenants)

    def tenant(self, key: str) -> str | None:
        """The tenant of `key`, or None when it is not one of ours."""
        given, found = _digest(key), None
        for digest, tenant in self._tenants:
            if hmac.compare_digest(digest, given):
                found = tenant
        return found


def key_ring(mode: str, http: HttpSettings, auth: AuthSettings) -> KeyRing:
    """The keys of a service about to start.

    Raises:
        Fatal: The keys are malformed or missing outside local mode, or local mode would be open to a network.
    """
    if mode == "local" and not is_loopback(http.host):
        raise Fatal(
            f"local mode may not listen on {http.host!r}: anyone who reaches it could use it without a key",
            code="open_to_network",
            remedy="Set BREVITY_HTTP_HOST=127.0.0.1, or BREVITY_MODE=production with BREVITY_AUTH_API_KEYS.",
        )
    ring = KeyRing(_parse(auth.api_keys.get_secret_value()) if auth.api_keys else {})
    if mode != "local" and not ring:
        raise Fatal(
            "no API keys are set, and without them anyone could use the HTTP door",
            code="no_api_keys",
            remedy='Set BREVITY_AUTH_API_KEYS=\'{"a-key-of-16-characters-or-more": "tenant"}\', '
            "or BREVITY_MODE=local on a machine of your own.",
        )
    return ring


def presented_key(headers: Mapping[str, str]) -> str | None:
    """The key in a request's headers (lower-case names), if any."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    return headers.get("x-api-key") or None


def check_local_request(headers: Mapping[str, str]) -> None:
    """Refuse a request that a web page elsewhere has made through the browser of someone at this machine.

    Raises:
        Rejected: `forbidden_origin`.
    """
    origin = headers.get("origin")
    if _names_loopback(headers.get("host", "")) and (
        origin is None or _names_loopback(urlsplit(origin).netloc)
    ):
        return
    raise Rejected(
        "in local mode only requests from this machine to a loopback address are answered",
        code="forbidden_origin",
        remedy="Call http://127.0.0.1 or http://localhost, without another page's Origin header.",
    )


def is_loopback(host: str) -> bool:
    """Whether `host` is `localhost` or a loopback address."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


async def tenant_of(
    request: Request,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(HTTPBearer(auto_error=False))],
    api_key: Annotated[str | None, Security(APIKeyHeader(name="X-API-Key", auto_error=False))],
) -> str:
    """Dependency: the tenant that the request's key belongs to. The key itself was checked before any route ran;
    the two parameters only make the OpenAPI document say how to give it."""
    return str(request.state.tenant)


def _parse(raw: str) -> dict[str, str]:
    try:
        value: Any = json.loads(raw)
    except ValueError:
        value = None
    # Never quotes the keys: this message is logged.
    if (
        not isinstance(value, dict)
        or not value
        or not all(
            len(key) >= MIN_KEY_CHARS and isinstance(tenant, str) and _TENANT.fullmatch(tenant)
            for key, tenant in _items(value)
        )
    ):
        raise Fatal(
            f"BREVITY_AUTH_API_KEYS is not a JSON object from keys of {MIN_KEY_CHARS} or more characters to tenant names",
            code="bad_api_keys",
            remedy='Write it as {"key": "tenant"}; a tenant is up to 64 of a-z, 0-9, dot, dash and underscore.',
        )
    return dict(_items(value))


def _items(value: Any) -> list[tuple[str, Any]]:
    return [(str(key), tenant) for key, tenant in value.items()]


def _names_loopback(netloc: str) -> bool:
    try:
        return is_loopback(urlsplit(f"//{netloc}").hostname or "")
    except ValueError:
        return False


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
