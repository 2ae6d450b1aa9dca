"""A process that is nothing but a door, or nothing but the check of one body: what it takes is not hidden by others'.

Run by tests, with -m: `door WAIT_SECONDS` serves until its input ends and prints its port; `json FILE...` prints
what the check of each body said and by how many bytes the process grew.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from fastapi import FastAPI, Request
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from brevity.common.errors import Rejected
from brevity.common.http import bodies
from brevity.common.http.app import create_app
from brevity.common.http.server import BackgroundServer
from brevity.common.json_cost import check_values
from brevity.common.settings import AuthSettings, HttpSettings
from tests.support.memory import forget_peak, peak_bytes

KEY = "a-key-of-many-characters"


def make_door() -> FastAPI:
    """A door that takes bodies of 8 MiB, 16 MiB of all callers together, and tells its peak of memory."""
    app = create_app(
        "attacked",
        title="attacked",
        mode="production",
        http=HttpSettings(max_body_bytes=8 << 20, max_body_bytes_of_all=16 << 20, request_burst=1_000),
        auth=AuthSettings(api_keys=SecretStr(f'{{"{KEY}": "tenant", "{KEY}-of-another": "other"}}')),
        registry=CollectorRegistry(),
    )

    async def take(request: Request) -> dict[str, int]:
        return {"size": len(await request.body())}

    async def keep(request: Request) -> dict[str, int]:
        async with request.form() as form:
            return {"fields": len(form)}

    async def peak(forget: bool) -> int:
        if forget:
            forget_peak()
        return peak_bytes()

    app.add_api_route("/v1/take", take, methods=["POST"])
    app.add_api_route("/v1/keep", keep, methods=["POST"])
    app.add_api_route("/v1/peak", peak, methods=["GET"])
    return app


def serve(wait_seconds: float) -> None:
    bodies.WAIT_SECONDS = wait_seconds  # pyright: ignore[reportConstantRedefinition]
    with BackgroundServer(make_door(), "127.0.0.1", 0) as server:
        print(server.port, flush=True)
        sys.stdin.read()


def check(file: Path) -> dict[str, object]:
    body = file.read_bytes()
    before = peak_bytes()
    try:
        check_values(body)
        said = ""
    except Rejected as error:
        said = error.code
    return {"said": said, "grown": peak_bytes() - before}


if __name__ == "__main__":
    if sys.argv[1] == "door":
        serve(float(sys.argv[2]))
    else:
        print(json.dumps({Path(name).name: check(Path(name)) for name in sys.argv[2:]}))
