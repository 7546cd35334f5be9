"""Programs as LLVM's language: each function of a program becomes one native function.

    define i32 @f0(ptr %s)

`%s` points to the words of a frame (`state.py`). The code keeps the registers to itself and comes
back to Python for what it cannot do: a call, a region that it does not know. Then it has put them
into the frame, and when it is called again it goes on from there; so nothing of Python ever runs
below native code, and errors are raised where Python can raise them.

Stores of registers between are no stores in the end: LLVM makes SSA of what `alloca` made.
"""

from __future__ import annotations

from collections.abc import Sequence

from seismo.isa.cfg import BasicBlock, FlowGraph
from seismo.isa.insn import REGS, Insn, Reg
from seismo.isa.opcode import (
    LD_IMM64,
    MODE_MASK,
    SIZE_MASK,
    AtomicOp,
    Class,
    Mode,
)
from seismo.vm.callx import CALLX
from seismo.vm.memory import OFFSET_MASK, SLAB_BITS
from seismo.vm.native.operations import Text, alu, atomic, condition
from seismo.vm.native.regions import ENTRY_WORDS, TABLE_ENTRIES
from seismo.vm.native.state import Status, Word
from seismo.vm.program import Program
from seismo.vm.run import STACK_BYTES
from seismo.vm.semantics import ACCESS_BYTES, has_register, immediate

__all__ = ("DECLARATIONS", "FunctionText", "is_packet_load", "is_write")

DECLARATIONS = "".join(f"declare i{bits} @llvm.bswap.i{bits}(i{bits})\n" for bits in (16, 32, 64))

_VARIABLES = {f"r{register:d}": int(register) for register in REGS} | {
    word.name.lower(): int(word) for word in (Word.LEFT, Word.POINT, Word.INDEX, Word.ADDRESS)
}
"""What the code changes of a frame, by the words that it takes it from and gives it back to."""


def is_packet_load(insn: Insn) -> bool:
    """Whether it loads from a packet."""
    return insn.op & 7 == Class.LD and insn.op != LD_IMM64


def is_write(insn: Insn) -> bool:
    """Whether a load, a store or an atomic operation writes what it accesses."""
    is_atomic_load = insn.op & 7 == Class.STX and insn.imm == AtomicOp.LOAD_ACQ
    return insn.op & 7 != Class.LDX and not (insn.op & MODE_MASK == Mode.ATOMIC and is_atomic_load)


