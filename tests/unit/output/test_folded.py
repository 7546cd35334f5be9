"""What stacks print as becomes frames, and frames become folded lines."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from seismo.base.layout import Symbolic
from seismo.events.stack import HEADER_BYTES, USER_STACK, Frame, StackSample, stack_text
from seismo.output.folded import GENERATED, KERNEL, folded, frames_of, merged

FRAMES = (
    Frame(0x7F0000001010, "read", 16, "/usr/lib/libc.so.6"),
    Frame(0x401136, "ns::f(int, char)", 42, "/opt/a b"),
    Frame(0x401200, "operator+(A const&)", 3, "/opt/a b (deleted)"),
    Frame(0x7F1234, "py::main:/x.py", 7, "/tmp/perf-12.map"),
    Frame(0x402000, module="/opt/tool"),
    Frame(0x7FFD00, module="[vdso]"),
    Frame(0xDEAD),
)


class Names:
    """Knows these frames of every process."""

    def kernel_frames(self, addresses: Sequence[int]) -> Sequence[Frame]:
        raise AssertionError("no stack of the kernel is asked for")

    def user_frames(self, addresses: Sequence[int], pid: int) -> Sequence[Frame]:
        return FRAMES

    def sampled_frames(self, sample: StackSample) -> Sequence[Frame]:
        return FRAMES


def printed(mode: str) -> str:
    """What a stack of these frames prints as."""
    return stack_text(Symbolic(USER_STACK, HEADER_BYTES, mode), Names())(bytes(HEADER_BYTES))


def test_frames_are_outermost_first_and_without_offsets() -> None:
    assert frames_of(printed("bpftrace")) == (
        "[unknown]",
        "[unknown]",
        "[unknown]",
        "py::main:/x.py",
        "operator+(A const&)",
        "ns::f(int, char)",
        "read",
    )


def test_files_name_what_has_no_symbol() -> None:
    assert frames_of(printed("perf")) == (
        "[unknown]",
        "[vdso]",
        "[tool]",
        "py::main:/x.py" + GENERATED,
        "operator+(A const&)",
        "ns::f(int, char)",
        "read",
    )


def test_raw_addresses_and_build_ids_stay() -> None:
    assert frames_of("\nffffffff812a4d71\n7f0010\n") == ("7f0010", "ffffffff812a4d71")
    assert frames_of("\na3b4 0x1136\n") == ("a3b4 0x1136",)


def test_a_mark_is_behind_every_frame() -> None:
    text = "\n        vfs_read+1\n        do_syscall_64+99\n"
    assert frames_of(text, KERNEL) == ("do_syscall_64_[k]", "vfs_read_[k]")


@pytest.mark.parametrize("text", ["", "\n"])
def test_no_stack_has_no_frames(text: str) -> None:
    assert frames_of(text) == ()


def test_stacks_that_differ_in_offsets_add_up() -> None:
    texts = [("\n        f+1\n", 2), ("\n        f+8\n", 3), ("\n        g+1\n", 4)]
    assert merged((frames_of(text), weight) for text, weight in texts) == {("f",): 5, ("g",): 4}


def test_folded_lines_are_sorted() -> None:
    stacks = {("main", "write"): 1, ("main",): 20, ("init", "f"): 300}
    assert folded(stacks) == "init;f 300\nmain 20\nmain;write 1\n"


def test_no_name_can_break_a_folded_line() -> None:
    assert folded({("a;b\nc", "\udcff d"): 1, (): 2}) == "[unknown] 2\na:b\\nc;\\xff d 1\n"


def test_no_stacks_are_no_text() -> None:
    assert folded({}) == ""
