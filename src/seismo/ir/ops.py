"""The operations of the IR: SSA values, basic-block arguments instead of phi nodes.

Everything is a 64-bit register value. An op is frozen and final, so `match` over `Op` is exhaustive
and passes may share ops between functions. `str(op)` is its line in a listing; `ir/print.py` only
arranges lines, `ir/parse.py` reads them back.

Invariants (checked by `ir/verify.py` after every pass):
- a value is defined once, by an op's `result`, a block parameter or a function parameter, and its
  definition dominates its uses;
- every block ends with exactly one terminator, and terminators stand nowhere else;
- an edge passes as many arguments as its target block has parameters;
- a load with a relocation is one from the program's context, which no pass moves;
- a program's context pointer (its parameter 0) is only ever the direct `base` of a `Load` or
  `Store`, an argument of a call, or stored whole for a callback to load: the kernel's verifier
  refuses arithmetic on it for most contexts.
"""

from __future__ import annotations

from collections.abc import Mapping
from operator import attrgetter
from typing import ClassVar, Self, TypeAlias, final

from seismo.base.dataclass import dataclass, field, replace
from seismo.base.source import NOWHERE, Span
from seismo.ir.values import AtomicKind, BinaryKind, Cond, Kind, Slot, Value
from seismo.spec.relocations import Relocation

__all__ = (
    "AnyCall",
    "Atomic",
    "AtomicKind",
    "Binary",
    "BinaryKind",
    "Branch",
    "Call",
    "CallFunc",
    "Compare",
    "Cond",
    "Const",
    "CopyBytes",
    "Edge",
    "Extend",
    "Fill",
    "FuncAddress",
    "Jump",
    "Kind",
    "Load",
    "MapAddress",
    "Op",
    "Reference",
    "Return",
    "Slot",
    "SlotAddress",
    "Store",
    "Swap",
    "Symbol",
    "Terminator",
    "Value",
)


class _Operands:
    """What ops share whose values are single fields, named by `operands`."""

    __slots__ = ()
    operands: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls) -> None:
        """Read all operands by one call: passes ask an op for little else as often."""
        if len(cls.operands) > 1:
            cls.uses = property(attrgetter(*cls.operands))  # type: ignore[assignment]
        elif cls.operands:
            get = attrgetter(*cls.operands)
            cls.uses = property(lambda self: (get(self),))  # type: ignore[assignment]

    @property
    def uses(self) -> tuple[Value, ...]:
        """The values that the op reads."""
        return ()

    def with_uses(self, mapping: Mapping[Value, Value]) -> Self:
        """The op with the values that `mapping` knows in their place."""
        changes = {
            name: mapping[value]
            for name in self.operands
            if (value := getattr(self, name)) in mapping
        }
        return replace(self, **changes) if changes else self


@final
@dataclass(frozen=True, slots=True, eq=False)
class Const(_Operands):
    """result = value (any 64-bit pattern, signed or unsigned)."""

    result: Value
    value: int
    span: Span = field(default=NOWHERE, kw_only=True)

    def __str__(self) -> str:
        return f"{self.result} = const {self.value}"


@final
@dataclass(frozen=True, slots=True, eq=False)
class Symbol(_Operands):
    """result = what `relocation` is on the kernel that runs the program; `value` on this one.

    No pass may conclude anything from `value`.
    """

    result: Value
    value: int
    relocation: Relocation
    span: Span = field(default=NOWHERE, kw_only=True)

    def __str__(self) -> str:
        return f"{self.result} = symbol {self.value} {self.relocation}"


@final
@dataclass(frozen=True, slots=True, eq=False)
class Binary(_Operands):
    """result = left op right, in `width` bits (32 zero-extends its result, as BPF's ALU32 does)."""

    result: Value
    op: BinaryKind
    left: Value
    right: Value
    width: int = 64
    span: Span = field(default=NOWHERE, kw_only=True)
    operands = ("left", "right")

    def __str__(self) -> str:
        return f"{self.result} = {self.op.value}{self.width} {self.left}, {self.right}"


@final
@dataclass(frozen=True, slots=True, eq=False)
class Extend(_Operands):
    """result = the low `bits` (8, 16, 32) of value, sign- or zero-extended to 64."""

    result: Value
    value: Value
    bits: int
    signed: bool
    span: Span = field(default=NOWHERE, kw_only=True)
    operands = ("value",)

    def __str__(self) -> str:
        return f"{self.result} = {'sext' if self.signed else 'zext'}{self.bits} {self.value}"


@final
@dataclass(frozen=True, slots=True, eq=False)
class Swap(_Operands):
    """result = the low `bits` (16, 32, 64) of value with their bytes reversed, zero-extended."""

    result: Value
    value: Value
    bits: int
    span: Span = field(default=NOWHERE, kw_only=True)
    operands = ("value",)

    def __str__(self) -> str:
        return f"{self.result} = swap{self.bits} {self.value}"


