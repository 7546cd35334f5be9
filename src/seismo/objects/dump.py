"""The code of a program that is loaded: as the verifier left it, and as the processor runs it.

>>> for line in xlated(kernel, number).listing():
...     print(line)

Needs CAP_SYS_ADMIN, and addresses that the kernel shows (kernel.kptr_restrict, CAP_SYSLOG).
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterator, Mapping
from typing import cast

from seismo.base.bits import U32_MAX
from seismo.base.dataclass import dataclass, field, replace
from seismo.base.errors import NotSupported
from seismo.btf.ext import LINE_INFO_BYTES, LineInfo
from seismo.isa.format import format_insn
from seismo.isa.insn import REGS, Insn, Reg, slot_starts
from seismo.isa.opcode import LD_IMM64
from seismo.kernel import bpf
from seismo.kernel.btf_object import btf_bytes, open_btf
from seismo.kernel.errors import NotInKernel
from seismo.kernel.fd import Fd
from seismo.kernel.kallsyms import Kallsyms
from seismo.kernel.object_ids import Kind, open_by_id
from seismo.kernel.prog_arrays import prog_arrays
from seismo.kernel.protocol import Kernel
from seismo.objects.inventory import function_names
from seismo.objects.object_types import read_lines

__all__ = ("JitedFunction", "Xlated", "jited", "xlated")

_CALL_BASE = "__bpf_call_base"
_SLOT = struct.Struct("<BBhi" if sys.byteorder == "little" else ">BBhi")
_HIDDEN_HINT = "set the sysctl kernel.kptr_restrict to 0 or 1 and run with CAP_SYSLOG"


class _HiddenReg(int):
    """A register that only the verifier may use: r11, in what it puts in itself."""

    def __str__(self) -> str:
        return f"r{int(self)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Xlated:
    """The instructions as the kernel has them after verification, calls and loads resolved.

    Of a map load `imm` is the map's id (its upper half the offset in the value), of a call within
    the program the distance. By index of the instruction: `maps` are names of the maps that are
    loaded, `calls` the functions of the kernel that are called. By slot: `functions`, `lines`.
    """

    insns: tuple[Insn, ...]
    maps: Mapping[int, str] = field(default_factory=dict)
    calls: Mapping[int, str] = field(default_factory=dict)
    functions: Mapping[int, str] = field(default_factory=dict)
    lines: tuple[LineInfo, ...] = ()

    def listing(self) -> Iterator[str]:
        """Lines of text: a function's name before it, each source line once in a row."""
        sources = {one.instruction: _source(one) for one in self.lines if one.line}
        shown = ""
        starts = slot_starts(self.insns)
        for index, (insn, slot) in enumerate(zip(self.insns, starts, strict=False)):
            if slot in self.functions:
                yield f"{self.functions[slot]}:"
            if sources.get(slot, shown) != shown:
                shown = sources[slot]
                yield shown
            yield f"{slot:4}: ({insn.op:02x}) {self._text(index, slot)}"

    def _text(self, index: int, slot: int) -> str:
        insn = self.insns[index]
        if index in self.calls:
            return f"call {self.calls[index]}#{insn.imm}"
        if index in self.maps:
            return f"{insn} <{self.maps[index]}>".replace("map[fd:", "map[id:")
        if insn.is_subprog_call and (name := self.functions.get(insn.target(slot))):
            return f"{insn} <{name}>"
        return format_insn(insn)


@dataclass(frozen=True, slots=True)
class JitedFunction:
    """A function of a program as machine code, which begins at `address` of the kernel."""

    name: str
    address: int
    code: bytes = field(repr=False)


def xlated(kernel: Kernel, number: int) -> Xlated:
    """The instructions of the program of that id. Raises `NotInKernel`; `NotSupported` where the
    kernel keeps them to itself. Since Linux 4.13, source lines since 5.0."""
    with open_by_id(kernel, Kind.PROGRAM, number) as fd:
        arrays = prog_arrays(kernel, int(fd), "xlated", "line_info")
        if not arrays["xlated"]:
            raise _hidden(number)
        insns = tuple([_with_distance(one) for one in _read(arrays["xlated"][0])])
        functions = dict(function_names(kernel, fd))
        lines = _lines(kernel, fd, arrays["line_info"])
    return Xlated(
        insns=insns,
        maps=_map_names(kernel, insns),
        calls=_call_names(kernel, insns),
        functions=functions,
        lines=lines,
    )


