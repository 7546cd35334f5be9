"""`Facts`: a kernel of a few types and symbols, and what tests of linking share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from object_builder import ObjectBuilder

from seismo.base.dataclass import dataclass, field
from seismo.base.errors import BpfError, NotSupported
from seismo.btf.spec import Btf
from seismo.btf.types import (
    Array,
    Enum,
    Func,
    FuncLinkage,
    FuncProto,
    Int,
    IntEncoding,
    Param,
    Ptr,
    Struct,
    Type,
    Var,
    VarLinkage,
)
from seismo.btf.write import StringTable, write
from seismo.isa.insn import REGS, Insn
from seismo.isa.opcode import LD_IMM64
from seismo.objfile.link import link
from seismo.objfile.model import ObjectFile
from seismo.objfile.read import read_object
from seismo.spec.types import ObjectSpec

__all__ = (
    "BOOL",
    "CALL",
    "CHAR",
    "EXIT",
    "INT",
    "KERNEL",
    "LOAD",
    "LONG",
    "MOV",
    "OTHER_PROTO",
    "PROTO",
    "TEXT",
    "TRISTATE",
    "TYPES",
    "Facts",
    "linked",
    "read",
)

MOV, EXIT = Insn(0xB7, REGS[0], REGS[0], 0, 1), Insn(0x95, REGS[0], REGS[0])
LOAD = Insn(LD_IMM64, REGS[1], REGS[0])
CALL = Insn(0x85, REGS[0], REGS[1], 0, -1)
KERNEL: tuple[Type, ...] = (
    Int("int", 4, IntEncoding.SIGNED),
    Struct("thing", 8),
    Ptr(2),
    FuncProto(1, (Param("one", 3),)),
    Func("bpf_take", 4, FuncLinkage.GLOBAL),
    Var("a_variable", 1, VarLinkage.GLOBAL),
)
_MODULE: tuple[Type, ...] = (Func("bpf_lend", 4, FuncLinkage.GLOBAL),)


class NoSymbol(BpfError):
    """What facts raise for a symbol that there is not."""


@dataclass(frozen=True, slots=True)
class Facts:
    """The answers of one kernel."""

    options: Mapping[str, str] = field(default_factory=dict)
    features: frozenset[str] = frozenset()

    def btf(self) -> Btf:
        return Btf(write(KERNEL))

    def own_btf(self) -> Btf:
        return self.btf()

    def modules(self) -> Iterator[tuple[str, Btf]]:
        base = self.btf()
        strings = StringTable(base.string_bytes)
        yield "lender", Btf(write(_MODULE, strings), base)

    def symbol(self, name: str) -> int:
        if name == "twice":
            raise NotSupported("kernel symbol twice", "it is at 2 addresses")
        if name != "a_symbol":
            raise NoSymbol(name)
        return 0xFFFF_FFFF_8100_0000

    def config(self) -> Mapping[str, str]:
        return self.options

    def version(self) -> int:
        return 0x060105

    def possible_cpus(self) -> int:
        return 6

    def machine(self) -> str:
        return "x86_64"

    def has(self, feature: str) -> bool:
        return feature in self.features


def read(builder: ObjectBuilder) -> ObjectFile:
    return read_object(builder.bytes(), "test.o")


def linked(builder: ObjectBuilder, facts: Facts | None = None) -> ObjectSpec:
    return link(read(builder), facts or Facts())


INT, BOOL, CHAR, TEXT, TRISTATE, LONG, PROTO, OTHER_PROTO = 1, 2, 3, 4, 5, 6, 9, 10
TYPES: list[Type] = [
    Int("int", 4, IntEncoding.SIGNED),
    Int("_Bool", 1, IntEncoding.BOOL),
    Int("char", 1, IntEncoding.SIGNED),
    Array(CHAR, INT, 5),
    Enum("libbpf_tristate", 4),
    Int("long", 8),
    Struct("thing", 4),
    Ptr(7),
    FuncProto(INT, (Param("", 8),)),
    FuncProto(INT, ()),
]
