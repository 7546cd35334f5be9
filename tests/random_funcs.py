"""Random IR functions for property tests, and the helpers that they call.

Every function ends, initialises its memory before it reads it, and is one that the kernel's
verifier should accept: so it can be interpreted, compiled and run in a kernel, with one answer.

>>> func = random_func(seed=7, size=40)
>>> interpret(func, context=CONTEXT, call=call_helper)
"""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Sequence

from seismo.base.dataclass import replace
from seismo.ir.builder import Builder
from seismo.ir.func import Block, Func
from seismo.ir.interp import Memory
from seismo.ir.ops import Atomic, AtomicKind, BinaryKind, Branch, Cond, Kind, Value

__all__ = ("ALL_WIDTHS", "ARGUMENTS", "CONTEXT", "call_helper", "random_func")

PURE = ("get_current_pid_tgid", "get_current_uid_gid")
ARGUMENTS = {**dict.fromkeys(PURE, 0), "probe_read_kernel": 3, "loop": 4}
"""How many arguments each helper takes."""
CALLBACK = (Kind.INT, Kind.PTR)
CONTEXT = bytes((index * 37 + 5) % 256 for index in range(64))
SLOT_BYTES = 32
ALL_WIDTHS = (1, 2, 4, 8)
CONSTANTS = (0, 1, 2, 3, 7, 8, 63, 255, 1 << 31, (1 << 32) - 1, -1, -2, 1 << 40, 0x123456789ABC)
OTHER_ATOMICS = (AtomicKind.AND, AtomicKind.OR, AtomicKind.XOR, AtomicKind.XCHG)


def call_helper(name: str, args: Sequence[int], memory: Memory) -> int:
    """What the kernel's helpers answer to this process."""
    match name:
        case "get_current_pid_tgid":
            return os.getpid() << 32 | threading.get_native_id()
        case "get_current_uid_gid":
            return os.getgid() << 32 | os.getuid()
        case "probe_read_kernel":
            target, size, source = args
            memory.write(target, memory.read(source, size))
            return 0
        case _:
            raise NotImplementedError(name)


def random_func(
    seed: int,
    size: int,
    variables: int = 4,
    slots: int = 2,
    widths: Sequence[int] = ALL_WIDTHS,
    subprograms: int = 0,
) -> Func:
    """About `size` random statements over `variables` integers and `slots` stack slots.

    `widths` are the bytes of memory accesses: old verifiers want a stack slot read as written.
    `subprograms` share the work, functions and callbacks, which may call those before them.
    """
    random_ = random.Random(seed)
    known: list[Func] = []
    for number in range(subprograms):
        inner = size // (2 * subprograms) + 1
        if random_.random() < 0.5:
            builder = Builder(f"turn{number}", CALLBACK)
            writer = _Writer(random_, builder, 2, 1, widths, known)
            known.append(writer.callback(inner))
        else:
            builder = Builder(f"sub{number}", (Kind.INT,) * random_.randint(0, 5))
            writer = _Writer(random_, builder, 3, 2, widths, known)
            known.append(writer.subprogram(inner))
    return _Writer(random_, Builder("random"), variables, slots, widths, known).program(size)


