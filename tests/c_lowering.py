"""What tests of lowering C share: a function lowered to the IR, and run there.

>>> answer_of("int f(unsigned long *ctx) { return ctx[0] + 1; }", 41)
42
"""

from __future__ import annotations

from collections.abc import Sequence

from bpf_machine import run_machine
from c_checks import check_c
from c_kernels import RECORDED
from seismo.c.entry import entry_of
from seismo.c.flavour import RAW_TRACEPOINT, Flavour
from seismo.c.host import ProgramHost
from seismo.c.lower.program import lower_program
from seismo.codegen.emit import generate
from seismo.codegen.stack import StackOverflow
from seismo.ir.func import Func
from seismo.ir.interp import Fault, Memory, interpret
from seismo.ir.ops import Call, CallFunc
from seismo.ir.passes.copyprop import copyprop
from seismo.ir.passes.known_loads import known_loads
from seismo.ir.pipeline import optimize
from seismo.ir.verify import verify

__all__ = ("answer_of", "answers_of", "calls_in", "has_loop", "lowered", "read_memory")

_READERS = ("probe_read", "probe_read_kernel", "probe_read_user")


def lowered(text: str, flavour: Flavour = RAW_TRACEPOINT) -> Func:
    """The function `f` of a text."""
    unit = check_c(text)
    entry = entry_of(flavour, "f", "x86_64")
    func = lower_program(unit.functions["f"], entry, ProgramHost(unit, flavour, RECORDED))
    verify(func, "ir")
    return func


def read_memory(name: str, args: Sequence[int], memory: Memory) -> int:
    """A helper that reads memory, and clears its target where there is none."""
    if name not in _READERS:
        raise Fault(f"call of {name}")
    target, size, source = args[:3]
    try:
        data = memory.read(source, size)
    except Fault:
        memory.write(target, bytes(size))
        return -14
    memory.write(target, data)
    return 0


def answers_of(func: Func, context: bytes) -> list[int]:
    """What a function gives as lowered, optimised and compiled (if the stack is large enough)."""
    loaded = known_loads(copyprop(func))
    verify(loaded, "known_loads")
    optimized = optimize(loaded, check=True)
    answers = [
        interpret(one, context=context, call=read_memory, max_ops=1_000_000)
        for one in (func, loaded, optimized)
    ]
    try:
        code = generate(optimized)
    except StackOverflow:
        return answers
    run = run_machine(code.insns, context=context, call=read_memory, max_insns=1_000_000)
    return [*answers, run]


def answer_of(text: str, *args: int) -> int:
    """What `f` gives for a context of these numbers, whichever way it is run."""
    context = b"".join((one & (1 << 64) - 1).to_bytes(8, "little") for one in args)
    (answer,) = set(answers_of(lowered(text), context))
    return answer


def calls_in(func: Func) -> list[str]:
    """The helpers that a function calls, in the order of its blocks."""
    return [
        op.helper if isinstance(op, Call) else op.func
        for block in func.blocks
        for op in block.ops
        if isinstance(op, (Call, CallFunc))
    ]


def has_loop(func: Func) -> bool:
    """Whether something jumps back."""
    labels = [block.label for block in func.blocks]
    return any(
        labels.index(edge.target) <= index
        for index, block in enumerate(func.blocks)
        for edge in block.end.edges
    )
