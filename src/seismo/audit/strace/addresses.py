"""Sockets' addresses as strace shows them: `{sa_family=AF_INET, sin_port=htons(80), ...}`."""

from __future__ import annotations

import os

from seismo.audit.record.event import AuditEvent, SocketAddress, SocketState
from seismo.audit.record.layout import Section
from seismo.audit.strace.text import quoted

__all__ = ("address_text", "endpoint_text")

_PATH_MAX = 4096
_FLOW_AT = 4  # struct sockaddr_in6: sin6_flowinfo
_NAMES = {"SOCK_STREAM": "TCP", "SOCK_DGRAM": "UDP", "SOCK_RAW": "RAW"}


def address_text(event: AuditEvent, argument: int, address: SocketAddress) -> str:
    """The struct sockaddr of an argument."""
    shown = f"{{sa_family={address.family}"
    match address.family:
        case "AF_UNIX" if address.address:
            return f"{shown}, sun_path={_unix_path(address.address)}}}"
        case "AF_INET" if address.address:
            host = f'inet_addr("{address.address}")'
            return f"{shown}, sin_port=htons({address.port}), sin_addr={host}}}"
        case "AF_INET6" if address.address:
            return (
                f"{shown}, sin6_port=htons({address.port}), "
                f"sin6_flowinfo=htonl({_flow(event, argument)}), "
                f'inet_pton(AF_INET6, "{address.address}", &sin6_addr), '
                f"sin6_scope_id={address.scope}}}"
            )
        case "AF_NETLINK":
            groups = int(address.address) if address.address.isdecimal() else 0
            return f"{shown}, nl_pid={address.port}, nl_groups={groups:08x}}}"
        case "AF_UNIX" | "AF_INET" | "AF_INET6":
            return f"{shown}}}"
        case _:
            return f'{shown}, sa_data="{address.address}"}}' if address.address else f"{shown}}}"


def _unix_path(path: str) -> str:
    data = os.fsencode(path)
    return f"@{quoted(data[1:], _PATH_MAX)}" if data[:1] == b"@" else quoted(data, _PATH_MAX)


def _flow(event: AuditEvent, argument: int) -> int:
    """sin6_flowinfo, which stands in the record only."""
    for kind, place, _, _, start, end in event.sections:
        if kind == Section.SOCKADDR and place == argument and end - start > _FLOW_AT + 4:
            return int.from_bytes(event.data[start + _FLOW_AT : start + _FLOW_AT + 4], "big")
    return 0


def endpoint_text(socket: SocketState, *, is_whole: bool) -> str:
    """What `-y` shows of a socket: `socket:[7]`; `-yy`: `TCP:[127.0.0.1:22->127.0.0.1:999]`."""
    if not is_whole:
        return f"socket:[{socket.inode}]"
    if socket.family in ("AF_INET", "AF_INET6"):
        return _internet_text(socket)
    is_stream = socket.family == "AF_UNIX" and socket.type == "SOCK_STREAM"
    name = socket.family.removeprefix("AF_") + ("-STREAM" if is_stream else "")
    return f"{name}:[{socket.inode}]"


def _internet_text(socket: SocketState) -> str:
    name = _NAMES.get(socket.type, socket.type) + ("v6" if socket.family == "AF_INET6" else "")
    if not socket.local.port and not socket.remote.port:
        return f"{name}:[{socket.inode}]"
    peer = f"->{socket.remote}" if socket.remote.port else ""
    return f"{name}:[{socket.local}{peer}]"
