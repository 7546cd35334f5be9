"""Programs for the verifier's tests, as listings; maps are named by their loads."""

from __future__ import annotations

from seismo.isa.builder import Assembler
from seismo.isa.helpers import helper_id
from seismo.isa.insn import Reg
from seismo.isa.map_types import MapType
from seismo.isa.opcode import AluOp, JumpOp
from seismo.isa.prog_types import ProgType
from seismo.spec.types import MapSpec, ProgramSpec
from seismo.verifier.check import Options, Verdict, verify
from seismo.verifier.rules import Rule

__all__ = ("MAPS", "Writer", "accepted", "refused")

R0, R1, R2, R3, R4, R5, R6, R7, R8, R9, R10 = Reg

MAPS = {
    "array": MapSpec(name="array", type=MapType.ARRAY, key_size=4, value_size=48, max_entries=4),
    "ring": MapSpec(name="ring", type=MapType.RINGBUF, key_size=0, value_size=0, max_entries=4096),
    "sealed": MapSpec(
        name="sealed",
        type=MapType.ARRAY,
        key_size=4,
        value_size=8,
        max_entries=1,
        flags=1 << 7,
    ),
}


class Writer(Assembler):
    """An assembler for one program of a type, with maps and helpers by name."""

    def __init__(self, kind: ProgType = ProgType.RAW_TRACEPOINT) -> None:
        super().__init__()
        self.kind = kind
        self.refs: list[tuple[int, str]] = []

    def map(self, dst: Reg, name: str) -> None:
        self.refs.append((self.position, name))
        self.ld_map_fd(dst, 0)

    def helper(self, name: str) -> None:
        self.call(helper_id(name))

    def look_up(self, name: str = "array", *, key: int = 9, is_checked: bool = True) -> None:
        """r0 = the value of `key`; ends the program if there is none."""
        self.store(R10, -4, key, 4)
        self.map(R1, name)
        self.mov(R2, R10)
        self.alu(AluOp.ADD, R2, -4)
        self.helper("map_lookup_elem")
        if is_checked:
            found = self.label()
            self.jump_if(JumpOp.JNE, R0, 0, found)
            self.exit()
            self.bind(found)

    def ends(self, result: int = 0) -> None:
        self.mov(R0, result)
        self.exit()

    def spec(self) -> ProgramSpec:
        return ProgramSpec(
            name="tested", type=self.kind, insns=self.finish(), map_refs=tuple(self.refs)
        )

    def verdict(self, options: Options | None = None) -> Verdict:
        return verify(self.spec(), MAPS, options=options or Options())


def accepted(program: Writer) -> Verdict:
    """What an accepted program cost."""
    verdict = program.verdict()
    assert verdict.is_accepted, str(verdict)
    return verdict


def refused(program: Writer, rule: Rule, message: str) -> Verdict:
    """A program refused for this rule, with this text in its message."""
    verdict = program.verdict()
    assert verdict.complaint is not None, str(verdict)
    assert verdict.complaint.rule is rule, str(verdict)
    assert message in verdict.complaint.message
    return verdict
