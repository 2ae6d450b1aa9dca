"""Web addresses: none of the private network's is reached."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from brevity.common.errors import Rejected, Transient
from brevity.ingest import fetch
from brevity.ingest.addresses import is_public
from brevity.ingest.fetch import fetch_url
from brevity.ingest.settings import IngestBlock

ON = IngestBlock(url_fetch=True)


def code_of(url: str, settings: IngestBlock = ON) -> str:
    with pytest.raises(Rejected) as caught:
        fetch_url(url, settings)
    return caught.value.code


def test_fetching_is_off_unless_it_is_turned_on() -> None:
    assert code_of("http://93.184.216.34/", IngestBlock()) == "url_fetch_off"


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "10.0.0.1", "169.254.169.254", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "2130706433", "0x7f.1", "100.64.0.1", "[fd00::1]", "[64:ff9b::7f00:1]"],  # noqa: S104 - an address to refuse, none to bind
)  # fmt: skip
def test_an_address_that_is_not_public_is_refused(host: str) -> None:
    assert code_of(f"http://{host}/") == "forbidden_address"


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://example.org/x", "http://user:pw@example.org/", "http://xn--/", "x"]
)
def test_only_plain_web_addresses_are_taken(url: str) -> None:
    assert code_of(url) == "bad_url"


def test_public_addresses_are_public() -> None:
    assert is_public("93.184.216.34")
    assert is_public("2606:2800:220:1:248:1893:25c8:1946")


@pytest.fixture(
    params=[b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\n\r\n", b""], ids=["head", "body", "silence"]
)
def dripping(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a server that goes on for ever, a few bytes at a time."""
    monkeypatch.setattr(fetch, "public_address", lambda host, port: host)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with contextlib.suppress(OSError):
                connection, _ = server.accept()
                with connection:
                    connection.sendall(request.param)
                    for i in range(300):
                        time.sleep(0.05)
                        if request.param:
                            connection.sendall(b"X-%d: y\r\n" % i)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"


def test_an_address_that_drips_is_left_in_time(dripping: str) -> None:
    began = time.monotonic()
    with pytest.raises(Transient) as caught:
        fetch_url(dripping, IngestBlock(url_fetch=True, url_seconds=1.0))
    assert caught.value.code == "url_failed"
    assert time.monotonic() - began < 8  # it would go on for 15 s


def test_redirects_share_one_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "public_address", lambda host, port: host)
    with socket.create_server(("127.0.0.1", 0)) as server:
        here = f"http://127.0.0.1:{server.getsockname()[1]}/"

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    with connection:
                        connection.recv(4_096)
                        time.sleep(0.8)
                        connection.sendall(
                            f"HTTP/1.1 302 Found\r\nLocation: {here}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()
                        )

        threading.Thread(target=serve, daemon=True).start()
        with pytest.raises(Transient):
            fetch_url(here, IngestBlock(url_fetch=True, url_seconds=1.5))
