"""Programs at functions of user space by their names: one, or all that match a pattern."""

from __future__ import annotations

from seismo.elf.errors import SymbolMissing
from seismo.kernel.protocol import Kernel
from seismo.objects.attach.pattern import is_pattern, matching
from seismo.objects.attach.uprobe import attach_uprobe
from seismo.objects.attach.uprobe_multi import attach_uprobe_multi
from seismo.objects.attach.user_file import open_named
from seismo.objects.link import Link
from seismo.objects.program import Program
from seismo.spec.object_attach import NamedUprobeAttach, UprobePatternAttach
from seismo.spec.types import UprobeAttach, UprobeMultiAttach

__all__ = ("attach_named_uprobe", "attach_uprobe_pattern")


def attach_named_uprobe(program: Program, at: NamedUprobeAttach, kernel: Kernel) -> Link:
    """Run `program` at a function, inside it, or at its return.

    Raises `BinaryNotFound`, `SymbolMissing` (with a near name), `ElfError`. Since Linux 4.17.
    """
    binary = open_named(at.binary, at.pid)
    offset = at.offset
    if at.function:
        offset = binary.offset_of(at.function, at.offset)
    place = UprobeAttach(binary.path, offset, at.is_return, pid=at.pid, cookie=at.cookie)
    return attach_uprobe(program, place, kernel)


def attach_uprobe_pattern(program: Program, at: UprobePatternAttach, kernel: Kernel) -> Link:
    """Run `program` at all functions whose names match now, each once under whatever name.

    Raises what `attach_named_uprobe` raises. Since Linux 6.6.
    """
    binary = open_named(at.binary, at.pid)
    names: tuple[str, ...] = (at.pattern,)
    if is_pattern(at.pattern):
        names = matching(at.pattern, [one.name for one in binary.symbols.functions()])
        if not names:
            raise SymbolMissing(f"no function in {binary.path} matches '{at.pattern}'")
    offsets = sorted({binary.offset_of(name) for name in names})
    places = UprobeMultiAttach(binary.path, tuple(offsets), is_return=at.is_return, pid=at.pid)
    return attach_uprobe_multi(program, places, kernel)
