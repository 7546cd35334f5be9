"""Programs that go over the kernel's objects, each run read like a file."""

from __future__ import annotations

import errno
import struct
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Final

from seismo.base.errors import SyscallError
from seismo.kernel.bpf import obj_pin
from seismo.kernel.cgroups import find_cgroup, open_cgroup
from seismo.kernel.fd import Fd
from seismo.kernel.link import iter_create, link_create_iter
from seismo.kernel.protocol import Kernel
from seismo.objects.attach.refusal import ITERATOR, PIN, Reasons, refusals_at
from seismo.objects.errors import BadSpec
from seismo.objects.link import Link
from seismo.objects.program import Program
from seismo.objects.target_name import describe_target
from seismo.spec.object_attach import IterPartsAttach
from seismo.spec.types import IterAttach

__all__ = ("IterLink", "attach_iterator")

_BPFFS = "/sys/fs/bpf"
_READ_BYTES = 1 << 16
# enum bpf_cgroup_iter_order
_ORDERS: Final = {"self": 1, "descendants_pre": 2, "descendants_post": 3, "ancestors_up": 4}
_PARTS: Final[Reasons] = {
    errno.EBADF: ("the descriptor is no map, or the iterator goes over something else", ""),
    errno.EINVAL: (
        "the iterator does not go over the parts of that",
        "maps take Linux 5.8 and an iterator of that type of map, cgroups and tasks Linux 6.1",
    ),
    errno.ESRCH: ("there is no such process", ""),
}


class IterLink(Link):
    """An iterator at hand: `read()` runs it, as often as is wanted."""

    def __init__(self, kernel: Kernel, fd: Fd) -> None:
        super().__init__((fd,))
        self._kernel = kernel

    def read(self, size: int = _READ_BYTES) -> Iterator[bytes]:
        """Go over all objects once: what the program writes, in pieces of `size` bytes at most.

        Raises `SyscallError`.
        """
        number = iter_create(self._kernel, int(self.attached[0]))
        with Fd(self._kernel, number, "iterator") as fd:
            while piece := self._next(int(fd), size):
                yield piece

    def _next(self, number: int, size: int) -> bytes:
        while True:
            try:
                return self._kernel.read(number, size)
            except SyscallError as error:
                # A million objects without a word, after which the kernel takes a breath.
                if error.errno != errno.EAGAIN:
                    raise


def attach_iterator(program: Program, at: IterAttach | IterPartsAttach, kernel: Kernel) -> IterLink:
    """Make `program` readable; with `at.pin`, for everybody and for ever, as a file of bpffs.

    A relative `at.pin` is below /sys/fs/bpf. Since Linux 5.8. The parts of one object: `BadSpec`
    for an order that is none, `CgroupError` for a cgroup that is not there.
    """
    place = describe_target(program.spec)
    reasons, parts_of = ITERATOR, b""
    with ExitStack() as opened:
        if isinstance(at, IterPartsAttach):
            reasons, parts_of = _PARTS, _parts_of(at, kernel, opened)
        with refusals_at(place, reasons):
            number = link_create_iter(kernel, int(program.fd), parts_of)
    fd = Fd(kernel, number, "link", place)
    link = IterLink(kernel, fd)
    if at.pin:
        path = at.pin if at.pin.startswith("/") else f"{_BPFFS}/{at.pin}"
        try:
            with refusals_at(f"{place} pinned as {path}", PIN):
                obj_pin(kernel, int(fd), path)
        except SyscallError:
            link.close()
            raise
    return link


def _parts_of(at: IterPartsAttach, kernel: Kernel, opened: ExitStack) -> bytes:
    """A `union bpf_iter_link_info`: `map`, `cgroup` or `task`."""
    if at.map >= 0:
        return struct.pack("=I", at.map)
    if not at.cgroup:
        return struct.pack("=III", at.tid, at.pid, 0)
    if at.order not in _ORDERS:
        hint = f"it is one of {', '.join(_ORDERS)}"
        raise BadSpec(f"iterator of {at.cgroup}", f"no order '{at.order}'", hint)
    cgroup = opened.enter_context(open_cgroup(kernel, find_cgroup(kernel, at.cgroup)))
    return struct.pack("=IIQ", _ORDERS[at.order], int(cgroup), 0)
