"""Fetching a document from a public web address, without becoming a way into the private network.

Off unless the operator turns it on. The name is resolved once for each hop, every address must be public, and the
connection goes to that very address, so that a name cannot answer differently the second time.
"""

from __future__ import annotations

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import httpx

from brevity.common.errors import Rejected, Transient
from brevity.ingest.addresses import is_public
from brevity.ingest.settings import IngestBlock
from brevity.ingest.submit import too_large

_MOST_REDIRECTS = 4
_NAMES = ThreadPoolExecutor(4, thread_name_prefix="names")
_REMEDY = "Give a public http or https address, or send the document itself."


@dataclass(frozen=True, slots=True)
class Page:
    data: bytes
    media_type: str | None


async def fetch_page(url: str, settings: IngestBlock) -> Page:
    """The bytes at `url`, within `url_seconds` for all of it: finding, connecting, redirects, heads and body.

    Raises:
        Rejected: `url_fetch_off`, `bad_url`, `forbidden_address`, `url_failed` or `too_large`.
        Transient: `url_failed`: the other side did not answer in time.
    """
    if not settings.url_fetch:
        raise Rejected(
            "web addresses are not fetched here",
            code="url_fetch_off",
            remedy="Send the document itself, or have BREVITY_INGEST_URL_FETCH set.",
        )
    # No environment: a proxy would resolve names by itself and so go round the check.
    async with httpx.AsyncClient(
        trust_env=False, follow_redirects=False, timeout=settings.url_seconds
    ) as client:
        try:
            # The client's own limit begins again with every byte: a head that drips would never pass it.
            async with asyncio.timeout(settings.url_seconds):
                for _ in range(_MOST_REDIRECTS + 1):
                    page, following = await _hop(client, url, settings.max_bytes)
                    if page is not None:
                        return page
                    url = following
        except TimeoutError:
            raise Transient(
                f"the address takes longer than {settings.url_seconds:g} s", code="url_failed"
            ) from None
        except httpx.HTTPError as error:
            raise Transient(
                f"the address does not answer: {type(error).__name__}", code="url_failed"
            ) from error
        except (httpx.InvalidURL, UnicodeError):  # the latter of names that are no punycode
            raise Rejected("the address is not a URL", code="bad_url", remedy=_REMEDY) from None
    raise Rejected("the address redirects too often", code="url_failed", remedy=_REMEDY)


def fetch_url(url: str, settings: IngestBlock) -> Page:
    """As `fetch_page`, for callers without an event loop."""
    return asyncio.run(fetch_page(url, settings))


async def _hop(client: httpx.AsyncClient, url: str, max_bytes: int) -> tuple[Page | None, str]:
    target = httpx.URL(url)
    if target.scheme not in ("http", "https") or not target.host or target.userinfo:
        raise Rejected("the address is not a plain http or https URL", code="bad_url", remedy=_REMEDY)
    port = target.port or (443 if target.scheme == "https" else 80)
    # Threads of its own: one that waits for a name server cannot be interrupted, and must hold up nothing else.
    address = await asyncio.get_running_loop().run_in_executor(_NAMES, public_address, target.host, port)
    request = client.build_request(
        "GET",
        target.copy_with(host=address),
        headers={
            "Host": target.netloc.decode("ascii"),
            "Accept-Encoding": "identity",
            "User-Agent": "brevity",
        },
        extensions={"sni_hostname": target.raw_host.decode("ascii")},
    )
    answer = await client.send(request, stream=True)
    try:
        if answer.is_redirect:
            return None, str(target.join(answer.headers.get("location", "")))
        if answer.status_code != 200:
            raise Rejected(
                f"the address answers with status {answer.status_code}", code="url_failed", remedy=_REMEDY
            )
        data = bytearray()
        async for piece in answer.aiter_raw():
            data += piece
            if len(data) > max_bytes:
                raise too_large(len(data), max_bytes)
        return Page(bytes(data), answer.headers.get("content-type")), ""
    finally:
        await answer.aclose()


def public_address(host: str, port: int) -> str:
    """An address of `host` to connect to. Raises Rejected `forbidden_address` unless all its addresses are public."""
    try:
        found = {item[4][0] for item in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError):
        raise Rejected(f"the host {host!r} cannot be found", code="bad_url", remedy=_REMEDY) from None
    addresses = sorted(str(address) for address in found)
    for address in addresses:
        if not is_public(address):
            raise Rejected(
                f"the host {host!r} is not on the public internet", code="forbidden_address", remedy=_REMEDY
            )
    return addresses[0]
