"""What the kernel's verifier said, and the line of script or source that it said it about."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from typing import TYPE_CHECKING

from seismo.base.errors import BpfError
from seismo.base.source import NOWHERE, Span
from seismo.isa.insn import slot_starts
from seismo.spec.types import ProgramSpec

if TYPE_CHECKING:
    from seismo.btf.ext import LineInfo

__all__ = ("VerifierError",)

# `12: (7b) *(u64 *)(r10 -8) = r1`: the number counts 8-byte slots.
_INSN_LINE = re.compile(r"^(\d+): \([0-9a-f]{2}\)")
# Complaints about the control flow come before any instruction is walked, and name one.
_INSN_IN_TEXT = re.compile(r"\binsn (\d+)")
# The one complaint that goes on in the line of an instruction, or of the registers at it.
_ENDLESS = "infinite loop detected at insn"
# What follows the complaint: statistics.
_STATES = ("cur state:", "old state:")
_STATISTICS = ("processed ", "verification time ", "stack depth ", "insns processed", "mark_read ")


class VerifierError(BpfError):
    """The verifier refuses a program.

    `log` is all that it wrote, `summary` its complaint. `insn_index` is the instruction (an index
    into `spec.insns`, -1 when none is named) and `span` its piece of script (`NOWHERE` if none).
    `lines` are the source lines of a program that has no script, by slots; `line` is that of the
    instruction (None if none). `poison` says what the kernel lacks of what the instruction needs,
    '' where that is not why. `str()` is the complaint with instruction and line, `explain()` the
    log with the script.
    """

    def __init__(self, spec: ProgramSpec, log: str, lines: Sequence[LineInfo] = ()) -> None:
        self.spec = spec
        self.log = log
        self.summary = _summary(log)
        self._starts = slot_starts(spec.insns)
        self.insn_index = self._index_at(_last_slot(log, self.summary))
        self.span = self._span_at(self.insn_index)
        self.line = self._line_at(self.insn_index, lines)
        self.poison = dict(spec.poisons).get(self.insn_index, "")
        super().__init__(self.summary)

    def __str__(self) -> str:
        complaint = self.poison or self.summary
        lines = [f"the kernel refuses program {self.spec.name}: {complaint}"]
        if self.insn_index >= 0 and not self.poison:
            insn = self.spec.insns[self.insn_index]
            lines.append(f"at instruction {self.insn_index}: {insn}")
        if self.span is not NOWHERE:
            lines += [f"from {self.span.location}", self.span.picture()]
        elif self.line is not None:
            place = f"{self.line.file}:{self.line.line}:{self.line.column}"
            lines += [f"from {place}", f"    {self.line.text.strip()}"]
        if "GPL" in self.summary:
            license_ = f"'{self.spec.license}'" if self.spec.license else "none"
            lines.append(f'hint: its license is {license_}: char LICENSE[] SEC("license") = "GPL";')
        return "\n".join(lines)

    def explain(self) -> str:
        """The whole log; before the instructions of each piece of script, that piece."""
        lines: list[str] = []
        shown = NOWHERE
        for line in self.log.splitlines():
            match = _INSN_LINE.match(line)
            span = self._span_at(self._index_at(int(match[1]))) if match else shown
            if span is not shown and span is not NOWHERE:
                lines.append(f"; {span.location}: {span.text}")
                shown = span
            lines.append(line)
        return "\n".join(lines)

    def _index_at(self, slot: int) -> int:
        """The instruction that holds `slot`, -1 for a slot that is not in the program."""
        return bisect_right(self._starts, slot) - 1 if 0 <= slot < self._starts[-1] else -1

    def _line_at(self, index: int, lines: Sequence[LineInfo]) -> LineInfo | None:
        """The last line that begins at or before the instruction."""
        if index < 0:
            return None
        at = bisect_right(lines, self._starts[index], key=_slot) - 1
        return lines[at] if at >= 0 else None

    def _span_at(self, index: int) -> Span:
        return self.spec.spans[index] if 0 <= index < len(self.spec.spans) else NOWHERE


def _slot(line: LineInfo) -> int:
    return line.instruction


def _summary(log: str) -> str:
    """The last line that is neither statistics nor an instruction, nor the state of registers."""
    for line in reversed(log.splitlines()):
        if not line.strip() or line.startswith((*_STATISTICS, *_STATES)):
            continue
        if _ENDLESS in line:
            return line[line.index(_ENDLESS) :].strip()
        if not _INSN_LINE.match(line):
            return line.strip()
    return "the verifier gives no reason"


def _last_slot(log: str, summary: str) -> int:
    """The slot that the verifier stopped at, -1 when the log names none."""
    for line in reversed(log.splitlines()):
        if match := _INSN_LINE.match(line):
            return int(match[1])
    match = _INSN_IN_TEXT.search(summary)
    return int(match[1]) if match else -1
