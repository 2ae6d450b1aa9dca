"""Which addresses are public, whatever this Python's own table says."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brevity.ingest.addresses import is_public

INNER = ["127.0.0.1", "10.1.2.3", "169.254.169.254", "192.168.0.1", "172.31.0.1", "100.64.0.1"]

NOT_PUBLIC = [
    *INNER, str(ipaddress.IPv4Address(0)), "0.1.2.3", "192.0.0.192", "192.0.0.9", "192.0.0.10", "192.0.0.170", "192.88.99.1", "198.18.0.1",
    "198.19.255.255", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "203.0.113.9", "168.63.129.16",
    "::", "::1", "::7f00:1", "fec0::1", "feff::1", "fe80::1", "fe80::1%1", "fc00::1", "fd00:ec2::254", "ff02::1",
    "100::1", "100:0:0:1::1", "2001:db8::1", "3fff::1", "2001:10::1", "2001:20::1", "2001:2::1", "2001::1", "5f00::1",
    "64:ff9b::5db8:d822", "64:ff9b:1::1", "2002:5db8:d822::1", "::ffff:93.184.216.34", "::ffff:0:93.184.216.34",
    "4000::1", "2a00::200:5efe:a00:1", "2a00::5efe:a00:1", "2606:2800:220:1::1%eth0", "", "x", "1.2.3", "127.1", "0x7f000001",
]  # fmt: skip

PUBLIC = ["93.184.216.34", "1.1.1.1", "8.8.8.8", "100.128.0.1", "172.32.0.1", "192.0.1.1", "198.20.0.1", "223.255.255.1",
          "2606:2800:220:1:248:1893:25c8:1946", "2a00:1450:4001::1", "2001:4860:4860::8888", "2001:200::1"]  # fmt: skip


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_what_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("inner", INNER)
def test_no_form_that_embeds_an_inner_address_is_public(inner: str) -> None:
    number = int(ipaddress.IPv4Address(inner))
    places = [number, 0xFFFF << 32 | number, 0xFFFF << 48 | number, (0x64FF9B << 96) | number,
              (0x2002 << 112) | (number << 80), (0x20010000 << 96) | (number ^ 0xFFFFFFFF),
              (0x2A00 << 112) | (0x5EFE << 32) | number]  # fmt: skip
    assert [
        str(ipaddress.IPv6Address(place)) for place in places if is_public(str(ipaddress.IPv6Address(place)))
    ] == []


@given(st.ip_addresses())
def test_what_python_calls_not_global_is_not_public(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    if not address.is_global or address.is_multicast or address.is_reserved:
        assert not is_public(str(address))