class FunctionText:
    """Writes the function that begins with block number `entry`."""

    def __init__(self, program: Program, graph: FlowGraph, entry: int) -> None:
        self._program = program
        self._graph = graph
        self._entry = entry
        self._text = Text()
        self._points: list[str] = []

    def lines(self) -> list[str]:
        """The function's lines."""
        for block in self._reachable():
            self._block(block)
        self._leave()
        start = self._graph.blocks[self._entry].start
        return [f"define i32 @f{start}(ptr %s) {{", *self._begin(), *self._text.lines, "}"]

    def _reachable(self) -> list[BasicBlock]:
        found, waiting = {self._entry}, [self._entry]
        while waiting:
            for other in self._graph.blocks[waiting.pop()].successors:
                if other not in found:
                    found.add(other)
                    waiting.append(other)
        return [self._graph.blocks[one] for one in sorted(found)]

    def _begin(self) -> Sequence[str]:
        """Take the frame's words over, and go where the code left off."""
        begin = Text()
        begin.label("begin")
        begin.put("%status = alloca i32")
        for name, number in _VARIABLES.items():
            begin.put(f"%{name} = alloca i64")
            begin.put(f"%{name}.word = getelementptr i64, ptr %s, i64 {number}")
            begin.put(f"%{name}.first = load i64, ptr %{name}.word")
            begin.put(f"store i64 %{name}.first, ptr %{name}")
        for name in ("stack", "table"):
            begin.put(f"%{name}.word = getelementptr i64, ptr %s, i64 {Word[name.upper()]:d}")
            begin.put(f"%{name} = load ptr, ptr %{name}.word")
        places = " ".join([f"i64 {n}, label %{one}" for n, one in enumerate(self._points, 1)])
        begin.put(f"switch i64 %point.first, label %b{self._entry} [{places}]")
        return begin.lines

    def _leave(self) -> None:
        """Give the frame's words back."""
        text = self._text
        text.label("leave")
        for name in _VARIABLES:
            value = text.value(f"load i64, ptr %{name}")
            text.put(f"store i64 {value}, ptr %{name}.word")
        text.put(f"ret i32 {text.value('load i32, ptr %status')}")

    def _come_back(self, status: Status, index: int, point: int = 0) -> None:
        """Leave for Python, and be called again for the point."""
        self._text.put(f"store i32 {status:d}, ptr %status")
        self._text.put(f"store i64 {index}, ptr %index")
        self._text.put(f"store i64 {point}, ptr %point")
        self._text.put("br label %leave")

    def _point(self) -> int:
        """A new place to go on from, where the next line is."""
        self._points.append(f"p{len(self._points) + 1}")
        return len(self._points)

    def _block(self, block: BasicBlock) -> None:
        """Steps are counted together, up to one after which the rest may not run."""
        insns = self._program.insns
        self._text.label(f"b{block.number}")
        counted = block.start
        for index in range(block.start, block.end):
            if index == counted:
                ends = (at + 1 for at in range(index, block.end) if _may_leave(insns[at]))
                counted = next(ends, block.end)
                self._count(counted - index, index)
            self._insn(insns[index], index)
        last = insns[block.end - 1]
        if last.is_conditional and last.op != CALLX:
            self._branch(last, block)
        elif not last.is_exit:
            self._text.put(f"br label %b{block.successors[0]}")

    def _count(self, steps: int, index: int) -> None:
        text = self._text
        before = text.value("load i64, ptr %left")
        left = text.value(f"sub i64 {before}, {steps}")
        text.put(f"store i64 {left}, ptr %left")
        is_spent = text.value(f"icmp slt i64 {left}, 0")
        text.put(f"br i1 {is_spent}, label %spent{index}, label %s{index}")
        text.label(f"spent{index}")
        self._come_back(Status.SPENT, index)
        text.label(f"s{index}")

    def _branch(self, insn: Insn, block: BasicBlock) -> None:
        if insn.is_may_goto:
            answer = self._ask(block.end - 1)
            is_taken = self._text.value(f"icmp ne i64 {answer}, 0")
        else:
            is_taken = condition(self._text, insn, self._register(insn.dst), self._operand(insn))
        through, target = block.successors
        self._text.put(f"br i1 {is_taken}, label %b{target}, label %b{through}")

    def _insn(self, insn: Insn, index: int) -> None:
        match insn.op & 7:
            case Class.ALU | Class.ALU64:
                value = alu(self._text, insn, self._register(insn.dst), self._operand(insn))
                self._set(insn.dst, value)
            case Class.LD if insn.op == LD_IMM64:
                self._set(insn.dst, str(self._program.values[index]))
            case Class.LD:
                self._set(Reg.R0, self._ask(index))
            case Class.LDX if index in self._program.pointer_loads:
                self._set(insn.dst, self._ask(index))
            case Class.LDX:
                self._load(insn, index)
            case Class.ST:
                self._store(insn, index)
            case Class.STX if insn.op & MODE_MASK == Mode.ATOMIC:
                self._atomic(insn, index)
            case Class.STX:
                self._store(insn, index)
            case _ if insn.is_exit:
                self._come_back(Status.EXIT, index)
            case _ if insn.is_call or insn.op == CALLX:
                self._set(Reg.R0, self._ask(index))

    def _ask(self, index: int) -> str:
        """What Python answers for the instruction."""
        point = self._point()
        self._come_back(Status.ASK, index, point)
        self._text.label(f"p{point}")
        word = self._text.value(f"getelementptr i64, ptr %s, i64 {Word.ANSWER:d}")
        return self._text.value(f"load i64, ptr {word}")

    def _load(self, insn: Insn, index: int) -> None:
        bits = 8 * _bytes(insn)
        place = self._place(insn, insn.src, index)
        value = self._text.value(f"load i{bits}, ptr {place}, align 1")
        how = "sext" if insn.op & 7 == Class.LDX and insn.op & MODE_MASK == Mode.MEMSX else "zext"
        self._set(insn.dst, self._text.widen(value, bits, how))

    def _store(self, insn: Insn, index: int) -> None:
        bits = 8 * _bytes(insn)
        place = self._place(insn, insn.dst, index)
        value = str(insn.imm) if insn.op & 7 == Class.ST else self._register(insn.src)
        self._text.put(f"store i{bits} {self._text.narrow(value, bits)}, ptr {place}, align 1")

    def _atomic(self, insn: Insn, index: int) -> None:
        """Nothing else runs meanwhile, so that all of it is atomic."""
        if insn.imm == AtomicOp.LOAD_ACQ:
            self._load(insn, index)
            return
        if insn.imm == AtomicOp.STORE_REL:
            self._store(insn, index)
            return
        text, bits = self._text, 8 * _bytes(insn)
        place = self._place(insn, insn.dst, index)
        old = text.value(f"load i{bits}, ptr {place}, align 1")
        value = text.narrow(self._register(insn.src), bits)
        expected = text.narrow(self._register(Reg.R0), bits)
        new = atomic(text, insn, old, value, expected, bits)
        text.put(f"store i{bits} {new}, ptr {place}, align 1")
        if insn.imm & AtomicOp.FETCH:
            target = Reg.R0 if insn.imm == AtomicOp.CMPXCHG else insn.src
            self._set(target, text.widen(old, bits))

    def _place(self, insn: Insn, base: Reg, index: int) -> str:
        """A pointer to what is accessed, which the access has been found to be within.

        The code may go on from here, so that no value from before can be used after.
        """
        text, size = self._text, _bytes(insn)
        if base == Reg.R10 and -STACK_BYTES <= insn.off <= -size:
            return text.value(f"getelementptr i8, ptr %stack, i64 {STACK_BYTES + insn.off}")
        point = self._point()
        text.put(f"br label %p{point}")
        text.label(f"p{point}")
        address = text.value(f"add i64 {self._register(base)}, {insn.off}")
        slab = text.value(f"lshr i64 {address}, {SLAB_BITS}")
        offset = text.value(f"and i64 {address}, {OFFSET_MASK}")
        entry = self._entry_of(slab)
        is_known = text.value(f"icmp eq i64 {text.value(f'load i64, ptr {entry}')}, {slab}")
        limit = self._entry_word(entry, 3 if is_write(insn) else 2)
        end = text.value(f"add i64 {offset}, {size}")
        is_inside = text.value(f"icmp ule i64 {end}, {limit}")
        is_good = text.value(f"and i1 {is_known}, {is_inside}")
        text.put(f"br i1 {is_good}, label %hit{point}, label %miss{point}")
        text.label(f"miss{point}")
        text.put(f"store i64 {address}, ptr %address")
        self._come_back(Status.MISS, index, point)
        text.label(f"hit{point}")
        data = text.value(f"inttoptr i64 {self._entry_word(entry, 1)} to ptr")
        return text.value(f"getelementptr i8, ptr {data}, i64 {offset}")

    def _entry_of(self, slab: str) -> str:
        """Where the table would have the slab: `regions.py`."""
        half = self._text.value(f"lshr i64 {slab}, 1")
        number = self._text.value(f"and i64 {half}, {TABLE_ENTRIES - 1}")
        return self._text.value(f"getelementptr [{ENTRY_WORDS} x i64], ptr %table, i64 {number}")

    def _entry_word(self, entry: str, number: int) -> str:
        place = self._text.value(f"getelementptr i64, ptr {entry}, i64 {number}")
        return self._text.value(f"load i64, ptr {place}")

    def _operand(self, insn: Insn) -> str:
        """The second operand, of what has one."""
        return self._register(insn.src) if has_register(insn) else str(immediate(insn))

    def _register(self, register: Reg) -> str:
        return self._text.value(f"load i64, ptr %r{register:d}")

    def _set(self, register: Reg, value: str) -> None:
        self._text.put(f"store i64 {value}, ptr %r{register:d}")


def _bytes(insn: Insn) -> int:
    return ACCESS_BYTES[insn.op & SIZE_MASK]


def _may_leave(insn: Insn) -> bool:
    """Whether it may end the function or use up steps of its own."""
    return is_packet_load(insn) or insn.is_call or insn.op == CALLX
