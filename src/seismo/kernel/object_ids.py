"""What is in the kernel by number, anybody's: programs, maps, links, types; and who holds it.

All of it needs CAP_SYS_ADMIN, or CAP_BPF for what that lets a process see.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator, Mapping

from seismo.base.dataclass import dataclass
from seismo.base.enum import Enum
from seismo.base.errors import SyscallError
from seismo.kernel.abi import Cmd, IdAttr
from seismo.kernel.errors import NotInKernel
from seismo.kernel.fd import Fd
from seismo.kernel.protocol import Kernel

__all__ = (
    "Holder",
    "Kind",
    "fd_details",
    "holders",
    "identity",
    "ids",
    "open_by_id",
    "opened",
)


class Kind(Enum):
    """What has ids of its own."""

    PROGRAM = "BPF program"
    MAP = "map"
    LINK = "link"
    BTF = "BTF"


_NEXT = {
    Kind.PROGRAM: Cmd.PROG_GET_NEXT_ID,
    Kind.MAP: Cmd.MAP_GET_NEXT_ID,
    Kind.LINK: Cmd.LINK_GET_NEXT_ID,
    Kind.BTF: Cmd.BTF_GET_NEXT_ID,
}
_OPEN = {
    Kind.PROGRAM: Cmd.PROG_GET_FD_BY_ID,
    Kind.MAP: Cmd.MAP_GET_FD_BY_ID,
    Kind.LINK: Cmd.LINK_GET_FD_BY_ID,
    Kind.BTF: Cmd.BTF_GET_FD_BY_ID,
}
# The field of fdinfo that has the id; a link's has its program's id as well, hence the order.
_ID_FIELDS = (
    ("link_id", Kind.LINK),
    ("map_id", Kind.MAP),
    ("prog_id", Kind.PROGRAM),
    ("btf_id", Kind.BTF),
)


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that has an fd of it; `name` is what `ps` calls it."""

    pid: int
    name: str


def ids(kernel: Kernel, kind: Kind) -> Iterator[int]:
    """The ids in use, lowest first. Since Linux 4.13, of types 4.18 (ids 5.3), of links 5.8."""
    number = 0
    while True:
        attr = IdAttr(start_id=number)
        try:
            kernel.bpf(_NEXT[kind], attr)
        except SyscallError as error:
            if error.errno != errno.ENOENT:
                raise
            return
        number = attr.next_id
        yield number


def open_by_id(kernel: Kernel, kind: Kind, number: int) -> Fd:
    """A new fd of it; raises `NotInKernel` when there is none of that id."""
    try:
        fd = kernel.bpf(_OPEN[kind], IdAttr(start_id=number))
    except SyscallError as error:
        if error.errno != errno.ENOENT:
            raise
        raise NotInKernel(f"{kind.value} of id", str(number)) from None
    return Fd(kernel, fd, kind.value, f"id {number}")


def opened(kernel: Kernel, kind: Kind) -> Iterator[Fd]:
    """Each one in turn, closed when the next is asked for; what goes away meanwhile is left out."""
    for number in ids(kernel, kind):
        try:
            fd = open_by_id(kernel, kind, number)
        except NotInKernel:
            continue
        with fd:
            yield fd


def fd_details(kernel: Kernel, fd: Fd) -> Mapping[str, str]:
    """What /proc tells of an fd: `memlock`, a map's `frozen`; the kernel version decides."""
    return _fields(kernel.read_file(f"/proc/self/fdinfo/{int(fd)}"))


def identity(kernel: Kernel, fd: Fd) -> tuple[Kind, int]:
    """Of which kind it is what the fd refers to, and its id; `NotInKernel` if it has none."""
    for found in _identities(fd_details(kernel, fd)):
        return found
    raise NotInKernel("BPF object behind", repr(fd))


def holders(kernel: Kernel) -> Mapping[tuple[Kind, int], tuple[Holder, ...]]:
    """The processes that have an fd of something, by pid. A pin, a link or a program holds things
    without any process."""
    found: dict[tuple[Kind, int], list[Holder]] = {}
    pids = sorted(int(name) for name in kernel.list_directory("/proc") if name.isdigit())
    for pid in pids:
        held = set(_held_by(kernel, pid))
        if held:
            holder = Holder(pid, _name(kernel, pid))
            for one in held:
                found.setdefault(one, []).append(holder)
    return {one: tuple(those) for one, those in found.items()}


def _held_by(kernel: Kernel, pid: int) -> Iterator[tuple[Kind, int]]:
    """What a process has fds of; nothing of one that is gone or may not be asked."""
    directory = f"/proc/{pid}/fdinfo"
    try:
        names = kernel.list_directory(directory)
    except SyscallError:
        return
    for name in names:
        try:
            text = kernel.read_file(f"{directory}/{name}")
        except SyscallError:
            continue
        if b"_id:" not in text:
            continue
        yield from _identities(_fields(text))


def _identities(fields: Mapping[str, str]) -> Iterator[tuple[Kind, int]]:
    """One at most."""
    for field, kind in _ID_FIELDS:
        if field in fields:
            yield kind, int(fields[field])
            return


def _fields(text: bytes) -> dict[str, str]:
    rows = (line.partition(":") for line in text.decode(errors="replace").splitlines())
    return {name: value.strip() for name, _, value in rows}


def _name(kernel: Kernel, pid: int) -> str:
    try:
        return kernel.read_file(f"/proc/{pid}/comm").decode(errors="replace").rstrip("\n")
    except SyscallError:
        return ""
