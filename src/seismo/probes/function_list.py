"""The kernel's lists of its functions, as text: what `functions()` of a `KernelView` reads.

    vfs_read                                available_filter_functions: those that ftrace can hook
    netfs_file_read_iter [netfs]
    ffffffff81400000 T vfs_read             kallsyms: all symbols, those of code are t, T, w and W
    ffffffffc0000000 t fill [netfs]

Both are megabytes long: one name is looked up in the text, all are only taken apart for a wildcard.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from seismo.probes.view import KernelFunction

__all__ = ("FilterList", "SymbolList", "parse_blacklist")

_TYPE_AT, _NAME_AT = 17, 19
_CODE = ("t ", "T ", "w ", "W ")
# Bytes before functions for their patching, call sites patched at run time, types for kCFI checks.
_NO_FUNCTIONS = ("__pfx_", "__pi___pfx_", "__SCT__", "__cfi_", "__ftrace_invalid_address__", ".")
_NO_MODULES = ("bpf", "__builtin__ftrace", "__builtin__kprobes")


class FilterList:
    """The lines of tracefs' `available_filter_functions`."""

    def __init__(self, text: bytes) -> None:
        self._text = b"\n" + text

    @property
    def is_empty(self) -> bool:
        return len(self._text) == 1

    def find(self, name: str) -> tuple[KernelFunction, ...]:
        """The functions of that name, one for each line."""
        places = _places(self._text, b"\n", name)
        return tuple([_traceable(self._text[start:stop].decode()) for start, stop in places])

    def all(self) -> tuple[KernelFunction, ...]:
        """The functions of which a name and a module mean one, sorted."""
        lines = self._text.decode().split("\n")
        found = _once([line for line in lines if line and not line.startswith(_NO_FUNCTIONS)])
        return tuple([_traceable(line) for line in found])


class SymbolList:
    """The functions among the lines of /proc/kallsyms."""

    def __init__(self, text: bytes) -> None:
        self._text = text

    def find(self, name: str) -> tuple[KernelFunction, ...]:
        """The functions of that name, one for each symbol."""
        found = []
        for start, stop in _places(self._text, b" ", name):
            if self._text[start - 2 : start].decode() in _CODE:
                found.append(KernelFunction(*_split(self._text[start:stop].decode())))
        return tuple([one for one in found if one.module not in _NO_MODULES])

    def all(self, traceable: frozenset[str], hidden: frozenset[str]) -> tuple[KernelFunction, ...]:
        """The functions of which a name and a module mean one, sorted, without the `hidden`; those
        of the kernel proper among `traceable` are so."""
        lines = self._text.decode().split("\n")
        code = [line[_NAME_AT:] for line in lines if line[_TYPE_AT:_NAME_AT] in _CODE]
        named = [one for one in code if not one.startswith(_NO_FUNCTIONS) and ".cold" not in one]
        found = [_split(one) for one in _once(named)]
        return tuple(
            [
                KernelFunction(name, module, not module and name in traceable)
                for name, module in found
                if module not in _NO_MODULES and name not in hidden
            ]
        )


def _split(tail: str) -> tuple[str, str]:
    """`name` or `name\t[module]`."""
    name, _, module = tail.partition("\t")
    return name, module[1:-1]


def _once(lines: list[str]) -> list[str]:
    """Those that are there once alone, sorted."""
    counts = Counter(lines)
    return sorted([line for line, count in counts.items() if count == 1])


def _places(text: bytes, before: bytes, name: str) -> Iterator[tuple[int, int]]:
    """(start of `name`, end of its line), wherever it stands whole behind `before`."""
    wanted = before + name.encode()
    at = text.find(wanted)
    while at >= 0:
        end = at + len(wanted)
        if text[end : end + 1] in (b"\n", b"\t", b" ", b""):
            stop = text.find(b"\n", end)
            yield at + len(before), stop if stop >= 0 else len(text)
        at = text.find(wanted, end)


def _traceable(line: str) -> KernelFunction:
    """`name` or `name [module]`."""
    name, _, module = line.partition(" ")
    return KernelFunction(name, module[1:-1], is_traceable=True)


def parse_blacklist(text: str) -> frozenset[str]:
    """The names in debugfs' `kprobes/blacklist`: lines of an address range, a tab and a name."""
    return frozenset([line.rpartition("\t")[2] for line in text.splitlines() if line])
