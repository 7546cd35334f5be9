"""Names of addresses, the kernel's and those of processes, as BCC prints them.

Processes are followed from the first question on, so the symbols of one that has ended since are
known.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Any

from seismo.base.closing import Closing
from seismo.base.errors import BpfError, NotSupported
from seismo.elf.binary import Binary
from seismo.elf.demangle import demangle
from seismo.elf.open import open_binary
from seismo.events.stack import Frame
from seismo.kernel.errors import NotInKernel
from seismo.kernel.kallsyms import Kallsyms
from seismo.kernel.protocol import Kernel
from seismo.runtime.symbols.users import UserSymbols

__all__ = ("SymbolCache",)

_UNKNOWN = b"[unknown]"
_KERNEL = "kernel"
_FIRST_OF_KERNEL = 1 << 63
_BUILD_ID_BYTES = 20
"""Of a kernel's `struct bpf_stack_build_id`; shorter ones have zeros behind them."""


class SymbolCache(Closing):
    """Of one kernel and its processes; what is read is kept, until `close`."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._kallsyms: Kallsyms | None = None
        self._users: dict[bool, UserSymbols] = {}
        self._builds: dict[bytes, Binary] = {}

    def add_file(self, path: str) -> None:
        """Have names for the code of this file where it is known by its build id alone.

        Raises `BinaryNotFound`, `SyscallError`, `ElfError`.
        """
        binary = open_binary(path)
        self._builds[binary.file.build_id.ljust(_BUILD_ID_BYTES, b"\0")] = binary

    def built(
        self,
        place: Any,
        *,
        with_module: bool = False,
        with_offset: bool = False,
        demangles: bool = True,
    ) -> bytes:
        """The symbol at a `struct bpf_stack_build_id`, `[unknown]` unless `add_file` had its file.

        Since Linux 4.17.
        """
        frame = Frame(0)
        if binary := self._builds.get(bytes(place.build_id)):
            try:
                symbol, offset = binary.symbols.at(binary.address_of(place.offset))
            except BpfError:
                pass
            else:
                name = demangle(symbol.name) if demangles else symbol.name
                frame = Frame(0, name, offset, binary.path)
        return _shown(frame, with_module=with_module, with_offset=with_offset)

    def user(
        self,
        address: int,
        pid: int,
        *,
        with_module: bool = False,
        with_offset: bool = False,
        demangles: bool = True,
    ) -> bytes:
        """The symbol at an address of a process, `[unknown]` if there is none: `main+0x1c [a.out]`.

        The module is the file's name without its directory.
        """
        frame = self._user_symbols(demangles=demangles).symbol(address, pid)
        return _shown(frame, with_module=with_module, with_offset=with_offset)

    def kernel(
        self, address: int, *, with_module: bool = False, with_offset: bool = False
    ) -> bytes:
        """The symbol at an address of the kernel; its module, or `kernel`, without brackets where
        that is not asked for: `vfs_read+0x10 [kernel]`."""
        frame = Frame(address)
        # The kernel's list has the variables of each CPU, too, by their offsets from 0 on.
        if address >= _FIRST_OF_KERNEL:
            with suppress(NotInKernel, NotSupported):
                place = self.symbols.at(address)
                symbol = place.symbol
                frame = Frame(address, symbol.name, place.offset, symbol.module or _KERNEL)
        return _shown(frame, with_module=with_module, with_offset=with_offset)

    @property
    def symbols(self) -> Kallsyms:
        """The kernel's, as they were when they were first asked for."""
        if self._kallsyms is None:
            self._kallsyms = Kallsyms.read(self._kernel)
        return self._kallsyms

    def close(self) -> None:
        """Follow processes no more."""
        while self._users:
            self._users.popitem()[1].close()

    def _user_symbols(self, *, demangles: bool) -> UserSymbols:
        if demangles not in self._users:
            self._users[demangles] = UserSymbols(self._kernel, demangles=demangles)
        return self._users[demangles]


def _shown(frame: Frame, *, with_module: bool, with_offset: bool) -> bytes:
    text = os.fsencode(frame.name) or _UNKNOWN
    if with_offset and frame.name:
        text += b"+0x%x" % frame.offset
    if with_module and frame.module:
        text += b" [%s]" % os.fsencode(os.path.basename(frame.module))
    return text
