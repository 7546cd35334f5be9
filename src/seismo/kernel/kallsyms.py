"""`Kallsyms`: the kernel's symbols, name to address and address to name.

>>> symbols = Kallsyms.read(kernel)
>>> str(symbols.at(symbols.address("vfs_read") + 16))
'vfs_read+0x10'

A kernel has some 100,000 symbols: their lines are put in order on the first look-up by address, and
parsed one by one where one is asked for.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from operator import itemgetter
from typing import Self

from seismo.base.dataclass import dataclass
from seismo.base.diagnostics import did_you_mean
from seismo.base.errors import NotSupported
from seismo.kernel.errors import NotInKernel
from seismo.kernel.protocol import Kernel

__all__ = ("Kallsyms", "Place", "Symbol")

_PATH = "/proc/kallsyms"
_ADDRESS_DIGITS = 16
_ZERO = b"0" * _ADDRESS_DIGITS
# A mistyped name is compared with the symbols that have a half of it, not with all of them; a half
# is so many letters at least.
_NEAR_LETTERS = 4
_LARGEST_BYTES = 1 << 20
"""No function is longer: what lies further behind a symbol is in a hole, such as that between the
kernel's code and the modules, or code that has no name."""


@dataclass(frozen=True, slots=True)
class Symbol:
    """One line of /proc/kallsyms: `type` is nm's letter, `module` is '' for the kernel proper."""

    name: str
    address: int
    type: str
    module: str


@dataclass(frozen=True, slots=True)
class Place:
    """An address as a symbol and the bytes past its start."""

    symbol: Symbol
    offset: int

    def __str__(self) -> str:
        return f"{self.symbol.name}+{self.offset:#x}" if self.offset else self.symbol.name


class Kallsyms:
    """The symbols of one moment; modules and BPF programs come and go after it."""

    def __init__(self, text: bytes) -> None:
        self._text = text
        self._lines: list[bytes] = []

    @classmethod
    def read(cls, kernel: Kernel) -> Self:
        return cls(kernel.read_file(_PATH))

    def symbols(self, name: str) -> tuple[Symbol, ...]:
        """Every symbol of that name: static functions may share one. Raises `NotInKernel`."""
        found: list[Symbol] = []
        wanted = f" {name}".encode()
        at = self._text.find(wanted)
        while at >= 0:
            if self._text[at + len(wanted) : at + len(wanted) + 1] in (b"\n", b"\t", b""):
                start = self._text.rfind(b"\n", 0, at) + 1
                end = self._text.find(b"\n", at)
                found.append(_parse(self._text[start : end if end >= 0 else None]))
            at = self._text.find(wanted, at + 1)
        if not found:
            raise NotInKernel("symbol", name, self._near(name))
        return tuple(found)

    def address(self, name: str) -> int:
        """The address of the first symbol of that name.

        Raises `NotInKernel`, and `NotSupported` where the kernel hides addresses.
        """
        first = self.symbols(name)[0]
        if first.address == 0:
            self._refuse_hidden()
        return first.address

    def at(self, address: int) -> Place:
        """The last symbol at or before `address`; of several at one address the kernel's first.

        Raises `NotInKernel` below the first symbol and 1 MiB behind one, `NotSupported` where
        addresses are hidden.
        """
        self._order()
        digits = b"%016x" % address
        index = bisect_right(self._lines, digits, key=_address_digits) - 1
        if index < 0:
            raise NotInKernel("symbol at", f"{address:#x}")
        start = _address_digits(self._lines[index])
        symbol = _parse(self._lines[bisect_left(self._lines, start, key=_address_digits)])
        offset = address - symbol.address
        if offset >= _LARGEST_BYTES:
            raise NotInKernel("symbol at", f"{address:#x}")
        return Place(symbol, offset)

    @property
    def modules(self) -> tuple[str, ...]:
        """The modules that have symbols, sorted; `bpf` stands for the loaded BPF programs."""
        names = {line.rpartition(b"[")[2] for line in self._text.splitlines() if b"[" in line}
        return tuple(sorted(name.rstrip(b"]").decode() for name in names))

    @property
    def are_hidden(self) -> bool:
        """Whether all addresses read as zero: kernel.kptr_restrict, or no CAP_SYSLOG."""
        return all(line.startswith(_ZERO) for line in self._text.splitlines())

    def _order(self) -> None:
        """Order the lines by address; those of one address stay in the kernel's order."""
        if self._lines:
            return
        lines = self._text.splitlines()
        if all(line.startswith(_ZERO) for line in lines):
            self._refuse_hidden()
        self._lines = sorted(lines, key=_address_digits)

    def _refuse_hidden(self) -> None:
        raise NotSupported(
            "kernel symbol addresses",
            f"{_PATH} shows zeros",
            "set the sysctl kernel.kptr_restrict to 0 or 1 and run with CAP_SYSLOG",
        )

    def _near(self, name: str) -> str:
        half = max(_NEAR_LETTERS, len(name) // 2)
        parts = f" {name[:half]}", f"{name[-half:]}\n", f"{name[-half:]}\t"
        return did_you_mean(name, {one for part in parts for one in self._with(part)})

    def _with(self, part: str) -> Iterator[str]:
        """The names in whose lines `part` is."""
        wanted = part.encode()
        at = self._text.find(wanted)
        while at >= 0:
            start = self._text.rfind(b"\n", 0, at) + 1
            end = self._text.find(b"\n", start)
            yield _parse(self._text[start : end if end >= 0 else None]).name
            at = self._text.find(wanted, end) if end >= 0 else -1


_address_digits = itemgetter(slice(_ADDRESS_DIGITS))
"""Of a line; hex of fixed width, all lower-case, sorts as the number does."""


def _parse(line: bytes) -> Symbol:
    """`ffffffff81000000 T name\\t[module]`; the module is only there for a module's symbol."""
    fields = line.decode().split()
    module = fields[3].strip("[]") if len(fields) > 3 else ""
    return Symbol(fields[2], int(fields[0], 16), fields[1], module)
