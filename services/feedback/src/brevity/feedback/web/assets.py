"""The page's own files: scripts, the style sheet and the icon, served from memory under an address that names them.

The address holds a digest of them all, so that a browser keeps them for good and a new release is never mixed with an
old one: modules import each other by relative address and so stay within their release.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from fastapi import FastAPI
from starlette.responses import Response

from brevity.common.ids import content_hash

_FOLDER = Path(__file__).parent / "static"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_FILES = {path.name: path.read_bytes() for path in sorted(_FOLDER.iterdir()) if path.suffix in _TYPES}

BASE = f"/static/{content_hash(b''.join(_FILES.values()))[:16]}"
PATHS = frozenset(f"{BASE}/{name}" for name in _FILES)
"""Open to all: they are part of the release and hold nothing of anybody."""


def add_assets(app: FastAPI) -> None:
    """Add `GET` of each file to `app`."""
    for name in _FILES:
        app.add_api_route(
            f"{BASE}/{name}",
            _serving(name),
            methods=["GET"],
            include_in_schema=False,
            response_class=Response,
        )


def _serving(name: str) -> Callable[[], Response]:
    body, media_type = _FILES[name], _TYPES[Path(name).suffix]

    def serve() -> Response:
        return Response(
            body, media_type=media_type, headers={"Cache-Control": "public, max-age=31536000, immutable"}
        )

    return serve
