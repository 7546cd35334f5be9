"""Numbers as words: `strerror`, `signal_name`, `syscall_name`; names come out of constant maps."""

from __future__ import annotations

import os

from seismo.builtin.bytes import copy_bytes, store_bytes
from seismo.builtin.record import Address, Builtin, Lowering, Writer
from seismo.ir.ops import BinaryKind, Cond, Kind, Value
from seismo.lang.ast import Call
from seismo.lang.signature import Param, Signature
from seismo.lang.types import StringType

__all__ = ("BUILTINS", "NAME_BYTES", "SIGNAL_NAME", "STRERROR", "SYSCALL_NAME")

NAME_BYTES = 64
"""The size of such a string."""

_UNKNOWN_ERROR = "Unknown error"
_UNKNOWN_SIGNAL = "N/A"
_UNKNOWN_SYSCALL = "Unknown syscall"

_SIGNALS = (
    "Unknown signal 0",
    "Hangup",
    "Interrupt",
    "Quit",
    "Illegal instruction",
    "Trace/breakpoint trap",
    "Aborted",
    "Bus error",
    "Floating point exception",
    "Killed",
    "User defined signal 1",
    "Segmentation fault",
    "User defined signal 2",
    "Broken pipe",
    "Alarm clock",
    "Terminated",
    "Stack fault",
    "Child exited",
    "Continued",
    "Stopped (signal)",
    "Stopped",
    "Stopped (tty input)",
    "Stopped (tty output)",
    "Urgent I/O condition",
    "CPU time limit exceeded",
    "File size limit exceeded",
    "Virtual timer expired",
    "Profiling timer expired",
    "Window changed",
    "I/O possible",
    "Power failure",
    "Bad system call",
    # glibc keeps 32 and 33 to itself; what follows are SIGRTMIN to SIGRTMAX.
    "Unknown signal 32",
    "Unknown signal 33",
    *[f"Real-time signal {number}" for number in range(31)],
)
"""By number, in the words of strsignal(3); the same on x86-64 and arm64."""


def _name_writer(low: Lowering, number: Value, table: str, unknown: str) -> Writer:
    """The row of a number; `unknown` where there is none."""
    b = low.b
    key = low.temporary("number", 4)
    b.store(key.base, key.offset, number, 4)
    row = b.call("map_lookup_elem", b.map(table), low.address(key), kind=Kind.PTR)
    copy = copy_bytes(low, Address(row), NAME_BYTES)

    def write(to: Address) -> Value:
        b.when_set(
            row,
            lambda: _done(copy(to)),
            lambda: store_bytes(low, to, unknown.encode().ljust(NAME_BYTES, b"\0")),
        )
        return b.const(NAME_BYTES)

    return write


def _done(_: Value) -> None:
    """A writer's size that nobody has a use for."""


def _rows(names: tuple[str, ...], unknown: str) -> tuple[bytes, ...]:
    return tuple([(name or unknown).encode() for name in names])


def _number(low: Lowering, call: Call) -> Value:
    """The argument as a C int; a negative one, as unsigned, is beyond every table."""
    return low.b.extend(low.scalar(call.args[0]), 32, signed=True)


def _lower_strerror(low: Lowering, call: Call) -> Writer:
    """As the kernel's functions give errors negative, both signs are understood."""
    from seismo.builtin.error_names import ERRORS  # noqa: PLC0415 (lazy: docs/architecture.md)

    b, number, magnitude = low.b, _number(low, call), low.fresh("magnitude")
    b.write(magnitude, number)
    zero = b.const(0)
    b.when(
        Cond.SLT,
        number,
        zero,
        lambda: b.write(magnitude, b.binary(BinaryKind.SUB, zero, number)),
    )
    table = low.table("errors", NAME_BYTES, _rows(ERRORS, _UNKNOWN_ERROR))
    return _name_writer(low, b.read(magnitude), table, _UNKNOWN_ERROR)


def _lower_signal_name(low: Lowering, call: Call) -> Writer:
    table = low.table("signals", NAME_BYTES, _rows(_SIGNALS, _UNKNOWN_SIGNAL))
    return _name_writer(low, _number(low, call), table, _UNKNOWN_SIGNAL)


def _lower_syscall_name(low: Lowering, call: Call) -> Writer:
    from seismo.lang.syscall_names import SYSCALLS  # noqa: PLC0415 (lazy: docs/architecture.md)

    names = SYSCALLS.get(os.uname().machine, ("",))
    table = low.table("syscalls", NAME_BYTES, _rows(names, _UNKNOWN_SYSCALL))
    return _name_writer(low, _number(low, call), table, _UNKNOWN_SYSCALL)


STRERROR = Builtin(
    Signature(name="strerror", params=(Param("error", ("int",)),), returns=StringType(NAME_BYTES)),
    f'What an errno means, in the kernel\'s words; its sign does not matter. "{_UNKNOWN_ERROR}" '
    "for another number.",
    _lower_strerror,
    "tracepoint:syscalls:sys_exit_openat /args.ret < 0/ { @[strerror(args.ret)] = count(); }",
)
SIGNAL_NAME = Builtin(
    Signature(
        name="signal_name", params=(Param("signal", ("int",)),), returns=StringType(NAME_BYTES)
    ),
    f'What a signal means, as strsignal(3) has it. "{_UNKNOWN_SIGNAL}" for another number.',
    _lower_signal_name,
    "tracepoint:signal:signal_generate { @[signal_name(args.sig)] = count(); }",
)
SYSCALL_NAME = Builtin(
    Signature(
        name="syscall_name", params=(Param("number", ("int",)),), returns=StringType(NAME_BYTES)
    ),
    "The name of the system call with a number, on x86-64 and arm64. "
    f'"{_UNKNOWN_SYSCALL}" for another number.',
    _lower_syscall_name,
    "tracepoint:raw_syscalls:sys_enter { @[syscall_name(args.id)] = count(); }",
)

BUILTINS = (STRERROR, SIGNAL_NAME, SYSCALL_NAME)
