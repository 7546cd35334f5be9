"""`Binary`: a program or library as probes and stacks want it; `open_binary` makes one.

>>> libc = open_binary("/lib/x86_64-linux-gnu/libc.so.6")
>>> hex(libc.offset_of("malloc", plus=4))
'0x98934'
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from seismo.base.dataclass import replace
from seismo.elf.errors import SymbolMissing
from seismo.elf.file import ElfFile, ElfKind
from seismo.elf.symbols import Symbols
from seismo.elf.usdt import UsdtProbe, read_usdt

__all__ = ("Binary",)


class Binary:
    """An object file that can be mapped to run.

    `path` is where the kernel finds the file, or the archive with the file in it, whose bytes begin
    at `base_offset` there. All offsets are from the beginning of what `path` names.
    """

    def __init__(
        self,
        path: str,
        file: ElfFile,
        debug_file: Callable[[], tuple[ElfFile, ...]],
        base_offset: int = 0,
    ) -> None:
        self.path = path
        self.file = file
        self.base_offset = base_offset
        self.symbols = Symbols(file, debug_file)

    def __repr__(self) -> str:
        return f"Binary({self.path!r})"

    @property
    def is_fixed(self) -> bool:
        """Whether it is always loaded where its addresses say (ET_EXEC, not PIE)."""
        return self.file.kind is ElfKind.EXEC

    @cached_property
    def usdt(self) -> tuple[UsdtProbe, ...]:
        """The sites of its static probes; `ElfError` for a malformed note."""
        found = read_usdt(self.file)
        return tuple([self._moved(one) for one in found]) if self.base_offset else found

    def _moved(self, probe: UsdtProbe) -> UsdtProbe:
        semaphore = probe.semaphore_offset
        return replace(
            probe,
            offset=probe.offset + self.base_offset,
            semaphore_offset=semaphore + self.base_offset if semaphore else 0,
        )

    def offset_of(self, name: str, plus: int = 0) -> int:
        """Where in the file the function `name` begins, or the instruction `plus` bytes into it.

        `SymbolMissing` if it has no such function, or that is shorter; `ElfError` if the function
        has no bytes in the file.
        """
        symbol = self.symbols.find(name)
        if not symbol.is_function:
            raise SymbolMissing(f"'{name}' in {self.path} is data, not a function")
        if plus < 0 or (symbol.size and plus >= symbol.size):
            hint = f"it has {symbol.size} bytes"
            raise SymbolMissing(f"'{name}+{plus}' in {self.path} is not in the function", hint)
        return self.file_offset(symbol.address + plus)

    def file_offset(self, address: int) -> int:
        """The file offset of an address; `ElfError` if the file has no bytes for it."""
        return self.base_offset + self.file.file_offset(address)

    def address_of(self, offset: int) -> int:
        """The address of the byte at a file offset; `ElfError` if it has none."""
        return self.file.address_of(offset - self.base_offset)
