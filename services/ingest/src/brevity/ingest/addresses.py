"""Which addresses belong to the public internet.

Python's `ipaddress` knows the registries of its own release: 3.11.7 calls some ranges public that are not. This table is
IANA's special-purpose registries (RFC 6890 and its successors) with what tunnels and translators carry: an address that
embeds another is refused, whatever the other is.
"""

from __future__ import annotations

import ipaddress

_NOT_PUBLIC_4 = (
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
    "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16",
    "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
    "168.63.129.16/32",  # the host that virtual machines of Azure ask for keys
)  # fmt: skip

_PUBLIC_6 = ipaddress.IPv6Network("2000::/3")
"""All that has been given out as global unicast."""

_NOT_PUBLIC_6 = (
    "2001::/23",  # protocols: Teredo 2001::/32, benchmarks 2001:2::/48, ORCHID 2001:10::/28 and 2001:20::/28
    "2001:db8::/32", "3fff::/20",  # documentation
    "2002::/16",  # 6to4 embeds an IPv4 address
    "2620:4f:8000::/48",  # AS112
    "3ffe::/16",  # 6bone
)  # fmt: skip

_REFUSED_4 = tuple(ipaddress.IPv4Network(network) for network in _NOT_PUBLIC_4)
_REFUSED_6 = tuple(ipaddress.IPv6Network(network) for network in _NOT_PUBLIC_6)


def is_public(address: str) -> bool:
    """Whether `address` is reachable by all and embeds no other: no private, loopback, link-local, mapped or tunnelled one."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv4Address):
        return not any(parsed in network for network in _REFUSED_4)
    # Outside of 2000::/3 lie, among others, ::/8 with mapped and translated ones (64:ff9b::/96), fc00::/7, fe80::/10, fec0::/10.
    embeds = parsed.packed[8:12] in (b"\x00\x00\x5e\xfe", b"\x02\x00\x5e\xfe")  # ISATAP
    return (
        parsed in _PUBLIC_6
        and parsed.scope_id is None
        and not embeds
        and not any(parsed in network for network in _REFUSED_6)
    )
