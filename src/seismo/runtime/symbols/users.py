"""`UserSymbols`: the names of addresses in processes, also in those that have ended."""

from __future__ import annotations

import time
from collections.abc import Sequence

from seismo.base.errors import SyscallError
from seismo.elf.frame_table import UnwindTable
from seismo.events.stack import Frame, StackSample
from seismo.kernel.protocol import Kernel
from seismo.objects.sideband import Sideband
from seismo.runtime.symbols.files import Files
from seismo.runtime.symbols.generated import PerfMaps, Vdso, perf_map_path
from seismo.runtime.symbols.mappings import UNMAPPED, AddressSpace, Mapping
from seismo.runtime.symbols.processes import Process, Processes
from seismo.runtime.symbols.samples import ThreadState

__all__ = ("UserSymbols",)

_AGAIN_NS = 1_000_000_000
"""How long what /proc/PID/maps said is believed where the side band does not tell of changes."""


class UserSymbols:
    """Follows processes from now on: all of them, or `pid` and what it forks.

    `trouble` says why the side band cannot be read, if so: then only processes that were there when
    this began, or are when they are asked for, have symbols.
    """

    def __init__(self, kernel: Kernel, *, pid: int = 0, demangles: bool = True) -> None:
        self.trouble = ""
        self._sidebands: tuple[Sideband, ...] = ()
        try:
            self._sidebands = (Sideband(kernel),)
        except SyscallError as error:
            self.trouble = str(error)
        self._files = Files(demangles=demangles)
        self._vdso, self._perf_maps = Vdso(), PerfMaps()
        self._looked: dict[int, int] = {}
        self._processes = Processes(kernel, self._files.sight, pid)

    @property
    def fds(self) -> tuple[int, ...]:
        """What poll waits for: it is time to `drain`."""
        return tuple([fd for one in self._sidebands for fd in one.fds])

    @property
    def lost(self) -> int:
        """How many records of the side band found no room."""
        return sum([one.lost for one in self._sidebands])

    def drain(self) -> None:
        """Learn what has happened up to now."""
        for one in self._sidebands:
            one.drain(self._processes.apply)

    def frames(self, addresses: Sequence[int], pid: int) -> list[Frame]:
        """The frames of a stack: where it is, and the addresses that its calls return to.

        A call may be the last thing that a function does, so the function that called is looked up
        by the byte before.
        """
        process, image = self._image(addresses, pid)
        return [
            self._frame(process, image, pid, address, is_caller=index > 0)
            for index, address in enumerate(addresses)
        ]

    def sampled_frames(self, sample: StackSample) -> list[Frame]:
        """The frames of the stack that a sample is of, by what the mapped files tell of them; as
        many as that and the sample's bytes suffice for."""
        pid, state = sample.pid, ThreadState(sample)
        _, image = self._image((state.pc,), pid)
        return self.frames(state.unwind(lambda one: self._table(pid, image, one)), pid)

    def symbol(self, address: int, pid: int) -> Frame:
        """What an address is."""
        process, image = self._image((address,), pid)
        return self._frame(process, image, pid, address, is_caller=False)

    def close(self) -> None:
        """Let go of the side band."""
        for one in self._sidebands:
            one.close()

    def _image(self, addresses: Sequence[int], pid: int) -> tuple[Process, AddressSpace]:
        self.drain()
        process = self._processes.find(pid)
        image = process.image_of(addresses)
        if self._is_blind and any(image.at(address) is UNMAPPED for address in addresses):
            now = time.monotonic_ns()
            if now - self._looked.get(pid, process.since_ns) > _AGAIN_NS:
                self._looked[pid] = now
                process = self._processes.look_again(pid)
                image = process.image_of(addresses)
        return process, image

    @property
    def _is_blind(self) -> bool:
        """Whether mappings may have been missed."""
        return self.lost > 0 or not self._sidebands

    def _frame(
        self, process: Process, image: AddressSpace, pid: int, address: int, *, is_caller: bool
    ) -> Frame:
        key = image, address, is_caller
        if key not in process.frames:
            mapping = image.at(address)
            frame = self._look_up(pid, mapping, address, before=int(is_caller))
            if not (frame.name or mapping is UNMAPPED) and not mapping.file.inode:
                return frame  # a compiler may tell of it later
            process.frames[key] = frame
        return process.frames[key]

    def _look_up(self, pid: int, mapping: Mapping, address: int, *, before: int) -> Frame:
        """The frame of the byte `before` the address, or where that has no name of the address:
        the handler of a signal returns to the start of a function."""
        if mapping is UNMAPPED:
            return Frame(address)
        for back in range(before, -1, -1):
            name, offset, module = self._find(pid, mapping, address - back)
            if name:
                return Frame(address, name, offset + back, module)
        return Frame(address, module=mapping.file.path)

    def _table(self, pid: int, image: AddressSpace, address: int) -> tuple[UnwindTable, int]:
        mapping = image.at(address)
        if mapping.file.inode:
            return self._files.table(pid, mapping, address)
        return self._vdso.table(mapping)

    def _find(self, pid: int, mapping: Mapping, address: int) -> tuple[str, int, str]:
        """(symbol, bytes past its start, module); "" for no symbol."""
        path = mapping.file.path
        if path.startswith("["):
            return *self._vdso.symbol(mapping, address), path
        if mapping.file.inode:
            name, offset = self._files.symbol(pid, mapping, address)
            if name:
                return name, offset, path
        return *self._perf_maps.symbol(pid, address), perf_map_path(pid)
