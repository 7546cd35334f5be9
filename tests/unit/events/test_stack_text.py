"""Stacks of bytes to text, in every mode."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import pytest

from seismo.base.layout import Symbolic
from seismo.events.decode import Reading, value_decoder
from seismo.events.stack import Frame, StackSample, frame_text
from seismo.events.symbolic import RAW, symbolic_text

NAMES = {16: Frame(16, "read", 0, "[ext4]"), 32: Frame(32, "a b::c(int)", 12, "/bin/a")}


class _Names:
    """Knows some frames of the kernel, and all of process 7 by their index."""

    def kernel_frames(self, addresses: Sequence[int]) -> Sequence[Frame]:
        return [NAMES.get(one, Frame(one)) for one in addresses]

    def user_frames(self, addresses: Sequence[int], pid: int) -> Sequence[Frame]:
        return [Frame(one, f"of{pid}", at) for at, one in enumerate(addresses)]

    def sampled_frames(self, sample: StackSample) -> Sequence[Frame]:
        size = len(sample.stack)
        return [Frame(size, sample.registers.decode(), sample.pid)] * sample.most


def stack(*addresses: int, pid: int = 0, limit: int = 5) -> bytes:
    """A stack's bytes, with something behind the last frame that is not to be read."""
    header = struct.pack("=II", pid, len(addresses))
    return header + struct.pack(f"={len(addresses)}Q", *addresses).ljust(8 * limit, b"\xee")


def text(kind: str, mode: str, data: bytes) -> str:
    return symbolic_text(Symbolic(kind, len(data), mode), _Names())(data)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("mode", "shown"),
    [
        ("bpftrace", "\n        read+0\n        a b::c(int)+12\n        0xfff\n"),
        (
            "perf",
            "\n\t10 read+0 ([ext4])\n\t20 a b::c(int)+12 (/bin/a)\n\tfff 0xfff ([unknown])\n",
        ),
        ("raw", "\n10\n20\nfff\n"),
    ],
)
def test_a_stack_of_the_kernels(mode: str, shown: str) -> None:
    assert text("kstack_t", mode, stack(16, 32, 0xFFF)) == shown


def test_a_stack_of_a_process() -> None:
    assert text("ustack_t", "bpftrace", stack(16, 16, pid=7)) == (
        "\n        of7+0\n        of7+1\n"
    )


@pytest.mark.parametrize(
    ("mode", "line"),
    [("bpftrace", "        regs+7\n"), ("perf", "\t3 regs+7 ([unknown])\n"), ("raw", "3\n")],
)
def test_a_sample_is_the_frames_that_it_is_found_to_have(mode: str, line: str) -> None:
    data = struct.pack("=IIII4s3s9x", 7, 2, 4, 3, b"regs", b"abc")
    assert text("dw_ustack_t", mode, data) == f"\n{line}{line}"


@pytest.mark.parametrize("mode", ["bpftrace", "perf", "raw", "build_id"])
def test_a_stack_without_frames_is_a_newline(mode: str) -> None:
    assert text("ustack_t", mode, stack(pid=7, limit=8)) == "\n"


def test_build_ids_and_what_has_none() -> None:
    frames = [(1, bytes(range(20)), 0x1136), (1, bytes(20), 7), (2, bytes(20), 0x7FFF12)]
    data = struct.pack("=II", 7, len(frames))
    data += b"".join(struct.pack("=i20sQ", *frame) for frame in frames) + bytes(32)
    assert text("ustack_t", "build_id", data) == (
        f"\n{bytes(range(20)).hex()} 0x1136\n{'00' * 20} 0x07\n7fff12\n"
    )


def test_without_a_resolver_frames_are_addresses() -> None:
    decode = value_decoder(Symbolic("kstack_t", 48, "bpftrace"), Reading(resolver=RAW))
    assert decode(stack(16, 255)) == "\n        0x10\n        0xff\n"


def test_a_frame_by_itself() -> None:
    assert frame_text(NAMES[32]) == "a b::c(int)+12"
    assert frame_text(Frame(4096)) == "0x1000"
