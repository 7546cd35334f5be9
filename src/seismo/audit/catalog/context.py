"""Arguments whose meaning depends on another argument of the same call: options, commands.

>>> table_of("setsockopt", "optname", (3, 6, 1))
'tcpopt'
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from seismo.audit.catalog.constants import value_of
from seismo.audit.catalog.model import EventType
from seismo.audit.catalog.table import COMPAT_PREFIX
from seismo.base.dataclass import dataclass

__all__ = ("argument_table", "table_of")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Choice:
    """By the value of the argument `by` the table of the argument `of`."""

    of: str
    by: int
    tables: Mapping[int, str]


def _tables(text: str) -> dict[int, str]:
    """`SOL_IP=ipopt` and so on."""
    pairs = [one.split("=") for one in text.split()]
    return {value_of(name): table for name, table in pairs}


_OPTIONS = _tables("SOL_SOCKET=sockopt SOL_TCP=tcpopt SOL_IP=ipopt SOL_IPV6=ipv6opt")
_SOCKET_OPTION = _Choice(of="optname", by=1, tables=_OPTIONS)
_PROTOCOL = _Choice(
    of="protocol", by=0, tables=_tables("AF_INET=protocol AF_INET6=protocol AF_NETLINK=netlink")
)
_FCNTL = _Choice(
    of="arg",
    by=1,
    tables=_tables("F_SETFD=fd_flags F_SETFL=open F_ADD_SEALS=seals F_SETSIG=signal"),
)
_PRCTL = _Choice(
    of="arg2",
    by=0,
    tables=_tables("PR_SET_PDEATHSIG=signal PR_CAPBSET_READ=capability PR_CAPBSET_DROP=capability"),
)

_CHOICES = {
    "fcntl": _FCNTL,
    "fcntl64": _FCNTL,
    "getsockopt": _SOCKET_OPTION,
    "prctl": _PRCTL,
    "setsockopt": _SOCKET_OPTION,
    "socket": _PROTOCOL,
    "socketpair": _PROTOCOL,
}


def table_of(call: str, argument: str, args: Sequence[int]) -> str:
    """The table of constants that an argument's value is from, by the values of all arguments.

    '' where it depends on nothing, or nothing is known: then the field's own `table` holds, or
    the value is a number.
    """
    choice = _CHOICES.get(call.removeprefix(COMPAT_PREFIX))
    if choice is None or choice.of != argument or choice.by >= len(args):
        return ""
    return choice.tables.get(args[choice.by] & 0xFFFFFFFF, "")


def argument_table(event: EventType, argument: str, args: Sequence[int]) -> str:
    """The same of a type: its field's own table where the argument depends on no other.

    `none` for one that depends on another whose value is not known: it is shown as a number.
    """
    choice = _CHOICES.get(event.name.removeprefix(COMPAT_PREFIX))
    if choice is None or choice.of != argument:
        return event.field(argument).table
    return table_of(event.name, argument, args) or ("none" if event.field(argument).table else "")
