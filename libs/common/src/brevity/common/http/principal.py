"""Who is asking: a tenant's reader, reviewer or admin."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from brevity.common.errors import Rejected

Role = Literal["reader", "reviewer", "admin"]
"""A reader reads. A reviewer also submits, rates and edits. An admin also exports, audits and erases."""

ROLES: tuple[Role, ...] = get_args(Role)
"""From the one that may least to the one that may most; each may what those before it may."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who makes a request.

    Attributes:
        tenant: Whose documents it may see.
        subject: The person or program, by the name of its API key or its token's `sub`; unique within the tenant.
        role: What it may do.
    """

    tenant: str
    subject: str
    role: Role

    def may(self, needed: Role) -> bool:
        """Whether this role includes `needed`."""
        return ROLES.index(self.role) >= ROLES.index(needed)


LOCAL = Principal("default", "local", "admin")
"""Whoever is at this machine, in local mode without keys."""


def role_of(names: object) -> Role | None:
    """The highest of our roles among `names` (a name, or a list of anything), or None."""
    given = names if isinstance(names, list) else [names]  # pyright: ignore[reportUnknownVariableType]
    return next((role for role in reversed(ROLES) if role in given), None)


def forbidden(principal: Principal, needed: Role) -> Rejected:
    return Rejected(
        f"this needs the role {needed}, and you are a {principal.role}",
        code="forbidden",
        remedy="Ask the operator for a key or a role that may do this.",
    )


async def principal_of(
    request: Request,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(HTTPBearer(auto_error=False))],
    api_key: Annotated[str | None, Security(APIKeyHeader(name="X-API-Key", auto_error=False))],
) -> Principal:
    """Dependency: who makes this request. The key or token was checked before any route ran; the two parameters only
    make the OpenAPI document say how to give it."""
    principal: Any = getattr(request.state, "principal", None)
    if not isinstance(principal, Principal):  # an open path, which nobody needs a key for
        raise Rejected(
            "this needs an API key or a token", code="unauthenticated", remedy="Sign in, or send a key."
        )
    return principal


def needs(role: Role) -> Callable[[Principal], Awaitable[Principal]]:
    """A dependency that lets only `role` and above pass; others are answered 403."""

    async def checked(principal: Annotated[Principal, Depends(principal_of)]) -> Principal:
        if not principal.may(role):
            raise forbidden(principal, role)
        return principal

    return checked
