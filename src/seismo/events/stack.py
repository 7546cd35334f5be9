"""Stacks as programs send them, and as text.

A stack is a value like others: `u32` process (0: of the kernel), `u32` number of frames, and the
frames, innermost first, zeros behind the last. A frame is the address as u64, and in mode
`build_id` a `struct bpf_stack_build_id`.

| mode | a frame |
|---|---|
| `bpftrace` | 8 spaces, `vfs_read+1` |
| `perf` | tab, `ffffffff812a4d71 vfs_read+1 ([kernel.kallsyms])`, `401136 main+42 (/tmp/a.out)` |
| `raw` | `ffffffff812a4d71` |
| `build_id` | `a3b4…ff 0x1136`, or the address where the file has no build id |

Every stack begins with a newline, and every frame ends with one.

A stack without frame pointers is sent as a sample: `u32` process, `u32` most frames, `u32` bytes of
registers, `u32` bytes of stack, then the registers as the kernel's `struct pt_regs` has them, then
the bytes from the stack pointer upwards. User space makes frames of it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeAlias

from seismo.base.dataclass import dataclass
from seismo.base.layout import BYTE_ORDER, Symbolic

__all__ = (
    "BUILD_ID_BYTES",
    "FRAME_BYTES",
    "HEADER_BYTES",
    "KERNEL_STACK",
    "SAMPLED_STACK",
    "SAMPLE_HEADER_BYTES",
    "USER_STACK",
    "Frame",
    "FrameNames",
    "StackSample",
    "frame_text",
    "is_cuttable",
    "stack_text",
)

KERNEL_STACK, USER_STACK, SAMPLED_STACK = "kstack_t", "ustack_t", "dw_ustack_t"
HEADER_BYTES, FRAME_BYTES = 8, 8
SAMPLE_HEADER_BYTES = 16
BUILD_ID_BYTES = 32  # include/uapi/linux/bpf.h: struct bpf_stack_build_id

_HEADER = struct.Struct("=II")
_SAMPLE_HEADER = struct.Struct("=IIII")
_BUILD_ID = struct.Struct("=i20sQ")
_BUILD_ID_VALID = 1  # include/uapi/linux/bpf.h: BPF_STACK_BUILD_ID_VALID
_INDENT = " " * 8


@dataclass(frozen=True, slots=True)
class Frame:
    """An address, the symbol it belongs to (`name` is "" if there is none), the bytes past the
    symbol's start, and the file or kernel module (`module` is "" if that is not known)."""

    address: int
    name: str = ""
    offset: int = 0
    module: str = ""


@dataclass(frozen=True, slots=True)
class StackSample:
    """What a thread of the process `pid` had in its registers and on its stack: `registers` are
    the kernel's `struct pt_regs`, `stack` begins where the stack pointer points to. At most `most`
    frames are wanted."""

    pid: int
    most: int
    registers: bytes
    stack: bytes


class FrameNames(Protocol):
    """Who knows the symbols of stacks; one answer for every address."""

    def kernel_frames(self, addresses: Sequence[int]) -> Sequence[Frame]:
        """The frames of a stack of the kernel's."""

    def user_frames(self, addresses: Sequence[int], pid: int) -> Sequence[Frame]:
        """The frames of a stack of the process `pid`."""

    def sampled_frames(self, sample: StackSample) -> Sequence[Frame]:
        """The frames of the stack that the sample is of."""


_Words: TypeAlias = Callable[[bytes], str]


def stack_text(type_: Symbolic, names: FrameNames) -> _Words:
    """What puts the bytes of a stack into words; `type_.detail` is the mode."""
    if type_.kind == SAMPLED_STACK:
        show = _LINES[type_.detail]
        return lambda data: _lines(map(show, names.sampled_frames(_sample(data))))
    if type_.detail == "build_id":
        return _build_ids
    if type_.detail == "raw":
        return lambda data: _lines([f"{address:x}" for address in _addresses(data)])
    write = _perf_line if type_.detail == "perf" else _plain_line
    if type_.kind == KERNEL_STACK:
        return lambda data: _lines(map(write, names.kernel_frames(_addresses(data))))
    return lambda data: _lines(map(write, names.user_frames(_addresses(data), _pid(data))))


def is_cuttable(type_: Symbolic) -> bool:
    """Whether it is a stack, of which nothing counts behind what it says that it has."""
    return type_.kind in (KERNEL_STACK, USER_STACK, SAMPLED_STACK)


def frame_text(frame: Frame) -> str:
    """`main+42`; an address without a symbol as C++ writes pointers."""
    return f"{frame.name}+{frame.offset}" if frame.name else f"{frame.address:#x}"


def _lines(frames: Sequence[str] | map[str]) -> str:
    return "".join(["\n", *[f"{frame}\n" for frame in frames]])


def _plain_line(frame: Frame) -> str:
    return _INDENT + frame_text(frame)


def _perf_line(frame: Frame) -> str:
    return f"\t{frame.address:x} {frame_text(frame)} ({frame.module or '[unknown]'})"


def _raw_line(frame: Frame) -> str:
    return f"{frame.address:x}"


_LINES: Mapping[str, Callable[[Frame], str]] = {
    "bpftrace": _plain_line,
    "perf": _perf_line,
    "raw": _raw_line,
}


def _pid(data: bytes) -> int:
    return int.from_bytes(data[:4], BYTE_ORDER)


def _addresses(data: bytes) -> tuple[int, ...]:
    _, count = _HEADER.unpack_from(data)
    return struct.unpack_from(f"={count}Q", data, HEADER_BYTES)


def _sample(data: bytes) -> StackSample:
    pid, most, registers, stack = _SAMPLE_HEADER.unpack_from(data)
    start = SAMPLE_HEADER_BYTES + registers
    return StackSample(pid, most, data[SAMPLE_HEADER_BYTES:start], data[start : start + stack])


def _build_ids(data: bytes) -> str:
    _, count = _HEADER.unpack_from(data)
    end = HEADER_BYTES + count * BUILD_ID_BYTES
    frames = _BUILD_ID.iter_unpack(data[HEADER_BYTES:end])
    return _lines(
        [
            f"{build_id.hex()} {offset:#04x}" if status == _BUILD_ID_VALID else f"{offset:x}"
            for status, build_id, offset in frames
        ]
    )
