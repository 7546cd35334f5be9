"""A plain interpreter of the IR: the definition of what the operations mean.

Tests run a function before and after a pass, and beside the code generated for it; all must agree.
Helpers are the caller's: `call(name, args, memory)` answers with what r0 gets. But for `loop`,
which calls back into the program.

>>> interpret(parse(listing), context=bytes(16))
42
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from seismo.base.bits import U64_MAX, truncate
from seismo.base.dataclass import dataclass, field
from seismo.base.errors import BpfError
from seismo.ir import arithmetic
from seismo.ir.func import Func
from seismo.ir.ops import (
    Atomic,
    AtomicKind,
    Binary,
    BinaryKind,
    Branch,
    Call,
    CallFunc,
    Compare,
    Const,
    CopyBytes,
    Edge,
    Extend,
    Fill,
    FuncAddress,
    Jump,
    Load,
    MapAddress,
    Op,
    Return,
    Slot,
    SlotAddress,
    Store,
    Swap,
    Symbol,
    Terminator,
    Value,
)

__all__ = ("Fault", "Helper", "Memory", "interpret")

REGION_SHIFT = 32
MAP_VALUE_BYTES = 4096
MAX_LOOPS = 1 << 23  # include/linux/bpf.h: BPF_MAX_LOOPS
ATOMIC_MEANING = {
    AtomicKind.ADD: BinaryKind.ADD,
    AtomicKind.AND: BinaryKind.AND,
    AtomicKind.OR: BinaryKind.OR,
    AtomicKind.XOR: BinaryKind.XOR,
}


class Fault(BpfError):
    """The function did what no program may: touched memory that is not its own, or never ended."""


@dataclass(slots=True)
class Memory:
    """Byte regions, each at an address with nothing near it, so that strays are caught."""

    regions: list[bytearray] = field(default_factory=list)
    maps: dict[str, int] = field(default_factory=dict)
    values: dict[str, int] = field(default_factory=dict)
    funcs: dict[str, int] = field(default_factory=dict)

    def allocate(self, content: bytes) -> int:
        """The address of a new region that holds `content`."""
        self.regions.append(bytearray(content))
        return len(self.regions) << REGION_SHIFT

    def map_address(self, name: str) -> int:
        """The stand-in address of the map called `name`; `map_name` is the inverse."""
        if name not in self.maps:
            self.maps[name] = self.allocate(b"")
        return self.maps[name]

    def map_name(self, address: int) -> str:
        """The map at `address`; KeyError when there is none."""
        return {known: name for name, known in self.maps.items()}[address]

    def value_address(self, name: str) -> int:
        """The address of the only value of the map `name`: `MAP_VALUE_BYTES`, zero at first."""
        if name not in self.values:
            self.values[name] = self.allocate(bytes(MAP_VALUE_BYTES))
        return self.values[name]

    def func_address(self, name: str) -> int:
        """The stand-in address of the subprogram called `name`; `func_name` is the inverse."""
        if name not in self.funcs:
            self.funcs[name] = self.allocate(b"")
        return self.funcs[name]

    def func_name(self, address: int) -> str:
        """The subprogram at `address`; KeyError when there is none."""
        return {known: name for name, known in self.funcs.items()}[address]

    def read(self, address: int, size: int) -> bytes:
        """The bytes there; Fault when they are not all of one region. So do the other accesses."""
        region, offset = self._locate(address, size)
        return bytes(region[offset : offset + size])

    def write(self, address: int, content: bytes) -> None:
        """`content` goes to the bytes there."""
        region, offset = self._locate(address, len(content))
        region[offset : offset + len(content)] = content

    def load(self, address: int, size: int) -> int:
        """The little-endian integer there, unsigned."""
        return int.from_bytes(self.read(address, size), "little")

    def store(self, address: int, value: int, size: int) -> None:
        """The low `size` bytes of `value` go there, little-endian."""
        self.write(address, truncate(value, size * 8).to_bytes(size, "little"))

    def _locate(self, address: int, size: int) -> tuple[bytearray, int]:
        index, offset = address >> REGION_SHIFT, address & ((1 << REGION_SHIFT) - 1)
        if not 0 < index <= len(self.regions):
            raise Fault(f"no memory at {address:#x}")
        region = self.regions[index - 1]
        if offset + size > len(region):
            raise Fault(f"{size} bytes at {address:#x} leave their region of {len(region)}")
        return region, offset


Computing: TypeAlias = (
    Const
    | Symbol
    | Binary
    | Extend
    | Swap
    | Compare
    | Load
    | SlotAddress
    | MapAddress
    | FuncAddress
)
Helper: TypeAlias = Callable[[str, Sequence[int], Memory], int]


def no_helpers(name: str, args: Sequence[int], memory: Memory) -> int:
    """The default `call`: a function under test that calls nothing."""
    raise Fault(f"call of {name}{tuple(args)}")


def interpret(
    func: Func,
    *,
    context: bytes = b"",
    call: Helper = no_helpers,
    memory: Memory | None = None,
    max_ops: int = 100_000,
) -> int:
    """Run `func` and answer with r0, unsigned; Fault if it misbehaves or takes over `max_ops`."""
    machine = _Machine(func, memory or Memory(), call, max_ops)
    return machine.run(func, [machine.memory.allocate(context)])


class _Machine:
    """What all functions of a program share: the memory, the helpers, and how long it may run."""

    def __init__(self, program: Func, memory: Memory, call: Helper, max_ops: int) -> None:
        self.program = program
        self.memory = memory
        self.max_ops = max_ops
        self._call = call

    def run(self, func: Func, args: Sequence[int]) -> int:
        """What `func` answers to `args`."""
        return _Run(self, func, args).to_the_end()

    def helper(self, name: str, args: Sequence[int]) -> int:
        """What a helper answers."""
        return self._loop(*args) if name == "loop" else self._call(name, args, self.memory)

    def _loop(self, turns: int, callback: int, context: int, flags: int) -> int:
        """bpf_loop: how often it called back, which ends when the answer is not 0."""
        if turns > MAX_LOOPS or flags:
            raise Fault(f"loop of {turns} turns with flags {flags:#x}")
        func = self.program.subprogram(self.memory.func_name(callback))
        for index in range(turns):
            if self.run(func, (index, context)):
                return index + 1
        return turns


class _Run:
    """One execution of one function: the values so far."""

    def __init__(self, machine: _Machine, func: Func, args: Sequence[int]) -> None:
        self.machine = machine
        self.func = func
        self.memory = machine.memory
        self.values: dict[Value, int] = dict(zip(func.params, args, strict=True))
        self.slots: dict[Slot, int] = {}

    def to_the_end(self) -> int:
        blocks = {block.label: block for block in self.func.blocks}
        block = self.func.blocks[0]
        while True:
            self.machine.max_ops -= len(block.ops) + 1
            if self.machine.max_ops < 0:
                raise Fault(f"{self.func.name} does not end")
            for op in block.ops:
                self._step(op)
            if isinstance(block.end, Return):
                return self.values[block.end.value]
            edge = self._edge(block.end)
            block = blocks[edge.target]
            arguments = [self.values[arg] for arg in edge.args]
            self.values.update(zip(block.params, arguments, strict=True))

    def _edge(self, end: Terminator) -> Edge:
        match end:
            case Jump(edge):
                return edge
            case Branch(cond, left, right, then, other, width):
                holds = arithmetic.compare(cond, self.values[left], self.values[right], width)
                return then if holds else other
            case Return():
                raise Fault("a return goes nowhere")

    def _step(self, op: Op) -> None:
        match op:
            case Store(base, offset, value, size):
                self.memory.store(self._address(base, offset), self.values[value], size)
            case Fill(base, offset, size):
                self.memory.write(self._address(base, offset), bytes(size))
            case CopyBytes():
                source = self._address(op.source, op.source_offset)
                target = self._address(op.target, op.target_offset)
                self.memory.write(target, self.memory.read(source, op.size))
            case Atomic():
                self._atomic(op)
            case Call(result, helper, args):
                self._answer(result, self.machine.helper(helper, self._values_of(args)))
            case CallFunc(result, name, args):
                func = self.machine.program.subprogram(name)
                self._answer(result, self.machine.run(func, self._values_of(args)))
            case _:
                self.values[op.result] = self._compute(op)

    def _values_of(self, args: Sequence[Value]) -> list[int]:
        return [self.values[arg] for arg in args]

    def _answer(self, result: Value | None, answer: int) -> None:
        if result is not None:
            self.values[result] = truncate(answer, 64)

    def _compute(self, op: Computing) -> int:
        """The result of an op that only makes a value."""
        values = self.values
        match op:
            case Const(_, value) | Symbol(_, value):
                return truncate(value, 64)
            case Binary(_, kind, left, right, width):
                return arithmetic.binary(kind, values[left], values[right], width)
            case Extend(_, value, bits, signed):
                return arithmetic.extend(values[value], bits, signed=signed)
            case Swap(_, value, bits):
                return arithmetic.swap(values[value], bits)
            case Compare(_, cond, left, right, width):
                return int(arithmetic.compare(cond, values[left], values[right], width))
            case Load(_, base, offset, size, signed):
                loaded = self.memory.load(self._address(base, offset), size)
                return arithmetic.extend(loaded, size * 8, signed=signed)
            case SlotAddress(_, slot):
                return self._slot_address(slot)
            case MapAddress(_, name, is_value):
                memory = self.memory
                return memory.value_address(name) if is_value else memory.map_address(name)
            case FuncAddress(_, name):
                return self.memory.func_address(name)

    def _atomic(self, op: Atomic) -> None:
        address, bits = self._address(op.base, op.offset), op.size * 8
        old, value = self.memory.load(address, op.size), self.values[op.value]
        if op.op is not AtomicKind.XCHG:
            value = arithmetic.binary(ATOMIC_MEANING[op.op], old, value, bits)
        self.memory.store(address, value, op.size)
        if op.result is not None:
            self.values[op.result] = old

    def _address(self, base: Value, offset: int) -> int:
        return (self.values[base] + offset) & U64_MAX

    def _slot_address(self, slot: Slot) -> int:
        if slot not in self.slots:
            self.slots[slot] = self.memory.allocate(bytes(slot.size))
        return self.slots[slot]
