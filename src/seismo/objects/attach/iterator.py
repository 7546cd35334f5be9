"""Programs that go over the kernel's objects, each run read like a file."""

from __future__ import annotations

import errno
from collections.abc import Iterator

from seismo.base.errors import SyscallError
from seismo.kernel.bpf import obj_pin
from seismo.kernel.fd import Fd
from seismo.kernel.link import iter_create, link_create_iter
from seismo.kernel.protocol import Kernel
from seismo.objects.attach.refusal import ITERATOR, PIN, refusals_at
from seismo.objects.link import Link
from seismo.objects.program import Program
from seismo.objects.target_name import describe_target
from seismo.spec.types import IterAttach

__all__ = ("IterLink", "attach_iterator")

_BPFFS = "/sys/fs/bpf"
_READ_BYTES = 1 << 16


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


def attach_iterator(program: Program, at: IterAttach, kernel: Kernel) -> IterLink:
    """Make `program` readable; with `at.pin`, for everybody and for ever, as a file of bpffs.

    A relative `at.pin` is below /sys/fs/bpf. Since Linux 5.8.
    """
    place = describe_target(program.spec)
    with refusals_at(place, ITERATOR):
        fd = Fd(kernel, link_create_iter(kernel, int(program.fd)), "link", place)
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
