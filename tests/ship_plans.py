"""Plans to ship, and a kernel to fit them to that is told what to say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from seismo.base.dataclass import dataclass, field, replace
from seismo.base.source import Source, Span
from seismo.btf.spec import Btf
from seismo.btf.types import (
    Array,
    Enum,
    Enumerator,
    Func,
    FuncProto,
    Int,
    IntEncoding,
    Member,
    Param,
    Ptr,
    Struct,
    Type,
)
from seismo.btf.write import write
from seismo.builtin.options import LowerOptions
from seismo.compiler import compile_script
from seismo.isa.insn import Insn
from seismo.isa.parse import parse_listing
from seismo.isa.prog_types import ProgType
from seismo.plan import Plan
from seismo.probes.view import SymbolNotFound
from seismo.ship.model import Manifest, RunFacts
from seismo.spec.relocations import Relocation
from seismo.spec.types import ObjectSpec, ProgramSpec
from seismo.views import RecordedView

__all__ = (
    "RUN", "TYPES", "VIEW", "Facts", "assert_same", "btf_of", "manifest", "one_program", "plan_of",
)  # fmt: skip

VIEW = RecordedView(Path(__file__).parent / "recorded" / "6.18")
RUN = RunFacts(
    possible_cpus=4, started_ns=1 << 40, tai_offset_ns=37 << 30, command_pid=77,
    pid_namespace_device=4, pid_namespace_inode=0xF0000001,
)  # fmt: skip

TYPES: tuple[Type, ...] = (
    Int("int", 4, IntEncoding.SIGNED),
    Int("char", 1),
    Array(2, 1, 16),
    Struct("inner", 16, (Member("a", 1, 0), Member("b", 1, 64))),
    Struct("", 8, (Member("deep", 1, 32),)),
    Ptr(4),
    Struct(
        "task_struct",
        48,
        (
            Member("pid", 1, 0),
            Member("comm", 3, 32),
            Member("in", 4, 160),
            Member("", 5, 288),
            Member("up", 6, 320),
        ),
    ),
    Enum("color", 4, (Enumerator("RED", 3), Enumerator("BLUE", 5))),
    FuncProto(1, (Param("file", 6), Param("pair", 4), Param("count", 1))),
    Func("vfs_read", 9),
)
"""A kernel's types; the struct passed by value takes two words of a context."""


def btf_of(types: Sequence[Type]) -> Btf:
    """The types as a BTF."""
    return Btf.from_bytes(write(types))


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """A kernel, as `KernelFacts` has it."""

    types: Btf
    symbols: Mapping[str, int] = field(default_factory=dict)
    architecture: str = "x86_64"

    def btf(self) -> Btf:
        return self.types

    def own_btf(self) -> Btf:
        return self.btf()

    def modules(self) -> Iterator[tuple[str, Btf]]:
        yield from ()

    def symbol(self, name: str) -> int:
        if name not in self.symbols:
            raise SymbolNotFound(name)
        return self.symbols[name]

    def config(self) -> Mapping[str, str]:
        return {}

    def version(self) -> int:
        return 0x060100

    def possible_cpus(self) -> int:
        return 4

    def machine(self) -> str:
        return self.architecture

    def has(self, feature: str) -> bool:
        return True


def plan_of(script: str, **options: object) -> Plan:
    """A script compiled for the recorded kernel."""
    lowering = LowerOptions(**({"possible_cpus": 2} | options))
    return compile_script(Source("case.bt", script), VIEW, lowering).plan


def manifest(plan: Plan) -> Manifest:
    """The plan, as if built here."""
    return Manifest(plan=plan, machine="x86_64", release="6.18.0-test", files=(("/bin/x", "0a"),))


def one_program(
    *lines: str, relocations: Sequence[tuple[int, Relocation]] = (), **more: Any
) -> Plan:
    """A plan of one program, run once, of this assembly."""
    insns: tuple[Insn, ...] = parse_listing("\n".join([*lines, "exit"]))
    span = Span(Source("case.bt", "BEGIN { something }"), 8, 17)
    program = ProgramSpec(
        name="0_begin",
        type=ProgType.RAW_TRACEPOINT,
        insns=insns,
        spans=(span,) * len(insns),
        relocations=tuple(relocations),
    )
    plan = Plan(object=ObjectSpec(maps=(), programs=(program,)), attachments=(), begin=("0_begin",))
    return replace(plan, **more)


def assert_same(one: Any, other: Any, at: str = "") -> None:
    """Equal all the way down; sources, which are compared by identity, by what they hold."""
    if isinstance(one, Source):
        assert (one.name, one.text) == (other.name, other.text), at
    elif hasattr(one, "__seismo_fields__"):
        assert type(one) is type(other), at
        for name in one.__seismo_fields__:
            assert_same(getattr(one, name), getattr(other, name), f"{at}.{name}")
    elif isinstance(one, tuple):
        assert len(one) == len(other), at
        for index, (mine, its) in enumerate(zip(one, other, strict=True)):
            assert_same(mine, its, f"{at}[{index}]")
    elif isinstance(one, dict):
        assert [*one] == [*other], at
        for key in one:
            assert_same(one[key], other[key], f"{at}[{key}]")
    else:
        assert one == other, at
