"""Where programs of object files may be attached, beside the places that scripts know."""

from __future__ import annotations

from typing import TypeAlias

from seismo.base.dataclass import dataclass
from seismo.isa.prog_types import AttachType

__all__ = (
    "CgroupAttach",
    "NamedUprobeAttach",
    "ObjectAttach",
    "XdpAttach",
)


@dataclass(frozen=True, slots=True)
class XdpAttach:
    """At a network interface, before the kernel makes a socket buffer of a packet. Since Linux 5.9.

    `mode` is `generic`, `native`, `offload` or '' for the best that the driver can.
    """

    interface: str
    mode: str = ""


@dataclass(frozen=True, slots=True)
class CgroupAttach:
    """At a cgroup (version 2) and all below it. Since Linux 4.10, by a link since 5.7."""

    path: str
    type: AttachType


@dataclass(frozen=True, slots=True)
class NamedUprobeAttach:
    """At a function of a file, `offset` bytes into it, or its return; the file is searched for the
    symbol when the program is attached. `binary` is a path or a library's name."""

    binary: str
    function: str
    offset: int = 0
    is_return: bool = False
    pid: int = 0


ObjectAttach: TypeAlias = XdpAttach | CgroupAttach | NamedUprobeAttach
