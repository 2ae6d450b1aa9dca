"""An S3 server that keeps objects in memory and refuses some of them, each in its own way, as real ones do."""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

from brevity.common.settings import S3Settings

REFUSALS: Mapping[str, tuple[int, str]] = {
    "denied": (403, "AccessDenied"),
    "frozen": (403, "InvalidObjectState"),
    "elsewhere": (301, "PermanentRedirect"),
    "no-bucket": (404, "NoSuchBucket"),
    "kms": (400, "KMS.DisabledException"),
    "broken": (500, "InternalError"),
    "slow-down": (503, "SlowDown"),
    "odd": (418, "Teapot"),
}
"""A key that holds one of these words between slashes is answered so."""


@dataclass
class Script:
    """What the server does; may be changed while it runs.

    Attributes:
        fails: Answers every request so, whatever it asks: status and code; None for good behaviour.
        wrong_for: Only keys with this prefix are refused by `fails`.
        seen: Requests by method and key.
    """

    fails: tuple[int, str] | None = None
    wrong_for: str = ""
    objects: dict[str, bytes] = field(default_factory=dict[str, bytes])
    seen: Counter[str] = field(default_factory=Counter[str])
    ending: threading.Event = field(default_factory=threading.Event)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, script: Script) -> None:
        super().__init__(("127.0.0.1", 0), _Call)
        self.script = script


class _Call(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def _script(self) -> Script:
        assert isinstance(self.server, _Server)
        return self.server.script

    def do_GET(self) -> None:
        bucket, key = self._place()
        if self._refused(bucket, key):
            return
        data = self._script.objects.get(f"{bucket}/{key}")
        if data is None:
            return self._error(404, "NoSuchKey")
        if "/hangs/" in f"/{key}":
            self._script.ending.wait(60)
            return None
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("ETag", f'"{hashlib.md5(data).hexdigest()}"')  # noqa: S324 - as S3 does
        self.end_headers()
        cut = "/cut/" in f"/{key}"
        self.wfile.write(data[: len(data) // 2] if cut else data)
        if cut:
            self.close_connection = True
        return None

    def do_HEAD(self) -> None:
        bucket, key = self._place()
        if not self._refused(bucket, key):
            self._answer(200, b"")

    def do_PUT(self) -> None:
        bucket, key = self._place()
        body = self._body()
        if not self._refused(bucket, key):
            self._script.objects[f"{bucket}/{key}"] = body
            self._answer(200, b"")

    def _place(self) -> tuple[str, str]:
        bucket, _, key = unquote(urlsplit(self.path).path).lstrip("/").partition("/")
        self._script.seen[f"{self.command} {key}"] += 1
        return bucket, key

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self._plain(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        data = bytearray()
        while size := int(self.rfile.readline().split(b";")[0], 16):
            data += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return self._plain(bytes(data))

    def _plain(self, body: bytes) -> bytes:
        """Without the frames of `aws-chunked`."""
        if "aws-chunked" not in self.headers.get("Content-Encoding", ""):
            return body
        data = bytearray()
        while body:
            line, _, rest = body.partition(b"\r\n")
            size = int(line.split(b";")[0], 16)
            if size == 0:
                break
            data += rest[:size]
            body = rest[size + 2 :]
        return bytes(data)

    def _refused(self, bucket: str, key: str) -> bool:
        script = self._script
        if script.fails is not None and key.startswith(script.wrong_for):
            self._error(*script.fails)
            return True
        if bucket == "foreign" and "absent" in key:
            self._error(404, "NoSuchBucket")
            return True
        for word, (status, code) in REFUSALS.items():
            if f"/{word}/" in f"/{key}":
                self._error(status, code)
                return True
        return False

    def _error(self, status: int, code: str) -> None:
        if self.command == "PUT" and self.headers.get("Expect"):
            self.close_connection = True
        self._answer(status, f"<Error><Code>{code}</Code><Message>{code}</Message></Error>".encode())

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(0 if self.command == "HEAD" else len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def scripted_s3(timeout_seconds: float = 1.0) -> Generator[tuple[S3Settings, Script]]:
    """The server's settings for a client, and its script."""
    script = Script()
    with _Server(script) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield (
                S3Settings.model_validate(
                    {
                        "endpoint_url": f"http://127.0.0.1:{server.server_port}",
                        "access_key_id": "key",
                        "secret_access_key": "secret",
                        "timeout_seconds": timeout_seconds,
                    }
                ),
                script,
            )
        finally:
            script.ending.set()
            server.shutdown()
            thread.join()