@final
@dataclass(frozen=True, slots=True, eq=False)
class Compare(_Operands):
    """result = 1 if left cond right else 0."""

    result: Value
    cond: Cond
    left: Value
    right: Value
    width: int = 64
    span: Span = field(default=NOWHERE, kw_only=True)
    operands = ("left", "right")

    def __str__(self) -> str:
        return f"{self.result} = cmp.{self.cond.value}{self.width} {self.left}, {self.right}"


@final
@dataclass(frozen=True, slots=True, eq=False)
class Load(_Operands):
    """result = the `size` bytes at base + offset, zero- or sign-extended.

    With a `relocation`, that is what the offset is on the kernel that runs the program. The base is
    the context then: where a pointer may be moved, a `Symbol` is added to it.
    """

    result: Value
    base: Value
    offset: int
    size: int
    signed: bool = False
    relocation: Relocation | None = None
    span: Span = field(default=NOWHERE, kw_only=True)
    operands = ("base",)

    def __str__(self) -> str:
        type_ = f"{'s' if self.signed else 'u'}{self.size * 8}"
        line = f"{self.result} = load.{type_} {self.base}{self.offset:+}"
        return line if self.relocation is None else f"{line} {self.relocation}"


@final
@dataclass(frozen=True, slots=True, eq=False)
class Store(_Operands):
    """The low `size` bytes of value go to base + offset."""

    base: Value
    offset: int
    value: Value
    size: int
    span: Span = field(default=NOWHERE, kw_only=True)
    operands = ("base", "value")

    @property
    def result(self) -> None:
        return None

    def __str__(self) -> str:
        return f"store.u{self.size * 8} {self.base}{self.offset:+}, {self.value}"


@final
@dataclass(frozen=True, slots=True, eq=False)
class Atomic(_Operands):
    """base[offset] op= value, atomically, in 4 or 8 bytes; the old value goes to `result`."""

    result: Value | None
    op: AtomicKind
    base: Value
    offset: int
    value: Value
    size: int
    span: Span = field(default=NOWHERE, kw_only=True)
    operands = ("base", "value")

    def __str__(self) -> str:
        line = f"atomic.{self.op.value}{self.size * 8} {self.base}{self.offset:+}, {self.value}"
        return f"{self.result} = {line}" if self.result else line


@final
@dataclass(frozen=True, slots=True, eq=False)
class Fill(_Operands):
    """`size` bytes from base + offset become zero; base + offset is 8-byte aligned."""

    base: Value
    offset: int
    size: int
    span: Span = field(default=NOWHERE, kw_only=True)
    operands = ("base",)

    @property
    def result(self) -> None:
        return None

    def __str__(self) -> str:
        return f"fill {self.base}{self.offset:+}, {self.size}"


@final
@dataclass(frozen=True, slots=True, eq=False)
class CopyBytes(_Operands):
    """`size` bytes go from source + source_offset to target + target_offset; no overlap.

    Both addresses are aligned to `alignment` bytes (a power of two, at most 8): the widest move.
    """

    target: Value
    target_offset: int
    source: Value
    source_offset: int
    size: int
    alignment: int = 8
    span: Span = field(default=NOWHERE, kw_only=True)
    operands = ("target", "source")

    @property
    def result(self) -> None:
        return None

    def __str__(self) -> str:
        target = f"{self.target}{self.target_offset:+}"
        source = f"{self.source}{self.source_offset:+}"
        return f"copy {target}, {source}, {self.size} align {self.alignment}"


@final
@dataclass(frozen=True, slots=True, eq=False)
class SlotAddress(_Operands):
    """result = the address of a stack slot."""

    result: Value
    slot: Slot
    span: Span = field(default=NOWHERE, kw_only=True)

    def __str__(self) -> str:
        return f"{self.result} = {self.slot}"


@final
@dataclass(frozen=True, slots=True, eq=False)
class MapAddress(_Operands):
    """result = the kernel's pointer to a map, for helper arguments (`BPF_PSEUDO_MAP_FD`), or the
    address of an array's only value (`BPF_PSEUDO_MAP_VALUE`, Linux 5.2)."""

    result: Value
    map: str
    is_value: bool = False
    span: Span = field(default=NOWHERE, kw_only=True)

    def __str__(self) -> str:
        return f"{self.result} = {'value' if self.is_value else 'map'} {self.map}"


