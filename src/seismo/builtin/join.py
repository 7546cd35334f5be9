"""`join`: an array of pointers to strings, such as an argument vector, as one line."""

from __future__ import annotations

from seismo.base.layout import U32, Buffer
from seismo.builtin.bytes import pointer_space
from seismo.builtin.record import Address, Builtin, Lowering
from seismo.builtin.words import CUT_MARK, WordList
from seismo.events.kinds import Action
from seismo.ir.ops import Value
from seismo.lang.ast import Call
from seismo.lang.signature import Param, Signature
from seismo.lang.types import VOID

__all__ = ("BUILTINS", "JOIN")

_LIST_BYTES = 16 << 10
"""As many as the 16 words of 1024 bytes that bpftrace's has room for."""


def _lower_join(low: Lowering, call: Call) -> None:
    pointer, separator = call.args[0], call.args[1:]
    words, space = low.scalar(pointer), pointer_space(low, pointer)

    def write(to: Address) -> Value:
        b = low.b
        length = WordList(to.at(U32.size), _LIST_BYTES).read(low, words, space, call.span)
        b.store(to.base, to.offset, length, U32.size)
        return b.add(length, b.const(U32.size))

    text = str(low.constant(separator[0])) if separator else " "
    form = Buffer(WordList.capacity(_LIST_BYTES), "words")
    low.event(Action.JOIN, text, [(form, write)], call.span)


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
    "Prints the strings of an array of pointers (a `char **`, up to the null pointer) as a line, "
    f"with a space or `separator` between them. What is longer than {_LIST_BYTES >> 10} KiB ends "
    f"in `{CUT_MARK}`. argv() gives them as a value. Since Linux 5.17 (`bpf_loop`).",
    _lower_join,
    "tracepoint:syscalls:sys_enter_execve { join(args.argv); }",
)

BUILTINS = (JOIN,)
