"""Bearer tokens of an OpenID Connect provider: signed, for us, not expired, with a tenant and a role.

Only signatures by a private key are accepted (`none` and shared secrets never), only by keys that the provider
publishes. Its keys are read at the first token, again each hour, and again when a token names one that is not there
(rotation), but at most each `RETRY_SECONDS`, so that made-up tokens cannot make us ask for ever.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
import urllib.request
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import jwt
from jwt import PyJWK, PyJWKSet, PyJWTError

from brevity.common.errors import Fatal, Rejected, Unavailable
from brevity.common.http.principal import Principal, principal
from brevity.common.observability.logging import get_logger
from brevity.common.settings import AuthSettings

log = get_logger(__name__)

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
LEEWAY_SECONDS = 30
"""By how much the provider's clock and ours may differ."""

REFRESH_SECONDS = 3_600.0
RETRY_SECONDS = 30.0
_FETCH_SECONDS = 5.0
_LARGEST_ANSWER = 1 << 20
_LONGEST_TOKEN = 16_384
_LONGEST_SUBJECT = 200
_TENANT = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


class TokenVerifier:
    """Checks tokens of the provider in `auth`; one event loop uses it.

    Raises:
        Fatal: The settings are incomplete, or an address is not https (loopback excepted).
    """

    def __init__(self, auth: AuthSettings, *, clock: Callable[[], float] = time.monotonic) -> None:
        if not auth.oidc_issuer or not auth.oidc_audience:
            raise Fatal(
                "BREVITY_AUTH_OIDC_ISSUER and BREVITY_AUTH_OIDC_AUDIENCE go together, and one is missing",
                code="bad_oidc",
                remedy="Set both; without an audience tokens made for other programs would be let in.",
            )
        for address in (auth.oidc_issuer, auth.oidc_jwks_url):
            if address:
                _check_address(address)
        self._auth = auth
        self._issuer: str = auth.oidc_issuer
        self._clock = clock
        self._keys: PyJWKSet | None = None
        self._asked_at = float("-inf")
        self._read_at = float("-inf")
        self._lock = asyncio.Lock()

    async def principal(self, token: str) -> Principal:
        """Who `token` is for.

        Raises:
            Rejected: `unauthenticated` when it is not a valid token of the provider for us, `forbidden` when it is
                and names no tenant or role of ours.
            Unavailable: The provider's keys cannot be read, and none are known.
        """
        if len(token) > _LONGEST_TOKEN:
            raise _refused("it is too long")
        try:
            header = jwt.get_unverified_header(token)
        except (PyJWTError, ValueError, RecursionError):
            raise _refused("it is no token") from None
        if header.get("alg") not in ALGORITHMS:
            raise _refused("its algorithm is not accepted")
        key = await self._key(header.get("kid"))
        if key is None:
            raise _refused("its key is not one of the provider's")
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=ALGORITHMS,
                audience=self._auth.oidc_audience,
                issuer=self._issuer,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except PyJWTError as error:
            raise _refused(type(error).__name__) from None
        return self._named(claims)

    def _named(self, claims: dict[str, Any]) -> Principal:
        tenant = _claim(claims, self._auth.oidc_tenant_claim)
        subject = str(claims["sub"])
        known = principal(str(tenant), subject, _claim(claims, self._auth.oidc_role_claim))
        if not isinstance(tenant, str) or not _TENANT.fullmatch(tenant) or known is None:
            raise Rejected(
                "this token names no tenant or no role of ours",
                code="forbidden",
                remedy=f"The provider must put a tenant in {self._auth.oidc_tenant_claim!r} and reader, reviewer, "
                f"admin or operator in {self._auth.oidc_role_claim!r}.",
            )
        if not subject or len(subject) > _LONGEST_SUBJECT:
            raise _refused("its subject is empty or too long")
        return known

    async def _key(self, kid: Any) -> PyJWK | None:
        if self._clock() - self._read_at > REFRESH_SECONDS:
            await self._refresh()
        found = self._find(kid)
        if found is None:
            await self._refresh()
            found = self._find(kid)
        if found is None and self._keys is None:
            raise Unavailable("the identity provider's keys cannot be read", code="oidc")
        return found

    def _find(self, kid: Any) -> PyJWK | None:
        if self._keys is None:
            return None
        keys = [key for key in self._keys if key.public_key_use in (None, "sig")]
        if kid is None:
            return keys[0] if len(keys) == 1 else None
        return next((key for key in keys if key.key_id == kid), None)

    async def _refresh(self) -> None:
        """Read the keys again, unless that was tried a moment ago; when it fails the old ones stay."""
        async with self._lock:
            if self._clock() - self._asked_at < RETRY_SECONDS:
                return
            self._asked_at = self._clock()
            try:
                self._keys = await asyncio.to_thread(self._read)
                self._read_at = self._clock()
            except (OSError, ValueError, PyJWTError) as error:
                log.warning("the identity provider's keys cannot be read", error=type(error).__name__)

    def _read(self) -> PyJWKSet:
        address = self._auth.oidc_jwks_url
        if not address:
            described = _fetched(f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
            if not isinstance(described, dict) or described.get("issuer") != self._issuer:  # pyright: ignore[reportUnknownMemberType]
                raise ValueError("the provider names another issuer")
            address = str(described.get("jwks_uri"))  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
            _check_address(address)
        found = _fetched(address)
        if not isinstance(found, dict):
            raise ValueError("not a key set")
        return PyJWKSet.from_dict(found)  # pyright: ignore[reportUnknownArgumentType]


def _claim(claims: dict[str, Any], name: str) -> Any:
    """The claim called `name`; with dots, also one inside others (`realm_access.roles`)."""
    if name in claims:
        return claims[name]
    value: Any = claims
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return value  # pyright: ignore[reportUnknownVariableType]


def _check_address(address: str) -> None:
    parts = urlsplit(address)
    local = parts.hostname in ("127.0.0.1", "::1", "localhost")
    if parts.scheme != "https" and not (parts.scheme == "http" and local):
        raise Fatal(
            f"the identity provider's address {address!r} is not https",
            code="bad_oidc",
            remedy="Keys read over a plain connection can be anybody's: use the provider's https address.",
        )


def _fetched(address: str) -> Any:
    with urllib.request.urlopen(address, timeout=_FETCH_SECONDS) as answer:  # noqa: S310 - the scheme was checked
        raw: bytes = answer.read(_LARGEST_ANSWER + 1)
    if len(raw) > _LARGEST_ANSWER:
        raise ValueError("the answer is too large")
    return json.loads(raw)


def _refused(why: str) -> Rejected:
    return Rejected(
        f"this token is not accepted: {why}", code="unauthenticated", remedy="Get a new token and try again."
    )
