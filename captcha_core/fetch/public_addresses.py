"""Which internet addresses a fetch may connect to: public ones only.

The tables are written out, because what ``ipaddress`` calls global has changed between patch releases of Python.
Sources: the IANA special-purpose address registries for IPv4 and IPv6 (RFC 6890), RFC 6052 (translation), RFC 5214
(ISATAP), and the documentation of Azure for its wire server.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

CLOSED_V4 = [
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carrier-grade translation, and one cloud's metadata
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # Azure's wire server: a public number that answers inside only
        "169.254.0.0/16",  # link-local, and most clouds' metadata
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments, and one cloud's metadata
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relays, withdrawn
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
]
OPEN_V6 = IPv6Network("2000::/3")  # global unicast; all else is local, multicast or not assigned
CLOSED_V6 = [
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments: Teredo, benchmarks, ORCHID
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: carries any IPv4 address, withdrawn
        "3fff::/20",  # documentation
    )
]
MAPPED = IPv6Network("::ffff:0:0/96")
TRANSLATED = IPv6Network("64:ff9b::/96")  # what DNS64 makes of every IPv4 host on an IPv6-only network
ISATAP = (0x00005EFE, 0x02005EFE)


def is_public(address: str) -> bool:
    """Return whether an address, in its usual spelling, belongs to the public internet.

    An IPv4 address inside an IPv6 one (mapped, translated, ISATAP) is judged as what it is.
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return _is_public_v4(parsed) if isinstance(parsed, IPv4Address) else _is_public_v6(parsed)


def is_loopback(address: str) -> bool:
    """Return whether an address is this machine's own loopback."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, IPv6Address) and parsed in MAPPED:
        return _inner(parsed).is_loopback
    return parsed.is_loopback


def _is_public_v4(address: IPv4Address) -> bool:
    return not any(address in network for network in CLOSED_V4)


def _is_public_v6(address: IPv6Address) -> bool:
    if address.scope_id is not None:
        return False
    if address in MAPPED or address in TRANSLATED:
        return _is_public_v4(_inner(address))
    if address not in OPEN_V6 or any(address in network for network in CLOSED_V6):
        return False
    return (int(address) >> 32) & 0xFFFFFFFF not in ISATAP or _is_public_v4(_inner(address))


def _inner(address: IPv6Address) -> IPv4Address:
    return IPv4Address(int(address) & 0xFFFFFFFF)
