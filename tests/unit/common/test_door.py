"""Who gets through a service's HTTP door, and who does not."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Generator
from pathlib import Path
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from starlette.testclient import TestClient

from brevity.common.errors import BrevityError, Fatal, Rejected, Unavailable
from brevity.common.http.app import create_app
from brevity.common.http.auth import key_ring
from brevity.common.http.oidc import REFRESH_SECONDS, RETRY_SECONDS, TokenVerifier
from brevity.common.http.principal import Principal, needs, principal_of
from brevity.common.settings import AuthSettings, HttpSettings
from tests.support.identity import AUDIENCE, Provider

READER, REVIEWER, ADMIN = (f"{role}-key-0123456789" for role in ("reader", "reviewer", "admin"))
KEYS = {
    READER: {"tenant": "first", "role": "reader", "name": "rita"},
    REVIEWER: "first",
    ADMIN: {"tenant": "first", "role": "admin", "name": "ada"},
}


@pytest.fixture(scope="module")
def provider() -> Generator[Provider]:
    with Provider() as running:
        yield running


def settings(provider: Provider | None = None, keys: Any = None, **fields: Any) -> AuthSettings:
    return AuthSettings(
        api_keys=SecretStr(json.dumps(keys)) if keys else None,
        **({"oidc_issuer": provider.issuer, "oidc_audience": AUDIENCE} if provider else {}),
        **fields,
    )


def door(
    auth: AuthSettings, *, mode: str = "production", open_paths: frozenset[str] = frozenset(), **http: Any
) -> TestClient:
    app: FastAPI = create_app(
        "test",
        title="t",
        mode=mode,
        http=HttpSettings(**http),
        auth=auth,
        open_paths=open_paths,
        registry=CollectorRegistry(),
    )

    async def whoami(caller: Annotated[Principal, Depends(principal_of)]) -> dict[str, str]:
        return {"tenant": caller.tenant, "subject": caller.subject, "role": caller.role}

    async def admins(caller: Annotated[Principal, Depends(needs("admin"))]) -> str:
        return caller.subject

    async def operators(caller: Annotated[Principal, Depends(needs("operator"))]) -> str:
        return caller.name

    app.add_api_route("/v1/operator", operators, methods=["GET"])
    app.add_api_route("/v1/me", whoami, methods=["GET", "POST", "DELETE"])
    app.add_api_route("/v1/admin", admins, methods=["GET"])
    return TestClient(app, base_url="http://127.0.0.1")


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_a_key_says_tenant_name_and_role() -> None:
    client = door(settings(keys=KEYS))
    assert client.get("/v1/me", headers={"X-API-Key": READER}).json() == {
        "tenant": "first", "subject": "rita", "role": "reader"
    }  # fmt: skip
    plain = client.get("/v1/me", headers=bearer(REVIEWER)).json()
    assert (plain["role"], plain["subject"]) == (
        "reviewer",
        f"key-{hashlib.sha256(REVIEWER.encode()).hexdigest()[:8]}",
    )


@pytest.mark.parametrize(
    "headers", [{}, bearer("x"), bearer(READER + "x"), {"X-API-Key": ""}, bearer("a.b.c")]
)
def test_without_a_known_key_nothing_but_the_probes_answers(headers: dict[str, str]) -> None:
    client = door(settings(keys=KEYS))
    for path in ("/v1/me", "/v1/admin", "/openapi.json", "/nothing"):
        answer = client.get(path, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert client.get("/healthz", headers=headers).status_code == 200


def test_a_reader_cannot_write_and_a_reviewer_cannot_do_what_admins_do() -> None:
    client = door(settings(keys=KEYS))
    for method in ("POST", "DELETE"):
        answer = client.request(method, "/v1/me", headers=bearer(READER))
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
        assert client.request(method, "/v1/me", headers=bearer(REVIEWER)).status_code == 200
    assert client.get("/v1/admin", headers=bearer(READER)).status_code == 403
    assert client.get("/v1/admin", headers=bearer(REVIEWER)).status_code == 403
    assert client.get("/v1/admin", headers=bearer(ADMIN)).json() == "ada"


OTHER, DEFAULT, OPERATOR = (f"{name}-key-0123456789" for name in ("other", "default", "operator"))
MANY = {
    **KEYS,
    OTHER: {"tenant": "second", "role": "admin"},
    DEFAULT: {"tenant": "default", "role": "admin", "name": "dora"},
    OPERATOR: {"tenant": "second", "role": "operator", "name": "otto"},
}


@pytest.mark.parametrize(
    ("keys", "tenant", "operators"),
    [
        (KEYS, None, {ADMIN}),
        (MANY, None, {DEFAULT, OPERATOR}),
        (MANY, "first", {ADMIN, OPERATOR}),
        (MANY, "", {OPERATOR}),
        (KEYS, "nobody", set[str]()),
    ],
)
def test_a_tenants_admin_is_no_operator_unless_its_tenant_operates_the_platform(
    keys: dict[str, Any], tenant: str | None, operators: set[str]
) -> None:
    client = door(settings(keys=keys, operator_tenant=tenant))
    let_in = {key for key in keys if client.get("/v1/operator", headers=bearer(key)).status_code == 200}
    assert let_in == operators
    if OPERATOR in keys:
        assert client.get("/v1/admin", headers=bearer(OPERATOR)).status_code == 200
        assert client.get("/v1/me", headers=bearer(OPERATOR)).json()["role"] == "admin"


def test_with_a_provider_no_tenant_operates_for_being_the_only_one_that_keys_name(provider: Provider) -> None:
    client = door(settings(provider, keys=KEYS))
    for token in (ADMIN, provider.token(roles="admin")):
        answer = client.get("/v1/operator", headers=bearer(token))
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert client.get("/v1/operator", headers=bearer(provider.token(roles=["operator"]))).status_code == 200


def test_an_open_path_gives_nobody_a_tenant() -> None:
    client = door(settings(keys=KEYS), open_paths=frozenset({"/v1/me", "/v1/admin"}))
    assert client.get("/v1/me").status_code == 401
    assert client.post("/v1/me", headers=bearer("a-wrong-key-0123456789")).status_code == 401
    assert client.get("/v1/admin", headers=bearer(READER)).status_code == 403
    assert client.get("/v1/me", headers=bearer(READER)).json()["subject"] == "rita"


def test_keys_may_lie_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.write_text(json.dumps(KEYS))
    client = door(settings(api_keys_file=str(path)))
    assert client.get("/v1/me", headers=bearer(ADMIN)).json()["role"] == "admin"


@pytest.mark.parametrize(
    "keys",
    [
        {"short": "first"},
        {READER: "Not A Tenant"},
        {READER: {"tenant": "first", "role": "king"}},
        {READER: {"tenant": "first", "rolle": "reader"}},
        {READER: {"role": "reader"}},
        {READER: {"tenant": "first", "name": ""}},
        [READER],
    ],
)
def test_wrong_keys_stop_the_start_and_are_not_quoted(keys: Any) -> None:
    with pytest.raises(Fatal) as caught:
        key_ring("production", HttpSettings(), settings(keys=keys))
    assert caught.value.code == "bad_api_keys"
    assert READER not in str(caught.value)


@pytest.mark.parametrize(
    "auth",
    [
        AuthSettings(),
        AuthSettings(api_keys_file="/nowhere/keys.json"),
        AuthSettings(oidc_issuer="https://id.example.org"),
        AuthSettings(oidc_issuer="http://id.example.org", oidc_audience="x"),
    ],
)
def test_a_door_without_a_lock_does_not_open_outside_local_mode(auth: AuthSettings) -> None:
    with pytest.raises(Fatal):
        key_ring("production", HttpSettings(), auth)


def test_local_mode_lets_this_machine_in_and_no_other_page_or_host() -> None:
    client = door(AuthSettings(), mode="local")
    assert client.get("/v1/me").json() == {"tenant": "default", "subject": "local", "role": "admin"}
    assert client.get("/v1/me", headers={"Host": "evil.example"}).status_code == 403
    assert client.get("/v1/me", headers={"Origin": "https://evil.example"}).status_code == 403
    with pytest.raises(Fatal):
        key_ring("local", HttpSettings(host="0.0.0.0"), AuthSettings())  # noqa: S104


def test_guessing_keys_is_slowed_and_does_not_slow_those_who_have_one() -> None:
    client = door(settings(keys=KEYS), requests_per_second=0.001, request_burst=3)
    assert [client.get("/v1/me", headers=bearer(key)).status_code for key in (ADMIN, READER)] == [200, 200]
    answers = [client.get("/v1/me", headers=bearer(f"a-wrong-key-number-{n}")).status_code for n in range(5)]
    assert answers == [401, 401, 401, 429, 429]
    assert [client.get("/v1/me", headers=bearer(ADMIN)).status_code for _ in range(3)] == [200, 200, 429]
    assert client.get("/v1/me", headers=bearer(READER)).status_code == 200


def _guesses(key: str) -> list[dict[str, Any]]:
    """Every way to present a key."""
    return [
        {"headers": bearer(key)},
        {"headers": {"Authorization": f"bearer  {key}"}},
        {"headers": {"X-API-Key": key}},
        {"headers": {"X-API-Key": key, "X-Forwarded-For": "203.0.113.9"}},
        {"headers": {"X-API-Key": key, "Forwarded": "for=203.0.113.9"}},
        {"headers": {"X-API-Key": key, "X-Real-IP": "203.0.113.9"}},
    ]


@pytest.mark.parametrize("way", range(6))
def test_a_guess_that_is_right_is_answered_like_a_wrong_one_once_there_were_too_many(way: int) -> None:
    client = door(settings(keys=KEYS), requests_per_second=0.001, request_burst=3)
    assert client.get("/v1/me", headers=bearer(ADMIN)).status_code == 200  # one that is known from here
    wrong = [client.get("/v1/me", **_guesses(f"a-wrong-key-number-{n}")[way]).status_code for n in range(4)]
    assert wrong == [401, 401, 401, 429]
    right = client.get("/v1/me", **_guesses(READER)[way])
    another = client.get("/v1/me", **_guesses("a-wrong-key-number-9")[way])
    assert (right.status_code, right.json()["code"]) == (429, "too_many_requests")
    assert int(right.headers["Retry-After"]) > 0
    assert (another.status_code, another.json()["code"]) == (429, "too_many_requests")
    assert set(right.headers) == set(another.headers)
    assert client.get("/v1/me", **_guesses(ADMIN)[way]).status_code == 200
    with TestClient(client.app, base_url="http://127.0.0.1", client=("203.0.113.7", 9)) as elsewhere:
        assert elsewhere.get("/v1/me", headers=bearer(READER)).status_code == 200
        assert elsewhere.get("/v1/me", headers=bearer(ADMIN)).status_code == 200


def test_a_key_in_the_query_is_no_key() -> None:
    client = door(settings(keys=KEYS), requests_per_second=0.001, request_burst=3)
    for name in ("key", "api_key", "X-API-Key", "access_token", "token"):
        assert client.get("/v1/me", params={name: READER}).status_code in (401, 429)


def test_what_takes_no_key_is_counted_with_the_guesses() -> None:
    client = door(
        settings(keys=KEYS), requests_per_second=0.001, request_burst=3, open_paths=frozenset({"/open"})
    )
    assert [client.get("/open").status_code for _ in range(4)] == [404, 404, 404, 429]
    assert client.get("/v1/me", headers=bearer(READER)).status_code == 429
    assert client.get("/healthz", headers=bearer(READER)).status_code == 200


def test_guesses_are_let_in_again_as_time_goes() -> None:
    client = door(settings(keys=KEYS), requests_per_second=20, request_burst=1)
    assert client.get("/v1/me", headers=bearer("a-wrong-key-0123456789")).status_code == 401
    assert client.get("/v1/me", headers=bearer(READER)).status_code == 429
    time.sleep(0.1)
    assert client.get("/v1/me", headers=bearer(READER)).status_code == 200
    assert client.get("/v1/me", headers=bearer("a-wrong-key-0123456789")).status_code == 401
    assert client.get("/v1/me", headers=bearer("a-wrong-key-0123456789")).status_code == 429
    time.sleep(0.1)
    assert client.get("/v1/me", headers=bearer(READER)).status_code == 200


def test_a_signed_token_is_no_guess(provider: Provider) -> None:
    client = door(settings(provider, keys=KEYS), requests_per_second=0.001, request_burst=2)
    answers = [client.get("/v1/me", headers=bearer(f"a.wrong.token-{n}")).status_code for n in range(3)]
    assert answers == [401, 401, 429]
    assert client.get("/v1/me", headers=bearer(provider.token())).status_code == 200
    assert client.get("/v1/me", headers=bearer(READER)).status_code == 429


@pytest.mark.parametrize(
    ("trusted", "named", "statuses"),
    [
        ([], "203.0.113.{}", [401, 401, 429, 429]),
        (["127.0.0.0/8"], "203.0.113.{}", [401, 401, 401, 401]),
        (["127.0.0.0/8"], "203.0.113.{}, 203.0.113.99", [401, 401, 429, 429]),  # what a sender adds of itself
        (["127.0.0.0/8"], "2001:db8::{}", [401, 401, 429, 429]),  # one customer's network
        (["127.0.0.0/8"], "2001:db8:0:{}::1", [401, 401, 401, 401]),
        (["127.0.0.0/8"], "::ffff:203.0.113.{}", [401, 401, 401, 401]),
        (["127.0.0.0/8"], "nonsense {}, 203.0.113.99", [401, 401, 429, 429]),
    ],
)
def test_who_a_proxy_names_is_believed_of_those_alone_that_are_trusted(
    trusted: list[str], named: str, statuses: list[int]
) -> None:
    client = door(settings(keys=KEYS), requests_per_second=0.001, request_burst=2, trusted_proxies=trusted)
    with TestClient(client.app, base_url="http://127.0.0.1", client=("127.0.0.1", 9)) as near:
        answers = [
            near.get(
                "/v1/me",
                headers={**bearer("a-wrong-key-0123456789"), "X-Forwarded-For": named.format(n)},
            )
            for n in range(3)
        ]
        answers.append(
            near.get(
                "/v1/me", headers={**bearer("a-wrong-key-0123456789"), "X-Forwarded-For": named.format(9)}
            )
        )
        right = near.get("/v1/me", headers={**bearer(READER), "X-Forwarded-For": named.format(8)})
    assert [answer.status_code for answer in answers] == statuses
    assert right.status_code == (429 if statuses[-1] == 429 else 200)


def test_a_token_says_tenant_subject_and_role(provider: Provider) -> None:
    client = door(settings(provider, keys=KEYS))
    assert client.get("/v1/me", headers=bearer(provider.token())).json() == {
        "tenant": "first", "subject": "anna@example.org", "role": "reviewer"
    }  # fmt: skip
    assert client.get("/v1/me", headers=bearer(provider.token(roles="admin"))).json()["role"] == "admin"
    assert client.get("/v1/me", headers=bearer(READER)).json()["role"] == "reader"


def test_claims_may_lie_inside_others(provider: Provider) -> None:
    auth = settings(provider, oidc_role_claim="realm_access.roles", oidc_tenant_claim="https://x.org/tenant")
    token = provider.token(
        roles=None, realm_access={"roles": ["reader"]}, **{"https://x.org/tenant": "second", "tenant": None}
    )
    assert door(auth).get("/v1/me", headers=bearer(token)).json()["tenant"] == "second"


def _unsigned(header: dict[str, Any], token: str, secret: bytes | None = None) -> str:
    """`token`'s claims under another header, unsigned or signed with a shared secret."""
    first = base64.urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()
    signed = f"{first}.{token.split('.')[1]}"
    digest = hmac.new(secret, signed.encode(), "sha256").digest() if secret else b""
    return f"{signed}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def test_forged_expired_and_foreign_tokens_are_refused(provider: Provider) -> None:
    provider.add_key("stolen", publish=False)
    good, now = provider.token(), int(time.time())
    head, body, signature = good.split(".")
    richer = provider.token(sign_with="stolen", roles=["admin"])
    tokens = {
        "signed by another key": richer,
        "claims exchanged": ".".join((head, richer.split(".")[1], signature)),
        "signature cut off": f"{head}.{body}.",
        "alg none": _unsigned({"alg": "none", "typ": "JWT"}, good),
        "alg None": _unsigned({"alg": "None", "kid": "one"}, good),
        "public key as secret": _unsigned({"alg": "HS256", "kid": "one"}, good, provider.public_pem()),
        "unpublished key": provider.token(kid="stolen"),
        "expired": provider.token(exp=now - 120),
        "not yet": provider.token(nbf=now + 120),
        "no expiry": provider.token(exp=None),
        "no subject": provider.token(sub=None),
        "other audience": provider.token(aud="another"),
        "no audience": provider.token(aud=None),
        "other issuer": provider.token(iss="https://evil.example"),
        "too long": provider.token(padding="x" * 20_000),
        "not a token": "a.b.c",
        "key from the token": _unsigned({"alg": "RS256", "jwk": {"kty": "oct"}, "kid": "x"}, good),
    }
    client = door(settings(provider))
    assert client.get("/v1/me", headers=bearer(good)).status_code == 200
    answers = {why: client.get("/v1/me", headers=bearer(token)).status_code for why, token in tokens.items()}
    assert answers == dict.fromkeys(tokens, 401)


