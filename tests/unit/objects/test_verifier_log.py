"""From what the verifier wrote to the instruction and the script line that it means."""

from __future__ import annotations

import pytest

from seismo.base.dataclass import replace
from seismo.base.source import NOWHERE, Source, Span
from seismo.btf.ext import LineInfo
from seismo.isa.builder import Assembler
from seismo.isa.insn import Reg
from seismo.isa.prog_types import ProgType
from seismo.objects.verifier_log import VerifierError
from seismo.spec.types import ProgramSpec

SCRIPT = Source("t.bt", "BEGIN {\n  $a = 1;\n  @b = 2\n}")
A, B = (Span(SCRIPT, SCRIPT.text.index(s), SCRIPT.text.index(s) + 6) for s in ("$a = 1", "@b = 2"))
LOG = """\
0: R1=ctx() R10=fp0
0: (18) r1 = 0x1122334455667788       ; R1_w=0x1122334455667788
2: (7b) *(u64 *)(r10 -520) = r1
invalid write to stack R10 off=-520 size=8
processed 2 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
"""


def program(spans: tuple[Span, ...] = (A, B, B, B)) -> ProgramSpec:
    asm = Assembler()
    asm.ld_imm64(Reg.R1, 0x1122334455667788)
    asm.store(Reg.R10, -520, Reg.R1, 8)
    asm.mov(Reg.R0, 0)
    asm.exit()
    return ProgramSpec(name="p", type=ProgType.RAW_TRACEPOINT, insns=asm.finish(), spans=spans)


def test_slots_become_instructions_and_instructions_script() -> None:
    error = VerifierError(program(), LOG)
    assert error.summary == "invalid write to stack R10 off=-520 size=8"
    assert error.insn_index == 1
    assert error.span is B
    assert str(error) == (
        "the kernel refuses program p: invalid write to stack R10 off=-520 size=8\n"
        "at instruction 1: *(u64 *)(r10 -520) = r1\n"
        "from t.bt:3:3\n"
        "      @b = 2\n"
        "      ^^^^^^"
    )


def test_the_explained_log_has_each_piece_of_script_once() -> None:
    lines = VerifierError(program(), LOG).explain().splitlines()
    assert lines[:4] == [
        "0: R1=ctx() R10=fp0",
        "; t.bt:2:3: $a = 1",
        "0: (18) r1 = 0x1122334455667788       ; R1_w=0x1122334455667788",
        "; t.bt:3:3: @b = 2",
    ]
    assert [line for line in lines if not line.startswith(";")] == LOG.splitlines()


def test_a_program_without_script_names_the_instruction_alone() -> None:
    error = VerifierError(program(spans=()), LOG)
    assert error.span is NOWHERE
    assert str(error).splitlines()[1:] == ["at instruction 1: *(u64 *)(r10 -520) = r1"]
    assert error.explain() == LOG.rstrip("\n")


@pytest.mark.parametrize(
    ("log", "summary", "index"),
    [
        ("unreachable insn 4\nprocessed 0 insns (limit 1)\n", "unreachable insn 4", 3),
        ("jump out of range from insn 3 to 99\n", "jump out of range from insn 3 to 99", 2),
        ("back-edge from insn 2 to 0\n", "back-edge from insn 2 to 0", 1),
        ("last insn is not an exit or jmp\n", "last insn is not an exit or jmp", -1),
        ("unreachable insn 77\n", "unreachable insn 77", -1),
        ("", "the verifier gives no reason", -1),
        ("3: (b7) r0 = 0\nR1 !read_ok\nverification time 9 usec\n", "R1 !read_ok", 2),
        (
            "0: R1=ctx() R10=fp0\n1: (55) if r0 != 0x0 goto pc-2 infinite loop detected at insn 0\n"
            "cur state: R10=fp0\nold state: R10=fp0\nprocessed 13 insns\n",
            "infinite loop detected at insn 0",
            0,
        ),
    ],
)
def test_other_complaints(log: str, summary: str, index: int) -> None:
    error = VerifierError(program(), log)
    assert (error.summary, error.insn_index) == (summary, index)


def source_line(slot: int, line: int) -> LineInfo:
    return LineInfo(instruction=slot, file="t.bpf.c", text=f"\tline{line}();", line=line, column=2)


def test_a_program_of_c_names_the_last_line_before() -> None:
    lines = [source_line(0, 5), source_line(2, 6), source_line(3, 7)]
    error = VerifierError(program(spans=()), LOG, lines)
    assert error.line == lines[1]
    assert str(error).splitlines()[1:] == [
        "at instruction 1: *(u64 *)(r10 -520) = r1",
        "from t.bpf.c:6:2",
        "    line6();",
    ]


def test_an_instruction_before_all_lines_has_none() -> None:
    error = VerifierError(program(spans=()), LOG, [source_line(3, 7)])
    assert error.line is None
    assert str(error).splitlines()[1:] == ["at instruction 1: *(u64 *)(r10 -520) = r1"]


def test_a_poison_is_the_complaint_where_it_is_met() -> None:
    why = "the kernel has no `struct task_struct: gone`; guard it with bpf_core_field_exists()"
    poisoned = replace(program(spans=()), poisons=((1, why),))
    assert str(VerifierError(poisoned, LOG)) == f"the kernel refuses program p: {why}"
    elsewhere = replace(program(spans=()), poisons=((0, why),))
    assert "invalid write to stack" in str(VerifierError(elsewhere, LOG))


@pytest.mark.parametrize(
    ("license", "said"),
    [("", "its license is none"), ("Proprietary", "its license is 'Proprietary'")],
)
def test_what_takes_a_license(license: str, said: str) -> None:
    log = "0: (85) call bpf_trace_printk#6\ncannot call GPL-restricted function from non-GPL "
    error = VerifierError(replace(program(spans=()), license=license), f"{log}compatible program\n")
    hint = f'hint: {said}: char LICENSE[] SEC("license") = "GPL";'
    assert str(error).splitlines()[-1] == hint
