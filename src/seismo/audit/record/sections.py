"""Sections of a record, and what their bytes are: paths, files, sockets, addresses, strings."""

from __future__ import annotations

import sys
from functools import cache
from socket import AF_INET, AF_INET6, inet_ntop
from struct import Struct

from seismo.audit.catalog.constants import constant_table
from seismo.audit.record.event import FileObject, Part, Path, SocketAddress, SocketState
from seismo.audit.record.layout import (
    CREDENTIALS,
    FIXED_FILE,
    NAMESPACES,
    SECTION,
    SOCKET,
    Section,
    SectionFlag,
)
from seismo.base.errors import FormatError
from seismo.base.layout import Layout

__all__ = (
    "DamagedRecord",
    "credentials",
    "family_name",
    "file_object",
    "names_of",
    "namespaces",
    "numbers",
    "path",
    "sections_of",
    "socket_address",
    "socket_state",
    "text",
    "words",
)

_HEAD = Struct("=BBHHH")
_SECTION_BYTES = SECTION.size
_KNOWN = frozenset(int(one) for one in Section)
# A section that faulted is empty; else one of these is at least so long.
_LEAST = {Section.FILE: FIXED_FILE.size, Section.SOCKET: SOCKET.size, Section.SOCKADDR: 0}
_LEAST |= {Section.CREDENTIALS: CREDENTIALS.size, Section.NAMESPACES: NAMESPACES.size}


class DamagedRecord(FormatError):
    """Bytes that no program of ours has sent: too short, of no known type, or badly cut up."""


def sections_of(data: bytes, start: int) -> tuple[Part, ...]:
    """The sections from `start` to the end; DamagedRecord where they do not fit the record."""
    found: list[Part] = []
    end = len(data)
    at = start
    while at < end:
        first = at + _SECTION_BYTES
        if first > end:
            raise DamagedRecord("a section's head is cut", at)
        kind, argument, flags, size, detail = _HEAD.unpack_from(data, at)
        stop = first + size
        if stop > end:
            raise DamagedRecord(f"a section of {size} bytes does not fit its record", at)
        if kind not in _KNOWN:
            raise DamagedRecord(f"there is no section of kind {kind}", at)
        if size < _LEAST.get(kind, 0) and not flags & SectionFlag.FAULTED:
            raise DamagedRecord(f"a section of kind {kind} has only {size} bytes", at)
        found.append((kind, argument, flags, detail, first, stop))
        at = (stop + 7) & -8
    return tuple(found)


def text(data: bytes) -> str:
    """Bytes of a program as text: what is no UTF-8 is kept, as Python keeps it in file names."""
    return data.decode("utf-8", "surrogateescape")


def words(data: bytes) -> tuple[str, ...]:
    """Strings with a NUL behind each; the last may lack it, if it was cut."""
    if not data:
        return ()
    parts = data.split(b"\0")
    if not parts[-1]:
        parts.pop()
    return tuple([text(one) for one in parts])


def numbers(data: bytes) -> tuple[int, ...]:
    """int32 each; what is left over of the bytes is not one."""
    return tuple(memoryview(data)[: len(data) & -4].cast("i"))


def path(data: bytes, flags: int) -> Path:
    """Names of a path, the last first, each with a NUL; or the one name of what has no path."""
    names = [text(one) for one in data.split(b"\0") if one]
    names.reverse()
    joined = "/".join(names)
    is_whole = bool(flags & _WHOLE) and not flags & SectionFlag.TRUNCATED
    if not flags & SectionFlag.NAME:
        joined = f"/{joined}" if is_whole else f"…/{joined}"
    return Path(
        text=joined,
        is_complete=is_whole,
        is_deleted=bool(flags & SectionFlag.DELETED),
        is_unreachable=bool(flags & SectionFlag.UNREACHABLE),
    )


_WHOLE = SectionFlag.ABSOLUTE | SectionFlag.UNREACHABLE | SectionFlag.NAME
"""Nothing is missing: up to the root of the process, or of a mount that is not below it."""


def file_object(data: bytes, walked: Path | None) -> FileObject:
    """A FILE section with the path that stands beside it (None: there is none)."""
    inode, device, mode, flags, fd, position, links, uid = _FILE.unpack_from(data)
    return FileObject(
        path=walked or _NO_PATH,
        inode=inode,
        device=device,
        mode=mode,
        flags=flags,
        fd=fd,
        position=position,
        links=links,
        uid=uid,
    )


_FILE = Struct("=QIIIiqII")
_NO_PATH = Path(text="", is_complete=False)


