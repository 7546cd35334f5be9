"""`join`: an array of pointers to strings, such as an argument vector, as one line."""

from __future__ import annotations

from collections.abc import Mapping

from seismo.base.layout import U32, Buffer
from seismo.builtin.record import Address, Builtin, LoopStep, Lowering, Writer
from seismo.events.kinds import Action
from seismo.ir.ops import BinaryKind, Cond, Value
from seismo.lang.ast import Call
from seismo.lang.signature import Param, Signature
from seismo.lang.types import VOID, PointerType

__all__ = ("BUILTINS", "JOIN", "MAX_WORDS", "WORD_BYTES")

MAX_WORDS = 16
"""What follows is left out."""

WORD_BYTES = 1024
"""A word's most, its NUL included; it is cut there."""

_WORDS = Buffer(MAX_WORDS * WORD_BYTES)
_POINTER_BYTES = 8


def _lower_join(low: Lowering, call: Call) -> None:
    words, separator = call.args[0], call.args[1:]
    type_ = low.type_of(words)
    space = type_.space if isinstance(type_, PointerType) else low.default_space
    write = _words_writer(low, low.scalar(words), space, call)
    text = str(low.constant(separator[0])) if separator else " "
    low.event(Action.JOIN, text, [(_WORDS, write)], call.span)


def _words_writer(low: Lowering, words: Value, space: str, call: Call) -> Writer:
    """Up to `MAX_WORDS` strings, one behind the other's NUL, until the null pointer."""

    def write(to: Address) -> Value:
        b, start = low.b, to.at(U32.size)

        def step(inner: Lowering, index: Value, carried: Mapping[str, Value]) -> LoopStep:
            return _read_word(inner, inner.here(start), index, carried, space, call)

        carried = {"words": words, "length": b.const(0)}
        length = low.loop(b.const(MAX_WORDS), carried, step)["length"]
        b.store(to.base, to.offset, length, U32.size)
        return b.add(length, b.const(U32.size))

    return write


def _read_word(
    low: Lowering,
    start: Address,
    index: Value,
    carried: Mapping[str, Value],
    space: str,
    call: Call,
) -> LoopStep:
    """The word at `words[index]` goes to `start` + `length`; one that cannot be read is empty."""
    b, after, last = low.b, low.fresh("length"), low.fresh("last")
    words, length = carried["words"], carried["length"]
    offset = b.binary(BinaryKind.MUL, index, b.const(_POINTER_BYTES))
    pointer = low.load(b.add(words, offset), space, _POINTER_BYTES)
    b.write(after, length)
    b.write(last, b.const(1))

    def read() -> None:
        # The bound is what the kernel's verifier must see, so that a whole word fits behind it.
        b.when(Cond.LE, length, b.const(_WORDS.capacity - WORD_BYTES), copy)

    def copy() -> None:
        to = b.add(low.address(start), length)
        size = b.const(WORD_BYTES)
        read_bytes = b.call(f"probe_read_{space}_str", to, size, pointer)
        b.write(last, b.const(0))

        def fault() -> None:
            low.fault("string", f"probe_read_{space}_str", read_bytes, call.span)
            b.store(to, 0, b.const(0), 1)
            b.write(after, b.add(length, b.const(1)))

        b.when(
            Cond.SGT,
            read_bytes,
            b.const(0),
            lambda: b.write(after, b.add(length, read_bytes)),
            fault,
        )

    b.when_set(pointer, read)
    return LoopStep({"words": words, "length": b.read(after)}, stop=b.read(last))


JOIN = Builtin(
    Signature(
        name="join",
        params=(
            Param("words", ("pointer", "int")),
            Param("separator", ("string",), optional=True, literal=True),
        ),
        returns=VOID,
        is_statement=True,
    ),
    f"Prints the strings of an array of pointers (a `char **`, up to the null pointer) as a line: "
    f"at most {MAX_WORDS} of at most {WORD_BYTES - 1} bytes, with a space or `separator` between "
    "them. Since Linux 5.17 (`bpf_loop`).",
    _lower_join,
    "tracepoint:syscalls:sys_enter_execve { join(args.argv); }",
)

BUILTINS = (JOIN,)
