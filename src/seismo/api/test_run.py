"""`run_test`: a program on a packet or a context that we make up, and what it made of them."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import TypeAlias

from seismo.api.codec import ArrayCodec, Buffer, IntCodec
from seismo.api.errors import WrongType
from seismo.api.record import Record
from seismo.base.dataclass import dataclass
from seismo.isa.prog_types import ProgType
from seismo.kernel.abi import Cmd, TestRunAttr
from seismo.kernel.protocol import Kernel

__all__ = ("Context", "TestRun", "run_test")

Context: TypeAlias = Buffer | Record | Sequence[int]

_CTX_IN_ONLY = (ProgType.RAW_TRACEPOINT, ProgType.RAW_TRACEPOINT_WRITABLE, ProgType.SYSCALL)
"""What the kernel refuses a `ctx_out` for; a syscall program's it writes back to `ctx_in`."""
_GROWTH = 256
"""How much longer a program may make a packet here: more than XDP's headroom lets it."""


@dataclass(frozen=True, slots=True)
class TestRun:
    """What a test run gave: r0, the mean time of one run, the packet and the context as the program
    left them; a context that was a record is one again."""

    retval: int
    duration_ns: int
    data: bytes
    ctx: bytes | Record


def run_test(
    kernel: Kernel, program: int, type: ProgType, data: Buffer, ctx: Context, repeat: int
) -> TestRun:
    """BPF_PROG_TEST_RUN of the descriptor `program`. Raises `WrongType`, `SyscallError`."""
    if not isinstance(data, bytes | bytearray | memoryview):
        raise WrongType(f"data must be bytes, not {data!r:.40}")
    # Memory of their own: a syscall program's context is written back to where it was read.
    packet, context = array("B", bytes(data)), array("B", _context_bytes(ctx))
    out = array("B", bytes(2 * len(packet) + _GROWTH if packet else 0))
    attr = TestRunAttr(
        prog_fd=program,
        data_in=_address(packet),
        data_size_in=len(packet),
        data_out=_address(out),
        data_size_out=len(out),
        ctx_in=_address(context),
        ctx_size_in=len(context),
        repeat=repeat if repeat > 1 else 0,
    )
    if context and type not in _CTX_IN_ONLY:
        attr.ctx_out, attr.ctx_size_out = _address(context), len(context)
    kernel.bpf(Cmd.PROG_TEST_RUN, attr)
    changed = out[: attr.data_size_out].tobytes()
    left = context.tobytes()
    return TestRun(
        attr.retval,
        attr.duration,
        changed,
        ctx.from_bytes(left) if isinstance(ctx, Record) else left,
    )


def _address(data: array[int]) -> int | None:
    """Where the bytes are; None for none."""
    return data.buffer_info()[0] if data else None


def _context_bytes(ctx: Context) -> bytes:
    if isinstance(ctx, bytes | bytearray | memoryview | Record):
        return bytes(ctx)
    if not isinstance(ctx, list | tuple):
        raise WrongType(f"ctx must be a record, bytes or a list of integers, not {ctx!r:.40}")
    return ArrayCodec(IntCodec("u64", 8, signed=False), len(ctx)).encode(ctx, "ctx")
