"""Who may use a service's HTTP door: holders of an API key, or of a token of the operator's identity provider.

A key comes in `Authorization: Bearer KEY` or `X-API-Key: KEY`, a token as `Authorization: Bearer TOKEN`. Either says
whose documents may be seen and in which role. Outside local mode a service without keys and provider refuses to start;
in local mode it may go without, and then binds to loopback only and answers only requests that name a loopback host and
come from no other web page (DNS rebinding, cross-site requests).
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import Depends

from brevity.common.errors import Fatal, Rejected
from brevity.common.http.oidc import TokenVerifier
from brevity.common.http.principal import LOCAL, Principal, Role, principal, principal_of
from brevity.common.settings import AuthSettings, HttpSettings

MIN_KEY_CHARS = 16
PLAIN_KEY_ROLE: Role = "reviewer"
"""What a key may do that names only its tenant."""

_TENANT = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_NAME = re.compile(r"[\w.@-]{1,100}")


class KeyRing:
    """The accepted keys. Only their SHA-256 digests are held; comparison takes the same time for every key."""

    def __init__(self, holders: Mapping[str, Principal]) -> None:
        self._holders = [(_digest(key), holder) for key, holder in holders.items()]

    def __bool__(self) -> bool:
        return bool(self._holders)

    def holder(self, key: str) -> Principal | None:
        """Whose `key` is, or None when it is not one of ours."""
        given, found = _digest(key), None
        for digest, holder in self._holders:
            if hmac.compare_digest(digest, given):
                found = holder
        return found


class Doorkeeper:
    """Knows callers by their headers."""

    def __init__(self, keys: KeyRing, tokens: TokenVerifier | None, operators: str | None = None) -> None:
        """`operators`: the tenant whose admins operate the platform."""
        self._keys = keys
        self._tokens = tokens
        self._operators = operators

    @property
    def open(self) -> bool:
        """Whether everybody is let in, as `LOCAL`: local mode without keys."""
        return not self._keys and self._tokens is None

    async def principal(self, headers: Mapping[str, str], *, keys: bool = True) -> Principal:
        """Who presents `headers` (lower-case names).

        Args:
            keys: Whether to look among the API keys. Tokens are always looked at: nobody guesses a signature.

        Raises:
            Rejected: `unauthenticated`, or `forbidden` for a token without a tenant or role of ours.
            Unavailable: The identity provider is away and its keys are not known.
        """
        if self.open:
            return LOCAL
        key = presented_key(headers)
        holder = self._keys.holder(key) if key and keys else None
        if holder is not None:
            return self._ranked(holder)
        if key and self._tokens is not None and key.count(".") == 2:
            return self._ranked(await self._tokens.principal(key))
        raise Rejected(
            "this door needs an API key or a token" if key is None else "this API key is not known",
            code="unauthenticated",
            remedy="Send `Authorization: Bearer KEY` or `X-API-Key: KEY`.",
        )

    def _ranked(self, caller: Principal) -> Principal:
        if caller.role == "admin" and caller.tenant == self._operators:
            return replace(caller, operator=True)
        return caller


def key_ring(mode: str, http: HttpSettings, auth: AuthSettings) -> Doorkeeper:
    """What lets callers in at a service about to start.

    Raises:
        Fatal: Keys or provider are malformed or missing outside local mode, or local mode would be open to a network.
    """
    if mode == "local" and not is_loopback(http.host):
        raise Fatal(
            f"local mode may not listen on {http.host!r}: anyone who reaches it could use it without a key",
            code="open_to_network",
            remedy="Set BREVITY_HTTP_HOST=127.0.0.1, or BREVITY_MODE=production with BREVITY_AUTH_API_KEYS.",
        )
    holders = _holders(auth)
    tokens = TokenVerifier(auth) if auth.oidc_issuer or auth.oidc_audience else None
    keeper = Doorkeeper(KeyRing(holders), tokens, _operators(auth, holders))
    if mode != "local" and keeper.open:
        raise Fatal(
            "no API keys and no identity provider are set, and without them anyone could use the HTTP door",
            code="no_api_keys",
            remedy='Set BREVITY_AUTH_API_KEYS=\'{"a-key-of-16-characters-or-more": "tenant"}\', '
            "or BREVITY_MODE=local on a machine of your own.",
        )
    return keeper


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
    if _names_loopback(headers.get("host", "")) and (origin is None or _names_loopback(netloc_of(origin))):
        return
    raise Rejected(
        "in local mode only requests from this machine to a loopback address are answered",
        code="forbidden_origin",
        remedy="Call http://127.0.0.1 or http://localhost, without another page's Origin header.",
    )


def netloc_of(origin: str) -> str:
    """Host and port that an `Origin` header names; empty for one that is no address, such as `http://[::1`."""
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""


def is_loopback(host: str) -> bool:
    """Whether `host` is `localhost` or a loopback address."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


