"""Who is asking: a tenant's reader, reviewer or admin, or one who operates the platform for all tenants."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from brevity.common.errors import Rejected

Role = Literal["reader", "reviewer", "admin"]
"""A reader reads. A reviewer also submits, rates and edits. An admin also exports, audits and erases."""

Right = Literal["reader", "reviewer", "admin", "operator"]
"""What a route may need. An operator is an admin who also decides on what all tenants share: models and trainings."""

RIGHTS: tuple[Right, ...] = get_args(Right)
"""From the one that may least to the one that may most; each may what those before it may."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who makes a request.

    Attributes:
        tenant: Whose documents it may see.
        subject: The person or program, by the name of its API key or its token's `sub`; unique within the tenant.
        role: What it may do in its tenant.
        operator: Whether it also decides on what is the platform's; only of admins.
    """

    tenant: str
    subject: str
    role: Role
    operator: bool = False

    @property
    def right(self) -> Right:
        return "operator" if self.operator else self.role

    @property
    def name(self) -> str:
        """Tenant and subject: who it is among those of all tenants."""
        return f"{self.tenant}/{self.subject}"

    def may(self, needed: Right) -> bool:
        """Whether what it may do includes `needed`."""
        return RIGHTS.index(self.right) >= RIGHTS.index(needed)


LOCAL = Principal("default", "local", "admin", operator=True)
"""Whoever is at this machine, in local mode without keys."""


def principal(tenant: str, subject: str, names: object) -> Principal | None:
    """Somebody with the highest of our roles among `names` (a name, or a list of anything); None with none of them."""
    given = names if isinstance(names, list) else [names]  # pyright: ignore[reportUnknownVariableType]
    right: Right | None = next((right for right in reversed(RIGHTS) if right in given), None)
    if right is None:
        return None
    role: Role = "admin" if right == "operator" else right
    return Principal(tenant, subject, role, operator=right == "operator")


def forbidden(principal: Principal, needed: Right) -> Rejected:
    return Rejected(
        f"this needs the role {needed}, and yours is {principal.right}",
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


def needs(right: Right) -> Callable[[Principal], Awaitable[Principal]]:
    """A dependency that lets only `right` and above pass; others are answered 403."""

    async def checked(principal: Annotated[Principal, Depends(principal_of)]) -> Principal:
        if not principal.may(right):
            raise forbidden(principal, right)
        return principal

    return checked
