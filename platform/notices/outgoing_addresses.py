"""Which addresses an outgoing request may connect to (rule 34): public ones only.

A request that a definition or a record sends somewhere must not reach what only this machine can
reach: its own services, the network around it, the metadata service of a cloud. The ranges are
those of the IANA Special-Purpose Address Registries (RFC 6890 and its successors), tested in every
form in which an IPv6 address carries an IPv4 address.
"""

from __future__ import annotations

import ipaddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_REFUSED = tuple(
    ipaddress.ip_network(text)
    for text in (
        "192.0.0.0/24",  # IETF protocol assignments
        "192.88.99.0/24",  # relays of 6to4
        "168.63.129.16/32",  # public by its number, but the platform service of a cloud
        "2001::/23",  # IETF protocol assignments, among them Teredo
        "2001:db8::/32",  # documentation
        "3fff::/20",  # documentation
    )
)
"""What the standard library's `is_global` of some version lets pass."""


def is_public(text: str) -> bool:
    """Whether an IP address, as the resolver writes it, belongs to a host on the public internet.

    An IPv6 address that stands for an IPv4 address (mapped, 6to4, NAT64) is as public
    as that one. A link-local address with its zone, and what is no address, are not public.
    """
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    inner = _inner(address)
    return _alone(inner) if inner is not None else _alone(address)


def _inner(address: Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that the address stands for."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour


def _alone(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address) and address not in _GLOBAL_UNICAST:
        return False
    if address.is_multicast or address.is_reserved or not address.is_global:
        return False
    return not any(address.version == net.version and address in net for net in _REFUSED)