async def tenant_of(principal: Annotated[Principal, Depends(principal_of)]) -> str:
    """Dependency: the tenant that the request's key or token belongs to."""
    return principal.tenant


def _operators(auth: AuthSettings, holders: Mapping[str, Principal]) -> str | None:
    """The tenant whose admins operate the platform: the one that is set, else the only one there is, else `default`."""
    if auth.operator_tenant is not None:
        return auth.operator_tenant or None
    tenants = {holder.tenant for holder in holders.values()}
    alone = len(tenants) == 1 and not auth.oidc_issuer
    return tenants.pop() if alone else "default"


def _holders(auth: AuthSettings) -> dict[str, Principal]:
    holders: dict[str, Principal] = {}
    if auth.api_keys is not None:
        holders.update(_parse(auth.api_keys.get_secret_value(), "BREVITY_AUTH_API_KEYS"))
    if auth.api_keys_file is not None:
        try:
            raw = Path(auth.api_keys_file).read_text("utf-8")
        except (OSError, ValueError) as error:
            raise _bad_keys("BREVITY_AUTH_API_KEYS_FILE", f"cannot be read: {type(error).__name__}") from None
        holders.update(_parse(raw, "BREVITY_AUTH_API_KEYS_FILE"))
    return holders


def _parse(raw: str, variable: str) -> dict[str, Principal]:
    try:
        value: Any = json.loads(raw)
    except ValueError:
        value = None
    if not isinstance(value, dict) or not value:
        raise _bad_keys(variable, "is not a JSON object of keys")
    # Never quotes the keys: this message is logged.
    return {key: _holder(key, said, variable) for key, said in _items(value)}


def _holder(key: str, said: Any, variable: str) -> Principal:
    if len(key) < MIN_KEY_CHARS:
        raise _bad_keys(variable, f"holds a key of fewer than {MIN_KEY_CHARS} characters")
    fields: dict[str, Any] = dict(_items(said)) if isinstance(said, dict) else {"tenant": said}
    tenant = _fitting(_TENANT, fields.get("tenant"))
    name = _fitting(_NAME, fields.get("name", f"key-{hashlib.sha256(key.encode()).hexdigest()[:8]}"))
    known = principal(tenant or "", name or "", fields.get("role", PLAIN_KEY_ROLE))
    if set(fields) - {"tenant", "role", "name"} or tenant is None or name is None or known is None:
        raise _bad_keys(variable, "holds a key whose tenant, role or name is wrong")
    return known


def _fitting(pattern: re.Pattern[str], value: Any) -> str | None:
    return value if isinstance(value, str) and pattern.fullmatch(value) else None


def _bad_keys(variable: str, why: str) -> Fatal:
    return Fatal(
        f"{variable} {why}",
        code="bad_api_keys",
        remedy='Write {"key": "tenant"} or {"key": {"tenant": "t", "role": "reader, reviewer, admin or operator", "name": "who"}}; '
        f"keys have {MIN_KEY_CHARS} or more characters, a tenant up to 64 of a-z, 0-9, dot, dash and underscore.",
    )


def _items(value: Any) -> list[tuple[str, Any]]:
    return [(str(key), item) for key, item in value.items()]


def _names_loopback(netloc: str) -> bool:
    try:
        return is_loopback(urlsplit(f"//{netloc}").hostname or "")
    except ValueError:
        return False


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
