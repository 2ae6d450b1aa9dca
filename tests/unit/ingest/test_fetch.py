"""Web addresses: none of the private network's is reached."""

from __future__ import annotations

import pytest

from brevity.common.errors import Rejected
from brevity.ingest.fetch import fetch_url, is_public
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
    "url", ["file:///etc/passwd", "ftp://example.org/x", "http://user:pw@example.org/", "x"]
)
def test_only_plain_web_addresses_are_taken(url: str) -> None:
    assert code_of(url) == "bad_url"


def test_public_addresses_are_public() -> None:
    assert is_public("93.184.216.34")
    assert is_public("2606:2800:220:1:248:1893:25c8:1946")
