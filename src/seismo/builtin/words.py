"""Lists of words: `argv cmdline`, and how programs read them.

A list is a buffer of strings, a NUL behind each; one that was cut ends in a mark without a NUL.
"""

from __future__ import annotations

from collections.abc import Mapping

from seismo.base.dataclass import dataclass
from seismo.base.layout import U32
from seismo.base.source import Span
from seismo.builtin.bytes import UNREADABLE, clamped, pointer_space, read_string_at, store_bytes
from seismo.builtin.kernel_records import read_members
from seismo.builtin.record import Address, Builtin, LoopStep, Lowering, Writer
from seismo.builtin.turn import Turn
from seismo.ir.ops import BinaryKind, Cond, Value
from seismo.lang.ast import Call
from seismo.lang.signature import Param, Signature
from seismo.lang.types import BufferType

__all__ = ("ARGV", "BUILTINS", "CMDLINE", "CUT_MARK", "WordList")

CUT_MARK = "..."
"""Stands for what there was no room for."""

_LIST_BYTES = 8 << 10
_CHUNK_BYTES = 1 << 10
"""How much of a word is read at once; a longer one takes several turns."""

_POINTER_BYTES = 8


@dataclass(frozen=True, slots=True)
class WordList:
    """Room for `size` bytes of words, whatever is read last: at `home`, in scratch memory."""

    home: Address
    size: int

    @staticmethod
    def capacity(size: int) -> int:
        """What it takes: the kernel's verifier must see that a whole piece fits behind all else."""
        return size + _CHUNK_BYTES

    def read(self, low: Lowering, words: Value, space: str, span: Span) -> Value:
        """Read the strings of an array of pointers in `space` memory, up to the null pointer: how
        many bytes they are. Since Linux 5.17 (`bpf_loop`)."""
        b, length = low.b, low.fresh("length")
        b.write(length, b.const(0))

        def step(inner: Lowering, _: Value, now: Mapping[str, Value]) -> LoopStep:
            return _Step(inner, self, Turn(inner, now), space, span).run()

        def read_all() -> None:
            none = b.const(0)
            carried = {"words": words, "word": none, "length": none, "is_whole": none}
            # Each step but the last reads a byte at least, and one may find that there is no room.
            last = low.loop(b.const(self.size + 2), carried, step)
            b.write(length, last["length"])
            b.when(Cond.EQ, last["is_whole"], none, lambda: self._mark(low, length))

        b.when_set(words, read_all)
        return b.read(length)

    def read_at_once(self, low: Lowering, start: Value, size: Value) -> Value:
        """Read `size` bytes of user memory that are a list already: how many that were."""
        b, length = low.b, low.fresh("length")
        most = b.const(self.size)
        count = clamped(low, size, self.size)
        failed = low.read_memory(self.home, count, start, "user")
        b.write(length, count)

        def unreadable() -> None:
            b.write(length, low.text(UNREADABLE)(self.home))

        def check_size() -> None:
            b.when(Cond.GT, size, most, lambda: self._mark(low, length))

        b.when_set(failed, unreadable, check_size)
        return b.read(length)

    def writer(self, low: Lowering, length: Value) -> Writer:
        """A writer of the list as a `Buffer`."""
        count = clamped(low, length, self.capacity(self.size))

        def write(to: Address) -> Value:
            b = low.b
            b.store(to.base, to.offset, count, U32.size)
            b.call("probe_read_kernel", low.address(to.at(U32.size)), count, low.address(self.home))
            return b.add(count, b.const(U32.size))

        return write

    def _mark(self, low: Lowering, length: str) -> None:
        """Add the mark of a list that was cut."""
        b, content = low.b, CUT_MARK.encode()
        end = clamped(low, b.read(length), self.capacity(self.size) - len(content))
        store_bytes(low, Address(b.add(low.address(self.home), end)), content)
        b.write(length, b.add(end, b.const(len(content))))