class _Writer:
    def __init__(
        self,
        random_: random.Random,
        builder: Builder,
        variables: int,
        slots: int,
        widths: Sequence[int],
        known: Sequence[Func],
    ) -> None:
        self.random = random_
        self.widths = widths
        self.builder = builder
        self.names = [f"v{index}" for index in range(variables)]
        self.pointers = ["p0", "p1"]
        self.slots: list[Value] = []
        self.known = tuple(known)
        self.inputs: list[Value] = []
        self.loops = 0
        for index in range(slots):
            slot = self.builder.slot(f"s{index}", SLOT_BYTES)
            self.builder.fill(slot, 0, SLOT_BYTES)
            self.slots.append(slot)

    def program(self, size: int) -> Func:
        """Its input is the context."""
        b = self.builder
        self.start([b.load(b.context, index % 8 * 8, 8) for index in range(len(self.names))])
        self.statements(size, depth=0)
        for func in self.known:
            # The kernel refuses functions that nobody calls.
            self.call(func)
        total = self.total()
        # A program under BPF_PROG_TEST_RUN answers with 32 bits.
        high = b.binary(BinaryKind.SHR, total, b.const(32))
        b.ret(b.extend(b.binary(BinaryKind.XOR, total, high), 32, signed=False))
        b.func.subprograms += self.known
        return b.func

    def subprogram(self, size: int) -> Func:
        """Its input is its parameters."""
        self.inputs = [*self.builder.func.params, self.builder.const(5)]
        self.start(self.inputs)
        self.statements(size, depth=2)
        self.builder.ret(self.total())
        return self.builder.func

    def callback(self, size: int) -> Func:
        """Works on memory of its caller, and ends the loop now and then."""
        index, memory = self.builder.func.params
        self.inputs = [index]
        self.slots.append(memory)
        self.start(self.inputs)
        self.statements(size, depth=2)
        self.builder.store(memory, 0, self.total(), 8)
        last = self.builder.const(self.random.randint(0, 3))
        self.builder.ret(self.builder.compare(Cond.EQ, index, last))
        return self.builder.func

    def start(self, inputs: Sequence[Value]) -> None:
        """The variables get their first values."""
        b = self.builder
        for index, name in enumerate(self.names):
            b.write(name, inputs[index % len(inputs)])
        for name in self.pointers:
            b.write(name, self.random.choice(self.slots))

    def total(self) -> Value:
        """A number that depends on every variable and every byte of the slots."""
        b = self.builder
        total = b.const(0)
        for name in self.names:
            total = b.binary(BinaryKind.XOR, self.shifted(total), b.read(name))
        for slot in self.slots:
            for offset in range(0, SLOT_BYTES, 8):
                total = b.binary(BinaryKind.ADD, self.shifted(total), b.load(slot, offset, 8))
        return total

    def shifted(self, value: Value) -> Value:
        return self.builder.binary(BinaryKind.MUL, value, self.builder.const(31))

    def statements(self, count: int, depth: int) -> None:
        while count > 0:
            roll = self.random.random()
            if roll < 0.12 and depth < 4 and count > 2:
                inner = self.random.randint(1, count // 2 + 1)
                self.choice(inner, depth)
                count -= inner
            elif roll < 0.17 and depth < 2 and count > 3:
                inner = self.random.randint(1, min(count - 1, 12))
                self.loop(inner, depth)
                count -= inner
            elif roll < 0.22 and self.known:
                self.call(self.random.choice(self.known))
            elif roll < 0.55:
                self.builder.write(self.random.choice(self.names), self.expression(2))
            else:
                self.effect()
            count -= 1

    def choice(self, count: int, depth: int) -> None:
        """if, else, or an early way out of both."""
        b = self.builder
        then, other, after = b.new_block("then"), b.new_block("else"), b.new_block("after")
        self.branch(then, other)
        for block in (then, other):
            b.seal(block)
            b.start(block)
            self.statements(count // 2, depth + 1)
            b.jump(after)
        b.seal(after)
        b.start(after)

    def branch(self, then: Block, other: Block) -> None:
        b = self.builder
        if self.random.random() < 0.3:
            b.branch_if(self.expression(1), then, other)
            return
        cond = self.random.choice(list(Cond))
        b.branch(cond, self.operand(), self.operand(), then, other)
        width = self.random.choice((32, 64))
        end = b.block.end
        assert isinstance(end, Branch)
        b.block.terminator = replace(end, width=width)

    def loop(self, count: int, depth: int) -> None:
        """A few turns, counted in a variable of its own."""
        b = self.builder
        self.loops += 1
        counter = f"loop{self.loops}"
        b.write(counter, b.const(0))
        head, body, after = b.new_block("head"), b.new_block("body"), b.new_block("after")
        b.jump(head)
        b.start(head)
        turns = b.const(self.random.randint(0, 3))
        b.branch(Cond.LT, b.read(counter), turns, body, after)
        b.seal(body)
        b.start(body)
        self.statements(count, depth + 1)
        b.write(counter, b.binary(BinaryKind.ADD, b.read(counter), b.const(1)))
        b.jump(head)
        b.seal(head)
        b.seal(after)
        b.start(after)

    def call(self, func: Func) -> None:
        """A call, or a loop over memory of ours of a turn at least: else a new kernel stumbles."""
        b = self.builder
        if func.name.startswith("turn"):
            turns, memory = b.const(self.random.randint(1, 4)), self.random.choice(self.slots)
            answer = b.call("loop", turns, b.func_address(func.name), memory, b.const(0))
        else:
            answer = b.call_func(func.name, *(self.operand() for _ in func.params))
        b.write(self.random.choice(self.names), answer)

    def operand(self) -> Value:
        b = self.builder
        roll = self.random.random()
        if roll < 0.35:
            return b.const(self.random.choice(CONSTANTS))
        if roll < 0.42:
            return b.const(self.random.getrandbits(64))
        if roll < 0.5:
            return b.call(self.random.choice(PURE), pure=True)
        return b.read(self.random.choice(self.names))

    def expression(self, depth: int) -> Value:
        b, choose = self.builder, self.random.choice
        if depth == 0:
            return self.operand()
        left = self.expression(depth - 1)
        match self.random.randrange(6):
            case 0:
                return b.extend(left, choose((8, 16, 32)), signed=choose((True, False)))
            case 1:
                return b.swap(left, choose((16, 32, 64)))
            case 2:
                return b.compare(choose(list(Cond)), left, self.operand(), choose((32, 64)))
            case 3:
                return self.load()
            case _:
                right = self.expression(depth - 1)
                return b.binary(choose(list(BinaryKind)), left, right, choose((32, 64)))

    def place(self, size: int) -> tuple[Value, int]:
        """An aligned place of `size` bytes in some slot, by any way of addressing."""
        b = self.builder
        offset = self.random.randrange(0, SLOT_BYTES // 2, size)
        base = self.random.choice([*self.slots, *map(b.read, self.pointers)])
        roll = self.random.random()
        if roll < 0.2:
            index = b.binary(BinaryKind.AND, b.read(self.random.choice(self.names)), b.const(1))
            base = b.binary(BinaryKind.ADD, base, b.binary(BinaryKind.MUL, index, b.const(8)))
        elif roll < 0.4:
            base = b.binary(BinaryKind.ADD, base, b.const(8))
        return base, offset

    def load(self) -> Value:
        if self.random.random() < 0.3:
            if self.inputs:
                return self.random.choice(self.inputs)
            return self.builder.load(self.builder.context, self.random.randrange(8) * 8, 8)
        size = self.random.choice(self.widths)
        signed = self.random.choice((True, False))
        return self.builder.load(*self.place(size), size, signed=signed)

    def effect(self) -> None:
        b = self.builder
        match self.random.randrange(8):
            case 0 | 1:
                size = self.random.choice(self.widths)
                b.store(*self.place(size), self.expression(1), size)
            case 2:
                self.atomic(self.random.choice([one for one in self.widths if one >= 4]))
            case 3:
                b.fill(self.random.choice(self.slots), self.random.choice((0, 8)), self.odd_size())
            case 4:
                target, source = self.random.sample(self.slots, 2)
                alignment = self.random.choice(self.widths)
                offsets = [self.random.randrange(0, 16, alignment) for _ in range(2)]
                b.copy((target, offsets[0]), (source, offsets[1]), self.odd_size(), alignment)
            case 5:
                target, source = self.random.sample(self.slots, 2)
                size = b.const(self.odd_size())
                answer = b.call("probe_read_kernel", target, size, source)
                b.write(self.random.choice(self.names), answer)
            case 6:
                b.write(self.random.choice(self.pointers), self.random.choice(self.slots))
            case _:
                self.local()

    def local(self) -> None:
        """A slot of this statement's own: all of them together may be too many for the stack."""
        b = self.builder
        slot = b.slot("local", SLOT_BYTES)
        b.fill(slot, 0, SLOT_BYTES)
        b.store(slot, 8, self.expression(1), 8)
        b.atomic_add(slot, 8, self.operand())
        b.call("probe_read_kernel", slot, b.const(8), self.random.choice(self.slots))
        b.write(self.random.choice(self.names), b.load(slot, self.random.choice((0, 8)), 8))

    def odd_size(self) -> int:
        size = self.random.randint(1, 16)
        return max(size & -min(self.widths), min(self.widths))

    def atomic(self, size: int) -> None:
        b = self.builder
        base, offset = self.random.choice(self.slots), self.random.randrange(0, 16, 8)
        value = self.operand()
        roll = self.random.random()
        if roll < 0.4:
            b.atomic_add(base, offset, value, size)
        elif roll < 0.6:
            b.write(self.random.choice(self.names), b.fetch_add(base, offset, value, size))
        else:
            kind = self.random.choice(OTHER_ATOMICS)
            result = self.random.choice((None, b.func.new_value(Kind.INT)))
            b.emit(Atomic(result, kind, base, offset, value, size))
            if result is not None:
                b.write(self.random.choice(self.names), result)
