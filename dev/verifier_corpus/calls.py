"""Programs that call helpers and functions, and give functions to helpers to call back."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from seismo.isa.insn import REGS
from seismo.isa.opcode import AluOp, JumpOp
from seismo.isa.prog_types import ProgType
from verifier_corpus.pen import (
    MAPS,
    R0,
    R1,
    R2,
    R3,
    R4,
    R5,
    R6,
    R7,
    R8,
    R10,
    SIZES,
    Pen,
)

__all__ = ("callbacks", "functions", "helpers", "references")


def helpers(pen: Pen) -> None:
    """A helper with arguments that fit, one of which is then spoilt more often than not."""
    pen.mov(R6, R1)
    if pen.often(0.8):
        for offset in range(8, 72, 8):
            pen.store(R10, -offset, 0, 8)
    write = pen.pick(tuple(_CALLS.values()))
    name = write(pen)
    if pen.often(0.3):
        _spoil(pen)
    pen.helper(name)
    if pen.often(0.1):
        pen.map_value(R1, "globals")
        pen.alu(AluOp.ADD, R1, R0)
        pen.load(R0, R1, 0, 1)
    pen.leave()


def _spoil(pen: Pen) -> None:
    """One argument becomes something else."""
    register = REGS[pen.chance.randrange(1, 6)]
    match pen.chance.randrange(6):
        case 0:
            pen.mov(register, pen.number())
        case 1:
            pen.mov(register, pen.pick((R6, R10, R0)))
        case 2:
            pen.stack_address(register, pen.pick((-8, -4, -64, -512, -513, 0)))
        case 3:
            pen.map(register, pen.pick(tuple(MAPS)))
        case 4:
            pen.alu(AluOp.ADD, register, pen.pick((0, 1, 8, -8)))
        case _:
            pen.map_value(register, pen.pick(("globals", "constants", "sink")), pen.pick((0, 8)))


def _memory(pen: Pen, pointer: int, size: int | None = None) -> None:
    """A pointer to memory in a register, and its size in the next."""
    room = pen.pick((8, 16, 64))
    match pen.chance.randrange(4):
        case 0 | 1:
            pen.stack_address(REGS[pointer], -room)
        case 2:
            pen.map_value(REGS[pointer], pen.pick(("globals", "constants")))
        case _:
            pen.stack_address(REGS[pointer], -room)
            pen.alu(AluOp.ADD, REGS[pointer], pen.pick((0, 0, 4, 8)))
    if size is not None:
        return
    if pen.often(0.6):
        pen.mov(
            REGS[pointer + 1], pen.pick((room,) * 6 + (room - 1, room + 1, 0, 1, 8, -1, 1 << 20))
        )
        return
    pen.load(REGS[pointer + 1], R10, -8, 8)
    if pen.often(0.93):
        pen.alu(AluOp.AND, REGS[pointer + 1], pen.pick((7, 15, 63, room - 1)))
    if pen.often(0.4):
        pen.alu(AluOp.ADD, REGS[pointer + 1], 1)


def _update(pen: Pen) -> str:
    name = pen.pick(("array", "hash", "hash", "percpu", "array", "hash", "constants", "queue"))
    pen.map(R1, name)
    pen.stack_address(R2, -pen.pick((8, 8, 8, 4, 16)))
    pen.stack_address(R3, -pen.pick((48, 48, 64, 24, 16)))
    pen.mov(R4, pen.pick((0, 1, 2)))
    return pen.pick(("map_update_elem", "map_update_elem", "map_delete_elem"))


def _queue(pen: Pen) -> str:
    pen.map(R1, pen.pick(("queue", "queue", "queue", "hash")))
    pen.stack_address(R2, -pen.pick((8, 16, 4)))
    pen.mov(R3, 0)
    return pen.pick(("map_push_elem", "map_pop_elem", "map_peek_elem"))


def _probe_read(pen: Pen) -> str:
    _memory(pen, 1)
    pen.mov(R3, pen.pick((0, R6)))
    names = ("probe_read_kernel", "probe_read_user", "probe_read_kernel_str", "probe_read_user_str")
    return pen.pick(names)


def _comm(pen: Pen) -> str:
    _memory(pen, 1)
    return "get_current_comm"


def _print(pen: Pen) -> str:
    _memory(pen, 1)
    for register in (R3, R4, R5):
        pen.mov(register, 0)
    return "trace_printk"


def _ring_output(pen: Pen) -> str:
    pen.map(R1, pen.pick(("ring", "ring", "ring", "ring", "events")))
    _memory(pen, 2)
    pen.mov(R4, 0)
    return "ringbuf_output"


def _perf_output(pen: Pen) -> str:
    pen.mov(R1, R6)
    pen.map(R2, pen.pick(("events", "events", "events", "events", "ring")))
    pen.ld_imm64(R3, 0xFFFFFFFF)
    _memory(pen, 4)
    return "perf_event_output"


def _stack(pen: Pen) -> str:
    pen.mov(R1, R6)
    if pen.often():
        pen.map(R2, pen.pick(("stacks", "stacks", "stacks", "array")))
        pen.mov(R3, 0)
        return "get_stackid"
    _memory(pen, 2)
    pen.mov(R4, 0)
    return "get_stack"


def _tail_call(pen: Pen) -> str:
    pen.mov(R1, R6)
    pen.map(R2, pen.pick(("tails", "tails", "tails", "array")))
    pen.mov(R3, pen.pick((0, 1, 7)))
    return "tail_call"


def _number(pen: Pen) -> str:
    pen.mov(R1, 1)
    return pen.pick(("ktime_get_ns", "get_current_pid_tgid", "get_numa_node_id", "jiffies64"))


def _parse(pen: Pen) -> str:
    _memory(pen, 1)
    pen.mov(R3, pen.pick((0, 10, 16)))
    pen.stack_address(R4, pen.pick((-8, -16, -4, -24)))
    return pen.pick(("strtol", "strtoul"))


_CALLS: Mapping[str, Callable[[Pen], str]] = {
    "update": _update,
    "queue": _queue,
    "probe_read": _probe_read,
    "comm": _comm,
    "print": _print,
    "ring_output": _ring_output,
    "perf_output": _perf_output,
    "stack": _stack,
    "tail_call": _tail_call,
    "number": _number,
    "parse": _parse,
}


def references(pen: Pen) -> None:
    """What is acquired must be released once, on every path, whole."""
    if pen.kind is ProgType.SCHED_CLS:
        _socket(pen)
        return
    size = pen.pick((8, 16, 32))
    pen.map(R1, pen.pick(("ring",) * 9 + ("events",)))
    if pen.often(0.93):
        pen.mov(R2, size)
    else:
        pen.unknown(R2)
    pen.mov(R3, 0)
    pen.helper("ringbuf_reserve")
    pen.mov(R6, R0)
    pen.unless_null(R6, likelihood=0.95)
    for _ in range(pen.chance.randrange(3)):
        match pen.chance.randrange(6):
            case 0 | 1 | 2:
                width = pen.pick(SIZES)
                pen.access(R6, pen.pick((0, size - width, size - width, size)), width)
            case 3:
                pen.unknown(R7)
                if pen.often(0.2):
                    pen.compare(R7, (R7,))
            case 4:
                pen.store(R10, -8, R6, 8)
                pen.load(R6, R10, -8, 8)
            case _:
                pen.alu(AluOp.ADD, R6, pen.pick((0, 0, 0, 8)))
    for _ in range(pen.pick((1,) * 9 + (0, 2))):
        pen.mov(R1, R6)
        pen.mov(R2, 0)
        pen.helper(pen.pick(("ringbuf_submit", "ringbuf_discard")))
    if pen.often(0.05):
        pen.load(R0, R6, 0, 8)
    pen.leave()


def _socket(pen: Pen) -> None:
    pen.mov(R6, R1)
    for offset in (8, 16, 24, 32, 40):
        pen.store(R10, -offset, 0, 8)
    pen.mov(R1, R6)
    pen.stack_address(R2, -40)
    pen.mov(R3, pen.pick((12, 36, 12, 36, 40)))
    pen.mov(R4, pen.pick((0, -1)))
    pen.mov(R5, 0)
    pen.helper(pen.pick(("sk_lookup_tcp", "sk_lookup_udp", "skc_lookup_tcp")))
    pen.mov(R7, R0)
    pen.unless_null(R7, likelihood=0.9)
    if pen.often(0.3):
        pen.load(R0, R7, pen.pick((0, 4, 8, 100)), 4)
    for _ in range(pen.pick((1,) * 7 + (0, 2))):
        pen.mov(R1, R7)
        pen.helper("sk_release")
    pen.leave()


def callbacks(pen: Pen) -> None:
    """bpf_loop and bpf_for_each_map_elem, with a callback that uses what the caller gave it."""
    callback = pen.label()
    is_loop = pen.often(0.6)
    at = -8 * pen.pick((1, 2))
    pen.store(R10, at, pen.pick((0, 3)), 8)
    if is_loop:
        pen.mov(R1, pen.pick((0, 1, 10, 1 << 20)))
    else:
        pen.map(R1, pen.pick(("array", "hash", "percpu", "array", "queue")))
    if pen.often(0.95):
        pen.ld_func(R2, callback)
    else:
        pen.mov(R2, 0)
    if pen.often(0.8):
        pen.stack_address(R3, at)
    else:
        pen.mov(R3, 0)
    pen.mov(R4, pen.pick((0,) * 9 + (1,)))
    pen.helper("loop" if is_loop else "for_each_map_elem")
    _after_callback(pen, at)
    pen.bind(callback)
    _callback(pen, is_loop=is_loop)


def _after_callback(pen: Pen, at: int) -> None:
    if pen.often(0.5):
        pen.load(R6, R10, at, 8)
        if pen.often(0.75):
            pen.bound(R6, 63)
        pen.map_value(R1, "globals")
        pen.alu(AluOp.ADD, R1, R6)
        pen.load(R0, R1, 0, 1)
    pen.leave()


def _callback(pen: Pen, *, is_loop: bool) -> None:
    context = R2 if is_loop else R4
    for _ in range(pen.chance.randrange(3)):
        match pen.chance.randrange(5):
            case 0:
                pen.load(R0, context, pen.pick((0, 0, 0, 8, -512)), 8)
                pen.alu(AluOp.ADD, R0, 1)
                pen.store(context, 0, R0, 8)
            case 1:
                pen.mov(R5, R1) if is_loop else pen.load(R5, R3, pen.pick((0, 8, 40)), 8)
            case 2:
                pen.load(R5, R2, 0, pen.pick((4, 8)))
            case 3:
                pen.store(R10, -8, 0, 8)
            case _:
                over = pen.label()
                pen.jump_if(JumpOp.JNE, context, 0, over)
                pen.leave(0)
                pen.bind(over)
    if pen.often(0.12):
        pen.unknown(R0)
        pen.exit()
    else:
        pen.leave(pen.pick((0,) * 8 + (1, 1, 1, 2, -1)))


def functions(pen: Pen) -> None:
    """Functions of the program: their arguments, their stack, what they leave and return."""
    first, second = pen.label(), pen.label()
    has_second = pen.often(0.4)
    pen.mov(R6, R1)
    pen.store(R10, -8, pen.pick((0, 1, 7)), 8)
    if pen.often(0.2):
        pen.store(R10, -pen.pick((128, 256, 400)), 0, 8)
    match pen.chance.randrange(4):
        case 0:
            pen.mov(R1, R6)
        case 1:
            pen.stack_address(R1, -8)
        case 2:
            pen.mov(R1, pen.number())
        case _:
            pen.look_up("array")
            pen.mov(R1, R0)
    pen.mov(R2, pen.pick((1, 8, 40)))
    pen.call_subprog(first)
    match pen.chance.randrange(12):
        case 0:
            pen.load(R0, pen.pick((R1, R2, R6)), 0, 8)
        case 1:
            pen.map_value(R1, "globals")
            pen.alu(AluOp.ADD, R1, R0)
            pen.load(R0, R1, 0, 1)
        case 2:
            pen.load(R0, R0, 0, 1)
        case _:
            pass
    pen.leave()
    pen.bind(first)
    _function(pen)
    if has_second:
        pen.call_subprog(second)
        pen.exit()
        pen.bind(second)
        _function(pen)
    _return(pen)


def _function(pen: Pen) -> None:
    for _ in range(pen.chance.randrange(4)):
        match pen.chance.randrange(6):
            case 0:
                pen.unless_null(R1)
            case 1:
                pen.load(R0, R1, pen.pick((0, 0, 0, 8)), pen.pick((8, 8, 4)))
            case 2:
                pen.store(R10, -pen.pick((8, 64, 64, 256, 512)), 0, 8)
            case 3:
                pen.store(R1, 0, R2, 8)
            case 4:
                pen.mov(R6, pen.pick((R1, R2, R1, R2, R1, R2, R7, R3)))
            case _:
                pen.mov(R8, R2)
                pen.alu(AluOp.AND, R8, 63)


def _return(pen: Pen) -> None:
    match pen.chance.randrange(9):
        case 0:
            pen.mov(R0, pen.pick((R1, R2, R10)))
            pen.exit()
        case 1:
            pen.exit()
        case 2:
            pen.unknown(R0)
            pen.bound(R0, pen.pick((63, 64)))
            pen.exit()
        case _:
            pen.leave()
