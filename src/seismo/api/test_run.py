"""`run_test`: a program on a packet or a context that we make up, and what it made of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from seismo.api.codec import ArrayCodec, Buffer, IntCodec
from seismo.api.errors import WrongType
from seismo.api.record import Record
from seismo.base.dataclass import dataclass
from seismo.isa.prog_types import ProgType
from seismo.kernel import bpf
from seismo.kernel.protocol import Kernel

__all__ = ("Context", "TestRun", "run_test")

Context: TypeAlias = Buffer | Record | Sequence[int]

_CTX_IN_ONLY = (ProgType.RAW_TRACEPOINT, ProgType.RAW_TRACEPOINT_WRITABLE, ProgType.SYSCALL)
"""What the kernel refuses a `ctx_out` for; a syscall program's it writes back to `ctx_in`."""


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
    run = bpf.prog_test_run(
        kernel,
        program,
        data=bytes(data),
        ctx=_context_bytes(ctx),
        repeat=repeat if repeat > 1 else 0,
        has_ctx_out=type not in _CTX_IN_ONLY,
    )
    left = ctx.from_bytes(run.ctx) if isinstance(ctx, Record) else run.ctx
    return TestRun(run.retval, run.duration_ns, run.data, left)


def _context_bytes(ctx: Context) -> bytes:
    if isinstance(ctx, bytes | bytearray | memoryview | Record):
        return bytes(ctx)
    if not isinstance(ctx, list | tuple):
        raise WrongType(f"ctx must be a record, bytes or a list of integers, not {ctx!r:.40}")
    return ArrayCodec(IntCodec("u64", 8, signed=False), len(ctx)).encode(ctx, "ctx")