def jited(kernel: Kernel, number: int) -> tuple[JitedFunction, ...]:
    """The machine code of the program of that id, function by function.

    Raises `NotInKernel`; `NotSupported` where the kernel has none or keeps it to itself. Since
    Linux 4.18.
    """
    with open_by_id(kernel, Kind.PROGRAM, number) as fd:
        names = [name for _, name in function_names(kernel, fd)]
        info = bpf.prog_info(kernel, int(fd))
        arrays = prog_arrays(kernel, int(fd), "jited", "jited_ksyms", "jited_func_lens")
    if not arrays["jited"]:
        raise _hidden(number)
    code, at = arrays["jited"][0], 0
    addresses = [int.from_bytes(one, sys.byteorder) for one in arrays["jited_ksyms"]]
    sizes = [int.from_bytes(one, sys.byteorder) for one in arrays["jited_func_lens"]]
    if not names:
        tag = bytes(info.tag).hex()
        names = [f"bpf_prog_{tag}_{info.name.decode(errors='replace')}"] * len(sizes)
    found: list[JitedFunction] = []
    for name, address, size in zip(names, addresses, sizes, strict=False):
        found.append(JitedFunction(name, address, code[at : at + size]))
        at += size
    return tuple(found)


def _source(line: LineInfo) -> str:
    return f"; {line.text.strip()} @ {line.file}:{line.line}"


def _hidden(number: int) -> NotSupported:
    return NotSupported(
        f"the code of program {number}", "the kernel does not show it", _HIDDEN_HINT
    )


def _read(data: bytes) -> Iterator[Insn]:
    """Instructions without the decoder's strictness: the verifier puts in what no program may have,
    and each kernel something else."""
    slots = _SLOT.iter_unpack(data)
    for op, registers, off, imm in slots:
        low, high = registers & 0xF, registers >> 4
        dst, src = (low, high) if sys.byteorder == "little" else (high, low)
        if op == LD_IMM64:
            *_, upper = next(slots)
            imm = (upper & U32_MAX) << 32 | imm & U32_MAX
        yield Insn(op, _reg(dst), _reg(src), off, imm)


def _reg(number: int) -> Reg:
    return REGS[number] if number < len(REGS) else cast(Reg, _HiddenReg(number))


def _with_distance(insn: Insn) -> Insn:
    """A compiled program's call within it has the distance in `off`, and in `imm` which function
    it is (`jit_subprogs` of kernel/bpf/verifier.c)."""
    return replace(insn, off=0, imm=insn.off) if insn.is_subprog_call and insn.off else insn


def _lines(kernel: Kernel, fd: Fd, rows: list[bytes]) -> tuple[LineInfo, ...]:
    if not rows:
        return ()
    with open_btf(kernel, bpf.prog_info(kernel, int(fd)).btf_id) as types:
        blob = btf_bytes(kernel, types)
    return read_lines(b"".join([row[:LINE_INFO_BYTES] for row in rows]), blob)


def _map_names(kernel: Kernel, insns: tuple[Insn, ...]) -> Mapping[int, str]:
    """Names by instruction; a map that is gone for others has none, for it lives in this one."""
    found: dict[int, str] = {}
    names: dict[int, str] = {}
    for index, insn in enumerate(insns):
        if not insn.is_map_load:
            continue
        number = insn.imm & U32_MAX
        if number not in names:
            with open_by_id(kernel, Kind.MAP, number) as fd:
                names[number] = bpf.map_info(kernel, int(fd)).name.decode(errors="replace")
        found[index] = names[number]
    return found


def _call_names(kernel: Kernel, insns: tuple[Insn, ...]) -> Mapping[int, str]:
    """The functions that are called, by their distance from where the kernel counts from."""
    calls = [index for index, insn in enumerate(insns) if insn.is_helper_call or insn.is_kfunc_call]
    if not calls:
        return {}
    symbols = Kallsyms.read(kernel)
    try:
        base = symbols.address(_CALL_BASE)
    except (NotInKernel, NotSupported):
        return {}
    found: dict[int, str] = {}
    for index in calls:
        try:
            place = symbols.at(base + insns[index].imm)
        except NotInKernel:
            continue
        if not place.offset:
            found[index] = place.symbol.name
    return found
