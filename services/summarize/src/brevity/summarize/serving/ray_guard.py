"""Keeping others out of a Ray that this process starts: whoever reaches an open one runs code in it.

Ray asks for a token, which only its own processes know, and listens on loopback where the engine does. Its settings are
read from the environment when it is imported, so `guard` comes before. One socket cannot be moved in Ray 2.60: the
replica's, for other deployments of Serve, listens on every interface; the token guards it as it guards the others.
"""

from __future__ import annotations

import os
import secrets

_TOKEN_VARIABLES = ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH")


def guard(*, loopback: bool) -> None:
    """Set what Ray reads, for this process and those it starts. A token that is already set is kept.

    Args:
        loopback: Nobody beyond this machine may reach Ray. Else it takes an address of the machine, as where its metrics
            are scraped from another container.
    """
    os.environ["RAY_AUTH_MODE"] = "token"
    if not any(os.environ.get(name) for name in _TOKEN_VARIABLES):
        os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)
    if loopback:
        # Ray replaces 127.0.0.1 by an address of the network, except where it keeps firewalls from asking: what it does
        # on laptops, whose systems give this variable its name.
        os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
