"""How verdicts are drawn: the source, the way to a mistake, the registers there."""

from __future__ import annotations

from verifier_programs import MAPS, Writer

from seismo.base.source import NOWHERE, Source, Span
from seismo.btf.ext import LineInfo
from seismo.isa.insn import Reg
from seismo.isa.opcode import JumpOp
from seismo.isa.parse import parse_listing
from seismo.isa.prog_types import ProgType
from seismo.spec.types import ProgramSpec
from seismo.verifier.check import verify
from seismo.verifier.explain import branches, explain
from seismo.verifier.lines import Lines

R0, R1, R6, R10 = Reg.R0, Reg.R1, Reg.R6, Reg.R10

SOURCE = Source("opens.bt", "BEGIN {\n  if (pid) { @x = kaddr }\n}")
CONDITION = Span(SOURCE, 14, 17)
ASSIGNED = Span(SOURCE, 21, 31)


def unchecked() -> ProgramSpec:
    """A look-up whose result is not compared, behind a comparison that is."""
    pen = Writer()
    pen.helper("get_prandom_u32")
    out = pen.label()
    pen.jump_if(JumpOp.JEQ, R0, 0, out)
    pen.look_up(is_checked=False)
    pen.load(R1, R0, 0, 8)
    pen.bind(out)
    pen.ends()
    return pen.spec()


def scripted() -> ProgramSpec:
    spec = unchecked()
    spans = (NOWHERE, CONDITION) + (ASSIGNED,) * (len(spec.insns) - 2)
    return ProgramSpec(
        name=spec.name, type=spec.type, insns=spec.insns, map_refs=spec.map_refs, spans=spans
    )


def drawn(spec: ProgramSpec, *infos: LineInfo, is_verbose: bool = False) -> list[str]:
    verdict = verify(spec, MAPS)
    return list(explain(spec, verdict, Lines(spec, infos), is_verbose=is_verbose))


def test_accepted_says_what_it_cost() -> None:
    spec = ProgramSpec(name="p", type=ProgType.RAW_TRACEPOINT, insns=parse_listing("r0 = 0\nexit"))
    (line,) = drawn(spec)
    assert line.startswith("accepted (2 instructions walked, ")


def test_without_a_source_there_are_instructions() -> None:
    lines = drawn(unchecked())
    assert lines[0] == "refused (8 instructions walked): pointers that may be null are checked"
    assert lines[1] == "error: R0 invalid mem access 'map_value_or_null'"
    assert lines[2] == "at 8: r1 = *(u64 *)(r0 +0)"
    assert lines[3].startswith("with R0=map_value_or_null(id=")
    assert lines[4:6] == ["the way there:", "  1: if r0 == 0x0 goto pc+7  (not taken)"]
    assert lines[6].startswith("to make it pass: compare r0 with 0")
    assert len(lines) == 7


def test_a_script_is_shown_with_carets() -> None:
    lines = drawn(scripted())
    assert lines[1:4] == [
        "opens.bt:2:14: error: R0 invalid mem access 'map_value_or_null'",
        "      if (pid) { @x = kaddr }",
        "                 ^^^^^^^^^^",
    ]
    way = lines.index("the way there:")
    assert lines[way + 1 : way + 3] == [
        "  opens.bt:2:7: if (pid) { @x = kaddr }",
        "  1: if r0 == 0x0 goto pc+7  (not taken)",
    ]


def test_c_lines_come_from_line_infos() -> None:
    info = LineInfo(instruction=0, file="a.c", text="  if (x)", line=7, column=3)
    later = LineInfo(instruction=7, file="a.c", text="\treturn *value;", line=9, column=9)
    lines = drawn(unchecked(), info, later)
    assert lines[1:4] == [
        "a.c:9:9: error: R0 invalid mem access 'map_value_or_null'",
        "     return *value;",
        "            ^",
    ]
    assert "  a.c:7:3: if (x)" in lines


def test_verbose_lists_all_that_was_run() -> None:
    lines = drawn(scripted(), is_verbose=True)
    way = lines.index("the way there:")
    assert [line.partition(":")[0] for line in lines[way + 1 : -1]] == [
        *("  0", "  ; opens.bt", "  1", "  ; opens.bt", "  2", "  3", "  5", "  6", "  7", "  8"),
    ]


def test_a_mistake_in_the_flow_has_no_path() -> None:
    spec = ProgramSpec(
        name="p", type=ProgType.RAW_TRACEPOINT, insns=parse_listing("r0 = 0\ngoto pc+7\nexit")
    )
    lines = drawn(spec)
    assert lines[0] == "refused (0 instructions walked): control flow"
    assert len(lines) == 3


def test_branches_know_their_side() -> None:
    insns = parse_listing("if r1 == 0x0 goto pc+1\ngoto pc+1\nif r1 == 0x1 goto pc+0\nexit")
    assert list(branches(insns, (0, 2, 3))) == [(0, True), (1, False)]
    assert list(branches(insns, (0, 1, 3))) == [(0, False)]
    assert list(branches(insns, ())) == []
