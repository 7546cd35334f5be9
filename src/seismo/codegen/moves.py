"""Parallel moves: many values change places at once, as on an edge or before a call.

    r1 <- r2,  r2 <- r1,  r3 <- 7     becomes     r0 = r1;  r1 = r2;  r2 = r0;  r3 = 7

A target is written once nothing has to be read from it any more. What then remains are cycles: one
value of each steps aside, to a free register or, when there is none, to the stack.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from seismo.codegen.places import Home, Immediate, Place
from seismo.ir.ops import Slot

__all__ = ("ASIDE", "BORROWED", "Move", "Source", "Target", "sequence")

Target: TypeAlias = int | Home
Source: TypeAlias = int | Place
Move: TypeAlias = tuple[Target, Source]

ASIDE = Home(Slot("aside", 8))
"""Where the value of a cycle waits when no register is free."""
BORROWED = Home(Slot("borrowed", 8))
"""Where a register's value waits while the register carries others from home to home."""

REGISTERS = range(10)


def sequence(moves: Iterable[Move], free: int) -> tuple[Move, ...]:
    """The moves in an order that does each by one instruction (a wide immediate: by one load).

    `free` is the bit mask of the registers that hold nothing, targets among them. A cycle steps
    aside to one of them, else to `ASIDE`; what goes from home to home is carried by one of them,
    else by a register that waits in `BORROWED`.
    """
    wanted: dict[Target, Source] = {}
    for target, source in moves:
        if target != source:
            wanted[target] = source
        elif isinstance(target, int):
            # It stays where it is, so nothing may pass through there.
            free &= ~(1 << target)
    if all(_is_independent(*move) for move in wanted.items()):
        return tuple(wanted.items())
    return tuple(_Sequencer(wanted, free).run())


class _Sequencer:
    """`done` grows; `copies` are the moves from registers and homes that are still to do."""

    def __init__(self, wanted: Mapping[Target, Source], free: int) -> None:
        read = {source for source in wanted.values() if isinstance(source, int)}
        written = {target for target in wanted if isinstance(target, int)}
        registers = [one for one in REGISTERS if free >> one & 1 and one not in read | written]
        # The kernel's verifier lets no register be saved before something was written to it.
        self.written = [one for one in REGISTERS if one in read or not (1 << one) & free]
        self.done: list[Move] = []
        self.copies: dict[Target, int | Home] = {}
        self.made: dict[Target, Source] = {}
        for target, source in wanted.items():
            if isinstance(source, Target):
                self.copies[target] = source
            else:
                self.made[target] = source
        needs_carrier = any(_needs_carrier(*move) for move in wanted.items())
        self.carrier = registers.pop() if needs_carrier and registers else None
        self.aside: Target = registers.pop() if registers else ASIDE

    def run(self) -> list[Move]:
        while self.copies:
            self._copy_all_ready()
            if self.copies:
                self._break_cycle()
        for target, source in self.made.items():
            self._put(target, source)
        return self.done

    def _copy_all_ready(self) -> None:
        """Do every copy whose target is not, or no longer, another copy's source."""
        readers = Counter(self.copies.values())
        ready = [target for target in self.copies if not readers[target]]
        while ready:
            target = ready.pop()
            source = self.copies.pop(target)
            self._put(target, source)
            readers[source] -= 1
            if not readers[source] and source in self.copies:
                ready.append(source)

    def _break_cycle(self) -> None:
        """Put one value aside, a register's if the cycle has any."""
        first = next((one for one in self.copies if isinstance(one, int)), next(iter(self.copies)))
        self._put(self.aside, first)
        for target, source in self.copies.items():
            if source == first:
                self.copies[target] = self.aside

    def _put(self, target: Target, source: Source) -> None:
        if _needs_carrier(target, source):
            self._carry(target, source)
        else:
            self.done.append((target, source))
        if isinstance(target, int):
            self.written.append(target)

    def _carry(self, target: Target, source: Source) -> None:
        """By way of a register, which gets its value back if it had to be borrowed."""
        if self.carrier is not None or not self.written:
            carrier = self.carrier or REGISTERS[0]
            self.done += [(carrier, source), (target, carrier)]
            return
        carrier = self.written[0]
        self.done += [(BORROWED, carrier), (carrier, source), (target, carrier)]
        self.done.append((carrier, BORROWED))


def _is_independent(target: Target, source: Source) -> bool:
    """Whether the move can be done at any time: it reads nothing that another one may write."""
    return isinstance(target, int) and not isinstance(source, Target)


def _needs_carrier(target: Target, source: Source) -> bool:
    """Whether no instruction does this move: memory takes registers and small immediates only."""
    if isinstance(target, int) or isinstance(source, int):
        return False
    return not (isinstance(source, Immediate) and source.fits(64))
