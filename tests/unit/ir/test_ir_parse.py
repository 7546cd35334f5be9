"""Listings read back; what is no listing is refused with its line."""

from __future__ import annotations

import pytest

from seismo.base.errors import AsmError
from seismo.ir.ops import Kind
from seismo.ir.parse import parse, parse_module

EVERYTHING = """\
func all(%p0)
entry:
    %1 = const -5
    %p2 = slot key1[16]
    %p3 = slot odd2[3] align 1
    %p4 = map @counts
    %5 = load.u16 %p0+8
    %17 = load.s32 %p0+24 record_offset(sched:sched_switch, prev_prio)
    %18 = symbol 1816 field_byte_offset(struct task_struct, fs.root)
    %6 = load.s32 %p2-4
    %7 = add32 %5, %6
    %8 = sext8 %7
    %9 = zext32 %8
    %10 = swap64 %9
    %11 = cmp.sge32 %10, %1
    store.u8 %p3+2, %11
    fill %p2+0, 16
    copy %p2+8, %p3+0, 3 align 1
    atomic.add64 %p2+0, %11
    %12 = atomic.xchg32 %p2+0, %11
    %13 = pure get_current_pid_tgid()
    %p14 = call map_lookup_elem(%p4, %p2)
    call trace_printk(%12, %13)
    branch.set32 %11, %1 ? a(%1, %p14) : b
a(%15, %p16):
    jump b
b:
    return %1"""


def test_every_op_reads_back() -> None:
    func = parse(EVERYTHING)
    assert str(func) == EVERYTHING
    assert func.next_id == 18
    assert [value.kind for value in func.blocks[1].params] == [Kind.INT, Kind.PTR]
    assert [slot.alignment for slot in func.slots] == [8, 1]


MODULE = """\
func one(%p0)
entry:
    %p1 = func @turn
    %2 = const 3
    %3 = call loop(%2, %p1, %p0, %2)
    call @add(%3, %2)
    %4 = call @add(%3, %2)
    return %4

sub add(%0, %1)
entry:
    %2 = add64 %0, %1
    return %2

sub turn(%0, %p1)
entry:
    return %0

func two(%p0)
entry:
    %1 = const 0
    return %1"""


def test_programs_are_followed_by_their_subprograms() -> None:
    module = parse_module(MODULE)
    assert str(module) == MODULE
    names = [(func.name, [one.name for one in func.subprograms]) for func in module.funcs]
    assert names == [("one", ["add", "turn"]), ("two", [])]
    assert [value.kind for value in module.funcs[0].subprogram("turn").params] == [
        Kind.INT,
        Kind.PTR,
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a listing of 0 programs, not of one"),
        ("func f(%p0)\n\nfunc g(%p0)", "a listing of 2 programs, not of one"),
        ("sub f(%0)", "a subprogram before the first program"),
        ("entry:", "expected `func name"),
        ("func f(%p0)\n    %1 = const 1", "an op before the first label"),
        ("func f(%p0)\nentry", "expected a block's `label:`"),
        ("func f(%p0)\nentry:\n    %1 = const x", "no such operation"),
        ("func f(%p0)\nentry:\n    jump", "no such operation"),
    ],
)
def test_what_does_not_read(text: str, message: str) -> None:
    with pytest.raises(AsmError, match=message):
        parse(text)
