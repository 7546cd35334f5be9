"""`ProbeContext`: what the lowering of one probe shares, beyond what built-ins may use."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import Literal, Protocol

from seismo.base.layout import FieldType
from seismo.base.source import Span
from seismo.builtin.record import Address, Aggregate, Builtin, Lowering, Writer
from seismo.ir.func import Block
from seismo.lang.ast import Expr, Variable
from seismo.lang.types import Type

__all__ = ("Counter", "ProbeContext", "fork")


class Counter(IntEnum):
    """What a program counts when something cannot be reported: indexes of the `lost` map."""

    EVENTS = 0
    CONTROL = 1
    MAP_FULL = 2
    STRING_FAULTS = 3


class ProbeContext(Lowering, Protocol):
    """One probe being lowered."""

    @property
    def byte_order(self) -> Literal["little", "big"]:
        """The kernel's, which is the machine's."""

    @property
    def default_space(self) -> str:
        """Whose memory an untyped pointer means: `user` or `kernel`."""

    @property
    def place(self) -> str:
        """The attach point that the program serves, as `probe` shows it."""

    @property
    def possible_cpus(self) -> int:
        """How many CPUs a per-CPU value has shares for."""

    def builtin(self, name: str) -> Builtin:
        """The built-in of this name (checked to exist)."""

    def aggregate(self, name: str) -> Aggregate:
        """The aggregation of this name (checked to exist)."""

    def local(self, node: Variable) -> str:
        """The storage name of a variable."""

    def local_type(self, node: Variable) -> Type:
        """The type that is wide enough for every value the variable ever has."""

    def home(self, node: Variable) -> Address:
        """Where a variable that does not fit a register lives."""

    def fresh(self, hint: str) -> str:
        """A name for `b.write`/`b.read` that no variable has."""

    def writer_as(self, expr: Expr, form: FieldType) -> Writer:
        """Like `writer`, in the (possibly wider) form of a key, a value or a variable."""

    def condition(self, expr: Expr, then: Block, other: Block) -> None:
        """Branch on an expression; `&&` and `||` evaluate their right side only if needed."""

    def count(self, counter: Counter) -> None:
        """Add one to a loss counter."""

    def runtime_error(self, message: str, span: Span) -> None:
        """Report something that went wrong in the kernel, with the script line."""


def fork(
    low: ProbeContext,
    branch: Callable[[Block, Block], None],
    then: Callable[[], None],
    other: Callable[[], None] | None = None,
) -> None:
    """`if`: `branch` ends the current block towards the two given; both arms meet again.

    The builder stands in the meeting block afterwards, unless both arms ended the probe.
    """
    b = low.b
    then_block, other_block, meeting = b.new_block("then"), b.new_block("else"), b.new_block("join")
    branch(then_block, other_block)
    for block, arm in ((then_block, then), (other_block, other)):
        b.seal(block)
        b.start(block)
        if arm is not None:
            arm()
        if b.is_open:
            b.jump(meeting)
    b.seal(meeting)
    b.start(meeting)
