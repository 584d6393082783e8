"""Which addresses are somebody's on the internet, and not of this host, network or cloud. Pure."""

from __future__ import annotations

import ipaddress

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _networks(words: str) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(word) for word in words.split())


# Not ipaddress.is_global: it lets NAT64, multicast, site-local and, in Python 3.11, 6to4 of loopback
# pass. 168.63.129.16 is a cloud's own host on every machine of its customers.
_CLOSED_4 = _networks(
    "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 168.63.129.16/32 169.254.0.0/16 172.16.0.0/12"
    " 192.0.0.0/24 192.0.2.0/24 192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24"
    " 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4"
)
# Everything that is not global unicast is closed, and within it what carries an IPv4 address.
_OPEN_6 = ipaddress.ip_network("2000::/3")
_CLOSED_6 = _networks("2001::/23 2001:db8::/32 2002::/16 3fff::/20")


def is_public(address: IpAddress) -> bool:
    """Whether an address is somebody's on the internet, and not of this host, network or cloud."""
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _CLOSED_4)
    return address in _OPEN_6 and not any(address in network for network in _CLOSED_6)