class _Step:
    """A step of reading a list: a word, or a piece of a long one, of which `word` is the rest."""

    def __init__(self, low: Lowering, words: WordList, turn: Turn, space: str, span: Span) -> None:
        self._low = low
        self._list = words
        self._turn = turn
        self._space = space
        self._span = span
        self._from = low.fresh("from")

    def run(self) -> LoopStep:
        b, now = self._low.b, self._turn.now
        b.span = self._span
        has_room = Cond.LE, now["length"], b.const(self._list.size)
        b.when(*has_room, self._read)
        return self._turn.end()

    def _read(self) -> None:
        b, now = self._low.b, self._turn.now
        b.write(self._from, now["word"])
        b.when(Cond.EQ, now["word"], b.const(0), self._take)
        b.when_set(b.read(self._from), self._copy)

    def _take(self) -> None:
        """The next word, if there is one."""
        low, b, words = self._low, self._low.b, self._turn.now["words"]
        size = b.const(_POINTER_BYTES)
        to = low.temporary("word", _POINTER_BYTES)
        failed = low.read_memory(to, size, words, self._space)

        def look() -> None:
            word = b.load(to.base, to.offset, _POINTER_BYTES)
            b.write(self._from, word)
            self._turn.set(words=b.add(words, size), is_whole=b.compare(Cond.EQ, word, b.const(0)))

        b.when(Cond.EQ, failed, b.const(0), look)

    def _copy(self) -> None:
        low, b, length = self._low, self._low.b, self._turn.now["length"]
        to = Address(b.add(low.address(low.here(self._list.home)), length))
        word, helper = b.read(self._from), f"probe_read_{self._space}_str"
        used = read_string_at(low, helper, to, b.const(_CHUNK_BYTES), word)

        def unreadable() -> None:
            low.fault("string", helper, used, self._span)
            after = b.add(length, low.text(UNREADABLE)(to))
            self._turn.go_on(length=after, word=b.const(0))

        def is_long() -> None:
            """What follows may be the NUL alone."""
            piece = b.const(_CHUNK_BYTES - 1)
            self._turn.go_on(length=b.add(length, piece), word=b.add(word, piece))

        def is_complete() -> None:
            self._turn.go_on(length=b.add(length, used), word=b.const(0))

        def is_read() -> None:
            b.when(Cond.EQ, used, b.const(_CHUNK_BYTES), is_long, is_complete)

        b.when(Cond.SLT, used, b.const(0), unreadable, is_read)


def _lower_argv(low: Lowering, call: Call) -> Writer:
    pointer, words = call.args[0], _list(low)
    length = words.read(low, low.scalar(pointer), pointer_space(low, pointer), call.span)
    return words.writer(low, length)


def _lower_cmdline(low: Lowering, call: Call) -> Writer:
    b, words, length = low.b, _list(low), low.fresh("length")
    task = b.call("get_current_task", pure=True)
    (memory,) = read_members(low, "struct task_struct", task, "mm")
    b.write(length, b.const(0))

    def read() -> None:
        start, end = read_members(low, "struct mm_struct", memory, "arg_start", "arg_end")
        size = b.binary(BinaryKind.SUB, end, start)
        b.write(length, words.read_at_once(low, start, size))

    b.when_set(memory, read)
    return words.writer(low, b.read(length))


def _list(low: Lowering) -> WordList:
    return WordList(low.scratch(WordList.capacity(_LIST_BYTES)), _LIST_BYTES)


_LIST = BufferType(WordList.capacity(_LIST_BYTES), "words")
_FORM = (
    "It is printed with a space between the words, in JSON as a list of strings; "
    f"{_LIST_BYTES >> 10} KiB of it are kept, and what is longer ends in `{CUT_MARK}`. A word that "
    f"cannot be read is `{UNREADABLE}`, and counted. It can be kept in a variable and in a map, "
    "but is no key."
)

ARGV = Builtin(
    Signature(name="argv", params=(Param("words", ("pointer", "int")),), returns=_LIST),
    "The strings of an array of pointers, up to the null pointer, such as the arguments of execve. "
    f"{_FORM} Since Linux 5.17 (`bpf_loop`).",
    _lower_argv,
    "tracepoint:syscalls:sys_enter_execve { print(argv(args.argv)); }",
)
CMDLINE = Builtin(
    Signature(name="cmdline", params=(), returns=_LIST, is_variable=True),
    "The arguments of the current process, as /proc/PID/cmdline has them: those that it was "
    "started with, unless it has changed them. Of a thread of the kernel, and of a process at its "
    f"end, there are none. {_FORM}",
    _lower_cmdline,
    'tracepoint:sched:sched_process_exec { printf("%d %s\\n", pid, cmdline()); }',
)

BUILTINS = (ARGV, CMDLINE)
