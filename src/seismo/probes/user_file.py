"""The files that an attach point of a user program means, and how its text falls into parts.

libc:malloc                  a library by its name, a command by $PATH, a path
"/opt/a b/x":main            quotes and backslashes keep what they surround as it is
/usr/lib/*/libc.so*:malloc   every file of that name
*:main                       every file that has code in a process (with -p: in that one)
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from seismo.base.errors import SyscallError
from seismo.elf.archive import SEPARATOR
from seismo.elf.errors import BinaryNotFound, ElfError
from seismo.probes.kind import TargetError
from seismo.probes.view import KernelView
from seismo.probes.wildcard import has_wildcard, wildcard

if TYPE_CHECKING:
    from seismo.elf.binary import Binary

__all__ = ("binaries", "one_binary", "quoted", "split_parts")

_NEEDS_QUOTES = frozenset(' \t,:"\\(){}')


def split_parts(text: str) -> tuple[str, ...]:
    """What stands between the colons of an attach point, without its quotes and backslashes.

    >>> split_parts('/bin/x:cpp:"ns::f(int)"')
    ('/bin/x', 'cpp', 'ns::f(int)')
    """
    parts, is_quoted = [""], False
    chars = iter(text)
    for char in chars:
        if char == '"':
            is_quoted = not is_quoted
        elif char == ":" and not is_quoted:
            parts.append("")
        else:
            parts[-1] += next(chars, "") if char == "\\" else char
    if is_quoted:
        raise TargetError("a quote is not closed", 'write "…" around what is to be kept as it is')
    return tuple(parts)


def quoted(part: str) -> str:
    """The part as an attach point must write it, so that `split_parts` gives it back."""
    if _NEEDS_QUOTES.isdisjoint(part):
        return part
    return '"' + part.replace("\\", "\\\\").replace('"', '\\"') + '"'


def one_binary(name: str, view: KernelView) -> Binary:
    """The file that a name without wildcards means, '' the program of -p; TargetError."""
    try:
        return view.binary(_from_here(name))
    except BinaryNotFound as error:
        if not name:
            hint = "write FILE:FUNCTION; with -p PID the file may be left out"
            raise TargetError("this attach point names no file", hint) from None
        raise TargetError(f"there is no program or library '{name}'", error.hint) from None
    except ElfError as error:
        hint = "only ELF files have code to probe; a script is run by its interpreter"
        raise TargetError(error.what, hint) from None
    except SyscallError as error:
        raise TargetError(f"{name} cannot be read: {error.strerror}", error.hint) from None


def binaries(name: str, view: KernelView) -> tuple[tuple[str, Binary], ...]:
    """The files that a name means, each with its full name; of a wildcard's those that are ELF.

    Each comes once, whatever links lead to it. TargetError where there is none.
    """
    if not has_wildcard(name):
        return (_named(name, one_binary(name, view)),)
    found: dict[tuple[int, int], tuple[str, Binary]] = {}
    for path in _candidates(name, view):
        try:
            binary = view.binary(_from_here(path))
            status = os.stat(binary.path)
        except (BinaryNotFound, ElfError, OSError):
            continue
        found.setdefault((status.st_dev, status.st_ino), _named(path, binary))
    if not found:
        hint = "'*' means the files that processes have mapped; with -p, those of that process"
        raise TargetError(f"no program or library matches '{name}'", hint)
    return tuple(found.values())


def _from_here(name: str) -> str:
    """A relative path is one from this process's folder, also in another process's root."""
    return os.path.abspath(name) if "/" in name else name


def _named(name: str, binary: Binary) -> tuple[str, Binary]:
    """The binary with its full name, which for a member of an archive goes on behind the path."""
    _, mark, member = name.partition(SEPARATOR)
    return os.path.abspath(binary.path) + mark + member, binary


def _candidates(name: str, view: KernelView) -> Iterator[str]:
    """Paths that a wildcard means: in the file system where it has a folder, else of what runs."""
    if "/" in name:
        yield from _matching(name)
        return
    pattern = wildcard(name)
    for path in view.process_binaries(0):
        if pattern.fullmatch(os.path.basename(path)):
            yield path


def _matching(path: str) -> Iterator[str]:
    """The paths that a wildcard matches, folder by folder; `*` does not match a `/`."""
    parts = path.split("/")
    found = ["/"] if path.startswith("/") else [""]
    for part in parts:
        if part:
            found = [one for folder in found for one in _inside(folder, part)]
    return iter(found)


def _inside(folder: str, part: str) -> list[str]:
    if not has_wildcard(part):
        path = os.path.join(folder, part)
        return [path] if os.path.exists(path) else []
    pattern = wildcard(part)
    try:
        names = os.listdir(folder or ".")
    except OSError:
        return []
    # As in a shell, a leading dot must be written.
    return [
        os.path.join(folder, one)
        for one in sorted(names)
        if pattern.fullmatch(one) and one.startswith(".") <= part.startswith(".")
    ]
