"""A server that speaks OpenAI's chat completions on loopback, for real, and misbehaves when a document says so."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

KEY = "only-for-this-test"
MODEL = "tiny-lead"
_DOCUMENT = re.compile(r"<(document-[0-9a-f]{16})>\n(.*)\n</\1>", re.DOTALL)


@dataclass
class Seen:
    """What the server was asked."""

    bodies: list[dict[str, Any]] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    elsewhere: int = 0
    tries: dict[str, int] = field(default_factory=dict)


def _application(seen: Seen) -> FastAPI:
    app = FastAPI()

    @app.post("/v1/chat/completions")
    async def complete(request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return JSONResponse({"error": {"message": "no key"}}, 401)
        body = await request.json()
        seen.bodies.append(body)
        return await _answer(body, seen)

    @app.post("/elsewhere")
    async def elsewhere() -> Response:
        seen.elsewhere += 1
        return JSONResponse({})

    return app


async def _answer(body: dict[str, Any], seen: Seen) -> Response:
    found = _DOCUMENT.search(body["messages"][-1]["content"])
    assert found is not None
    document = found[2]
    tries = seen.tries[document] = seen.tries.get(document, 0) + 1
    match document.split()[0]:
        case "busy" if tries < 3:
            return JSONResponse({"error": {"message": "slow down"}}, 429, {"retry-after": "0.02"})
        case "broken" if tries < 2:
            return Response('{"choices": [', media_type="application/json")
        case "down":
            return Response("upstream failed", 503)
        case "slow":
            await asyncio.sleep(1.5)
        case "redirect":
            return RedirectResponse("/elsewhere", 307)
        case "long":
            return JSONResponse({"error": {"code": "context_length_exceeded", "message": "too long"}}, 400)
        case "odd":
            return JSONResponse({"error": {"message": "unknown parameter"}}, 400)
        case "huge":
            return Response(b'{"choices": "' + b"x" * 3_000_000 + b'"}', media_type="application/json")
        case "refused":
            return JSONResponse({"choices": [{"message": {"content": None, "refusal": "no"}}]})
        case "empty" if tries < 2:
            return JSONResponse({"choices": []})
        case "overlap":
            seen.at_once += 1
            seen.most_at_once = max(seen.most_at_once, seen.at_once)
            await asyncio.sleep(0.05)
            seen.at_once -= 1
        case _:
            pass
    words = document.split()
    kept = words[: min(12, body["max_tokens"])]
    return Response(
        json.dumps(
            {
                "id": "1",
                "object": "chat.completion",
                "model": body["model"],
                "choices": [
                    {
                        "index": 0,
                        "message": {
                            "role": "assistant",
                            "content": "Here is the summary:\n" + " ".join(kept),
                        },
                        "finish_reason": "length" if document.startswith("cut") else "stop",
                    }
                ],
                "usage": {"prompt_tokens": len(words), "completion_tokens": len(kept), "total_tokens": 0},
            }
        ),
        media_type="application/json",
    )


@contextmanager
def chat_server() -> Generator[tuple[str, Seen]]:
    """Its address up to `/v1`, and what it sees."""
    seen = Seen()
    server = uvicorn.Server(uvicorn.Config(_application(seen), host="127.0.0.1", port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        thread.join(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}/v1", seen
    finally:
        server.should_exit = True
        thread.join(10)
