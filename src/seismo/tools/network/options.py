"""Options that the tools about TCP share."""

from __future__ import annotations

import argparse

from seismo.tools.tool import Option

__all__ = ("FAMILIES", "port_option")

_PORT_MAX = 0xFFFF

FAMILIES = (Option("ipv4", "IPv4 only", "-4"), Option("ipv6", "IPv6 only", "-6"))


def port_option(name: str, short: str, help: str) -> Option:
    """An option that takes the number of a port."""
    return Option(name, help, short, metavar="PORT", type=_port)


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= _PORT_MAX:
        raise argparse.ArgumentTypeError(f"'{text}' is not a port: 1 to {_PORT_MAX}")
    return int(text)
