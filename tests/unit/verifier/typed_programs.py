"""Programs with types for the verifier's tests: a small kernel's BTF, and an object's."""

from __future__ import annotations

from collections.abc import Mapping

from verifier_programs import MAPS, Writer

from seismo.btf.spec import Btf
from seismo.btf.types import (
    Func,
    FuncProto,
    Int,
    IntEncoding,
    Kind,
    Member,
    Param,
    Ptr,
    Struct,
    Type,
    Typedef,
    TypeTag,
    Union,
)
from seismo.btf.write import write
from seismo.isa.insn import Insn, Reg
from seismo.isa.map_types import MapType
from seismo.isa.opcode import AluOp
from seismo.isa.prog_types import AttachType, ProgType
from seismo.spec.types import MapSpec, ProgramSpec, ProgramTarget
from seismo.verifier.check import Options, Verdict, verify
from seismo.verifier.rules import Rule
from seismo.verifier.types import NO_TYPES, Types

__all__ = ("KERNEL", "TypedWriter", "map_of", "passes", "plain", "stops")

R0, R1, R2, R3, R4, R5, R6, R7, R8, R9, R10 = Reg


class _Table:
    """Types of a BTF as they are added."""

    def __init__(self) -> None:
        self.types: list[Type] = []

    def add(self, type_: Type) -> int:
        self.types.append(type_)
        return len(self.types)

    def function(self, name: str, returns: int, *params: tuple[str, int]) -> None:
        proto = self.add(FuncProto(returns, tuple(Param(*one) for one in params)))
        self.add(Func(name, proto))


def _kernel() -> Btf:
    """`struct task_struct { int pid; struct task_struct *parent; ... }`, and what calls take it."""
    table = _Table()
    number = table.add(Int("int", 4, IntEncoding.SIGNED))
    long = table.add(Int("long unsigned int", 8))
    void = table.add(Ptr(0))
    group = table.add(Struct("css_set", 8, (Member("id", long, 0),)))
    tagged = table.add(Ptr(table.add(TypeTag("rcu", group))))
    user = table.add(Ptr(table.add(TypeTag("user", group))))
    task = len(table.types) + 3
    choice = table.add(
        Union("", 8, (Member("number", long, 0), Member("other", len(table.types) + 2, 0)))
    )
    pointer = table.add(Ptr(task))
    members = (
        Member("pid", number, 0),
        Member("parent", pointer, 64),
        Member("real_parent", pointer, 128),
        Member("cgroups", tagged, 192),
        Member("stack", void, 256),
        Member("clear_child_tid", user, 320),
        Member("", choice, 384),
    )
    assert table.add(Struct("task_struct", 64, members)) == task
    table.add(Struct("task_struct__safe_rcu", 8, (Member("real_parent", pointer, 0),)))
    iterator = table.add(Ptr(table.add(Struct("bpf_iter_num", 8, (Member("it", long, 0),)))))
    traced = table.add(FuncProto(0, tuple(Param("", one) for one in (void, pointer, number))))
    table.add(Typedef("btf_trace_tested", table.add(Ptr(traced))))
    table.function("tested", number, ("task", pointer), ("flags", long))
    table.function("bpf_iter_task", number, ("meta", pointer), ("task", pointer))
    for name in ("bpf_rcu_read_lock", "bpf_rcu_read_unlock", "bpf_preempt_disable"):
        table.function(name, 0)
    table.function("bpf_task_from_pid", pointer, ("pid", number))
    table.function("bpf_task_acquire", pointer, ("p", pointer))
    table.function("bpf_task_release", 0, ("p", pointer))
    table.function("bpf_obj_new_impl", void, ("local_type_id__k", long), ("meta__ign", void))
    found = table.add(Ptr(number))
    table.function("bpf_iter_num_new", number, ("it", iterator), ("start", number), ("end", number))
    table.function("bpf_iter_num_next", found, ("it", iterator))
    table.function("bpf_iter_num_destroy", 0, ("it", iterator))
    table.function("bpf_throw", 0, ("cookie", long))
    return Btf.from_bytes(write(table.types))


KERNEL = Types(_kernel())


class TypedWriter(Writer):
    """An assembler for a program with a place to attach, kernel functions and types."""

    def __init__(
        self,
        kind: ProgType = ProgType.TRACING,
        at: AttachType | None = AttachType.TRACE_RAW_TP,
        target: str = "btf_trace_tested",
        *,
        flags: int = 0,
        license: str = "GPL",
    ) -> None:
        super().__init__(kind)
        self.at = at
        self.target = target
        self.flags = flags
        self.license = license
        self.types = KERNEL
        self.maps: Mapping[str, MapSpec] = MAPS

    def kernel(self, name: str) -> None:
        """Call a function of the small kernel."""
        assert KERNEL.kernel is not None
        (id,) = KERNEL.kernel.find_all(name, Kind.FUNC)
        self.append(Insn(0x85, R0, Reg.R2, 0, id))

    def stack(self, register: Reg, offset: int) -> None:
        """An address on the stack."""
        self.mov(register, R10)
        self.alu(AluOp.ADD, register, offset)

    def spec(self) -> ProgramSpec:
        return ProgramSpec(
            name="tested",
            type=self.kind,
            insns=self.finish(),
            map_refs=tuple(self.refs),
            expected_attach_type=self.at,
            target=ProgramTarget(self.target) if self.target else None,
            flags=self.flags,
            license=self.license,
        )

    def verdict(self, options: Options | None = None) -> Verdict:
        return verify(self.spec(), self.maps, options=options or Options(), types=self.types)


def plain(
    kind: ProgType, at: AttachType | None = None, *, flags: int = 0, license: str = "GPL"
) -> TypedWriter:
    """A program whose context needs no types; none are at hand."""
    program = TypedWriter(kind, at, "", flags=flags, license=license)
    program.types = NO_TYPES
    return program


def passes(program: TypedWriter) -> None:
    """The program is accepted."""
    verdict = program.verdict()
    assert verdict.is_accepted, str(verdict)


def stops(program: TypedWriter, rule: Rule, message: str) -> None:
    """The program is refused for this rule, with this text in its message."""
    complaint = program.verdict().complaint
    assert complaint is not None
    assert (complaint.rule, message in complaint.message) == (rule, True), complaint.message


def map_of(type_: MapType, *, key_size: int = 4, flags: int = 0) -> MapSpec:
    """A map of four values of 8 bytes."""
    return MapSpec(
        name="other", type=type_, key_size=key_size, value_size=8, max_entries=4, flags=flags
    )