def socket_state(data: bytes) -> SocketState:
    """A SOCKET section, or the fixed part of a network event."""
    values = _SOCKET.unpack_from(data)
    cookie, inode, sent, received, started, netns, family, kind, state = values[:9]
    protocol, local_port, remote_port, _, fd, _, local, remote = values[9:]
    name = family_name(family)
    return SocketState(
        family=name,
        type=names_of("socket_type").get(kind, str(kind)),
        protocol=names_of("protocol").get(protocol, str(protocol)),
        state=names_of("tcp_state").get(state, str(state)),
        local=_internet(name, local, local_port),
        remote=_internet(name, remote, remote_port),
        netns=netns,
        inode=inode,
        cookie=cookie,
        sent_bytes=sent,
        received_bytes=received,
        started_ns=started,
        fd=fd,
    )


_SOCKET = Struct("=5QIHBB4HiI16s16s")


def _internet(family: str, address: bytes, port: int) -> SocketAddress:
    """One end of an internet socket; the family is that of its addresses: an IPv6 socket may have
    those of IPv4."""
    if family not in ("AF_INET", "AF_INET6"):
        return SocketAddress(family=family, address="")
    shown = (
        inet_ntop(AF_INET6, address) if family == "AF_INET6" else inet_ntop(AF_INET, address[:4])
    )
    return SocketAddress(family=family, address=shown, port=port)


def socket_address(data: bytes) -> SocketAddress | None:
    """A struct sockaddr of any family; None for one that is too short to have a family.

    Of a family that is not known here, `address` are the bytes in hexadecimal; of an address that
    was cut, ''.
    """
    if len(data) < 2:
        return None
    family = int.from_bytes(data[:2], sys.byteorder)
    name = family_name(family)
    match name:
        case "AF_UNIX":
            return SocketAddress(family=name, address=_unix_name(data[2:]))
        case "AF_INET" if len(data) >= 8:
            port = int.from_bytes(data[2:4], "big")
            return SocketAddress(family=name, address=inet_ntop(AF_INET, data[4:8]), port=port)
        case "AF_INET6" if len(data) >= 24:
            return SocketAddress(
                family=name,
                address=inet_ntop(AF_INET6, data[8:24]),
                port=int.from_bytes(data[2:4], "big"),
                scope=int.from_bytes(data[24:28], sys.byteorder),
            )
        case "AF_NETLINK" if len(data) >= 12:
            pid, groups = Struct("=II").unpack_from(data, 4)
            return SocketAddress(family=name, address=str(groups), port=pid)
        case "AF_VSOCK" if len(data) >= 12:
            port, cid = Struct("=II").unpack_from(data, 4)
            return SocketAddress(family=name, address=str(cid), port=port)
        case "AF_PACKET" if len(data) >= 12:
            protocol, index = int.from_bytes(data[2:4], "big"), Struct("=i").unpack_from(data, 4)[0]
            link = data[12 : 12 + data[11]].hex(":")
            return SocketAddress(family=name, address=link, port=protocol, scope=index)
        case "AF_INET" | "AF_INET6":
            return SocketAddress(family=name, address="")
        case _:
            return SocketAddress(family=name, address=data[2:].hex())


def _unix_name(data: bytes) -> str:
    """The path, or `@name` of an abstract one, its NULs shown as `@`, as /proc/net/unix does."""
    if data[:1] == b"\0":
        return text(data.replace(b"\0", b"@")) if data.strip(b"\0") else ""
    return text(data.partition(b"\0")[0])


def _members(layout: Layout) -> tuple[Struct, tuple[str, ...]]:
    """How a layout of plain integers is unpacked, and the names of what comes out."""
    codes = {1: "B", 2: "H", 4: "I", 8: "Q"}
    return (
        Struct("=" + "".join(codes[one.type.size] for one in layout.fields)),
        tuple(one.name for one in layout.fields),
    )


_CREDENTIALS, _CREDENTIAL_NAMES = _members(CREDENTIALS)
_NAMESPACES, _NAMESPACE_NAMES = _members(NAMESPACES)


def credentials(data: bytes) -> dict[str, int]:
    """The fields of CREDENTIALS by name."""
    return dict(zip(_CREDENTIAL_NAMES, _CREDENTIALS.unpack_from(data), strict=True))


def namespaces(data: bytes) -> dict[str, int]:
    """The fields of NAMESPACES by name: inode numbers, 0 for what the kernel has not."""
    return dict(zip(_NAMESPACE_NAMES, _NAMESPACES.unpack_from(data), strict=True))


def family_name(number: int) -> str:
    """`AF_INET` for 2; a number that is none is `AF_<number>`."""
    return names_of("family").get(number) or f"AF_{number}"


@cache
def names_of(table: str) -> dict[int, str]:
    """The constants of a table of the catalog by their values."""
    return dict(reversed(constant_table(table).names))