@final
@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """result = helper(args…), at most five; clobbers r0–r5.

    `pure` marks helpers whose answer cannot change within one run of a program (the current pid,
    uid, comm's owner …) and that write no memory: equal calls may be merged, unused ones dropped.
    """

    result: Value | None
    helper: str
    args: tuple[Value, ...]
    pure: bool = False
    span: Span = field(default=NOWHERE, kw_only=True)

    @property
    def uses(self) -> tuple[Value, ...]:
        return self.args

    def with_uses(self, mapping: Mapping[Value, Value]) -> Call:
        return replace(self, args=tuple(mapping.get(arg, arg) for arg in self.args))

    def __str__(self) -> str:
        word = "pure" if self.pure else "call"
        line = f"{word} {self.helper}({', '.join(str(arg) for arg in self.args)})"
        return f"{self.result} = {line}" if self.result else line


@final
@dataclass(frozen=True, slots=True, eq=False)
class CallFunc:
    """result = func(args…), a subprogram of the same program, at most five; clobbers r0–r5.

    `func` is the name of one of the program's `Func.subprograms`.
    """

    result: Value | None
    func: str
    args: tuple[Value, ...]
    span: Span = field(default=NOWHERE, kw_only=True)

    @property
    def uses(self) -> tuple[Value, ...]:
        return self.args

    def with_uses(self, mapping: Mapping[Value, Value]) -> CallFunc:
        return replace(self, args=tuple(mapping.get(arg, arg) for arg in self.args))

    def __str__(self) -> str:
        line = f"call @{self.func}({', '.join(str(arg) for arg in self.args)})"
        return f"{self.result} = {line}" if self.result else line


@final
@dataclass(frozen=True, slots=True, eq=False)
class FuncAddress(_Operands):
    """result = the address of a subprogram, for `bpf_loop` and `bpf_for_each_map_elem`
    (`BPF_PSEUDO_FUNC`, Linux 5.13)."""

    result: Value
    func: str
    span: Span = field(default=NOWHERE, kw_only=True)

    def __str__(self) -> str:
        return f"{self.result} = func @{self.func}"


@final
@dataclass(frozen=True, slots=True, eq=False)
class Edge:
    """Where control goes, and the values that the target block's parameters get."""

    target: str
    args: tuple[Value, ...] = ()

    def with_uses(self, mapping: Mapping[Value, Value]) -> Edge:
        return Edge(self.target, tuple(mapping.get(arg, arg) for arg in self.args))

    def __str__(self) -> str:
        args = f"({', '.join(str(arg) for arg in self.args)})" if self.args else ""
        return f"{self.target}{args}"


@final
@dataclass(frozen=True, slots=True, eq=False)
class Jump:
    """Go to the target."""

    edge: Edge
    span: Span = field(default=NOWHERE, kw_only=True)

    @property
    def edges(self) -> tuple[Edge, ...]:
        return (self.edge,)

    @property
    def uses(self) -> tuple[Value, ...]:
        return self.edge.args

    def with_uses(self, mapping: Mapping[Value, Value]) -> Jump:
        return replace(self, edge=self.edge.with_uses(mapping))

    def __str__(self) -> str:
        return f"jump {self.edge}"


@final
@dataclass(frozen=True, slots=True, eq=False)
class Branch:
    """If left cond right go to `then`, else to `other`."""

    cond: Cond
    left: Value
    right: Value
    then: Edge
    other: Edge
    width: int = 64
    span: Span = field(default=NOWHERE, kw_only=True)

    @property
    def edges(self) -> tuple[Edge, ...]:
        return (self.then, self.other)

    @property
    def uses(self) -> tuple[Value, ...]:
        return (self.left, self.right, *self.then.args, *self.other.args)

    def with_uses(self, mapping: Mapping[Value, Value]) -> Branch:
        """The branch with the values that `mapping` knows in their place, on its edges too."""
        left, right = mapping.get(self.left, self.left), mapping.get(self.right, self.right)
        then, other = self.then.with_uses(mapping), self.other.with_uses(mapping)
        return replace(self, left=left, right=right, then=then, other=other)

    def __str__(self) -> str:
        test = f"{self.cond.value}{self.width} {self.left}, {self.right}"
        return f"branch.{test} ? {self.then} : {self.other}"


@final
@dataclass(frozen=True, slots=True, eq=False)
class Return(_Operands):
    """End the program with r0 = value."""

    value: Value
    span: Span = field(default=NOWHERE, kw_only=True)
    operands = ("value",)

    @property
    def edges(self) -> tuple[Edge, ...]:
        return ()

    def __str__(self) -> str:
        return f"return {self.value}"


Op: TypeAlias = (
    Const
    | Symbol
    | Binary
    | Extend
    | Swap
    | Compare
    | Load
    | Store
    | Atomic
    | Fill
    | CopyBytes
    | SlotAddress
    | MapAddress
    | FuncAddress
    | Call
    | CallFunc
)
AnyCall: TypeAlias = Call | CallFunc
Reference: TypeAlias = CallFunc | FuncAddress
Terminator: TypeAlias = Jump | Branch | Return