@pytest.mark.parametrize(
    "claims",
    [{"tenant": None}, {"tenant": "No Such"}, {"tenant": ["first"]}, {"roles": []}, {"roles": ["king"]}],
)
def test_a_token_without_a_tenant_or_role_of_ours_is_forbidden(provider: Provider, claims: Any) -> None:
    answer = door(settings(provider)).get("/v1/me", headers=bearer(provider.token(**claims)))
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


async def test_new_keys_are_found_and_made_up_ones_do_not_make_us_ask_for_ever() -> None:
    with Provider() as provider:
        now = 0.0
        verifier = TokenVerifier(settings(provider), clock=lambda: now)
        await verifier.principal(provider.token())
        asked = provider.asked
        provider.add_key("two")
        for _ in range(20):
            with pytest.raises(Rejected):
                await verifier.principal(provider.token(kid="two"))
        assert provider.asked == asked
        now += RETRY_SECONDS
        await verifier.principal(provider.token(kid="two"))
        provider.published.discard("one")
        now += REFRESH_SECONDS + 1
        with pytest.raises(Rejected):
            await verifier.principal(provider.token(kid="one"))


async def test_a_provider_that_is_away_keeps_those_out_whom_we_cannot_know() -> None:
    with Provider() as provider:
        now = 0.0
        known = TokenVerifier(settings(provider), clock=lambda: now)
        token = provider.token()
        await known.principal(token)
        unknown = TokenVerifier(settings(provider))
    now += REFRESH_SECONDS + 1
    assert (await known.principal(token)).tenant == "first"
    with pytest.raises(Unavailable):
        await unknown.principal(token)
    answer = door(settings(provider)).get("/v1/me", headers=bearer(token))
    assert answer.status_code == 503


async def test_a_discovery_document_of_another_issuer_is_not_believed() -> None:
    with Provider() as provider:
        auth = AuthSettings(oidc_issuer=f"{provider.issuer}/", oidc_audience=AUDIENCE)
        with pytest.raises(BrevityError):
            await TokenVerifier(auth).principal(provider.token())


def test_who_is_not_known_may_send_no_large_body() -> None:
    client = door(settings(keys=KEYS), open_paths=frozenset({"/v1/me"}))
    large = b"," * 100_000
    assert client.post("/v1/me", content=large).status_code == 413
    assert client.post("/healthz", content=large).status_code == 413
    assert client.post("/v1/me", content=b"{}").status_code == 401
