"""What is known when an instruction begins: the frames of the functions that run, and references.

A `State` is changed in place by one path and copied where paths part.
"""

from __future__ import annotations

from collections.abc import Callable

from seismo.base.dataclass import dataclass, field
from seismo.isa.insn import Reg
from seismo.verifier.locks import NOTHING_HELD, Held
from seismo.verifier.need import Need
from seismo.verifier.register import UNKNOWN, UNWRITTEN, ZERO_OFFSET, Kind, Register
from seismo.verifier.stack import Slot, Stack

__all__ = ("Frame", "State", "entry_state")


@dataclass(slots=True, eq=False)
class Frame:
    """One running function: r0 to r10, its stack, and the index to go on at when it returns.

    A helper calls a callback: that returns to the helper's call, which may call it again. It
    began with `references`; `rounds` is how often one was called from here in a row.
    """

    function: int
    registers: list[Register]
    stack: Stack = field(default_factory=dict)
    return_to: int = -1
    is_callback: bool = False
    references: tuple[tuple[int, int], ...] = ()
    rounds: int = 0

    def copy(self) -> Frame:
        """The same, to be changed on its own."""
        return Frame(
            self.function,
            self.registers[:],
            self.stack.copy(),
            self.return_to,
            self.is_callback,
            self.references,
            self.rounds,
        )

    def renew(self) -> None:
        """From here on what it holds has needs of its own."""
        registers = self.registers
        for index, one in enumerate(registers):
            if one.need is not None:
                registers[index] = one.needing(Need(one.need))
        for number, slot in self.stack.items():
            spilled = slot.spilled
            need = None if spilled is None else spilled.need
            if not slot.need.is_marked and (need is None or not need.is_marked):
                # Of what nothing needed so far the needs can be shared.
                continue
            if spilled is not None and need is not None:
                spilled = spilled.needing(Need(need))
            self.stack[number] = Slot(slot.kinds, spilled, Need(slot.need))


@dataclass(slots=True, eq=False)
class State:
    """The frames, outermost first, the (reference, index) of what is acquired and not released,
    and the locks and sections that are `held`. `turns` counts the rounds of loops that something
    ends besides the program: of may_goto, of callbacks and of iterators. Addresses of what is gone
    stay as numbers where programs `may_leak` them."""

    frames: list[Frame]
    references: tuple[tuple[int, int], ...] = ()
    held: Held = NOTHING_HELD
    turns: int = 0
    may_leak: bool = True

    @property
    def frame(self) -> Frame:
        """The running function's."""
        return self.frames[-1]

    @property
    def registers(self) -> list[Register]:
        """The running function's."""
        return self.frames[-1].registers

    def copy(self) -> State:
        """The same, to be changed on its own."""
        frames = [frame.copy() for frame in self.frames]
        return State(frames, self.references, self.held, self.turns, self.may_leak)

    def keep(self) -> State:
        """A copy to compare with later; marks on its needs come from what follows it only."""
        for frame in self.frames:
            frame.renew()
        return self.copy()

    def change_all(self, change: Callable[[Register], Register]) -> None:
        """Replace each register, also the spilled ones, of all frames."""
        for frame in self.frames:
            frame.registers[:] = [change(one) for one in frame.registers]
            for number, slot in frame.stack.items():
                if slot.spilled is None:
                    continue
                after = change(slot.spilled)
                if after is not slot.spilled:
                    frame.stack[number] = Slot(slot.kinds, after, slot.need)

    def release(self, reference: int) -> None:
        """The object is gone: what pointed to it is only a number, or nothing one may read."""
        rest = UNKNOWN if self.may_leak else UNWRITTEN
        self.references = tuple(one for one in self.references if one[0] != reference)
        self.change_all(lambda one: rest if one.reference == reference else one)


def entry_state(function: int = 0) -> State:
    """At the program's first instruction: the context in r1, the frame's top in r10."""
    registers = [UNWRITTEN] * len(Reg)
    registers[Reg.R1] = Register(Kind.CONTEXT)
    registers[Reg.R10] = Register(Kind.STACK, ZERO_OFFSET, frame=0)
    return State([Frame(function, registers)])
