"""An OpenID Connect provider on loopback: publishes its keys over HTTP and signs whatever a test wants signed."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

AUDIENCE = "brevity"


class Provider:
    """Use as a context; `keys` are the private keys by their id, `published` those ids whose public half is shown."""

    def __init__(self) -> None:
        self.keys: dict[str, rsa.RSAPrivateKey] = {}
        self.published: set[str] = set()
        self.asked = 0
        self.add_key("one")
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                answer = provider.answer(self.path)
                self.send_response(200 if answer is not None else 404)
                self.end_headers()
                self.wfile.write(json.dumps(answer).encode())

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Provider:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def add_key(self, kid: str, *, publish: bool = True) -> None:
        self.keys[kid] = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
        if publish:
            self.published.add(kid)

    def answer(self, path: str) -> Any:
        if path == "/.well-known/openid-configuration":
            return {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/keys"}
        if path == "/keys":
            self.asked += 1
            return {"keys": [self._public(kid) for kid in sorted(self.published)]}
        return None

    def _public(self, kid: str) -> dict[str, Any]:
        return {**RSAAlgorithm.to_jwk(self.keys[kid].public_key(), as_dict=True), "kid": kid, "use": "sig"}

    def public_pem(self, kid: str = "one") -> bytes:
        return (
            self.keys[kid]
            .public_key()
            .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        )

    def token(self, *, kid: str = "one", sign_with: str | None = None, **claims: Any) -> str:
        """A token for tenant `first`, role reviewer, valid for a minute, unless `claims` say otherwise (None: absent)."""
        now = int(time.time())
        body = {
            "iss": self.issuer,
            "aud": AUDIENCE,
            "sub": "anna@example.org",
            "iat": now,
            "exp": now + 60,
            "tenant": "first",
            "roles": ["reviewer", "unrelated"],
            **claims,
        }
        kept = {name: value for name, value in body.items() if value is not None}
        return jwt.encode(kept, self.keys[sign_with or kid], algorithm="RS256", headers={"kid": kid})
