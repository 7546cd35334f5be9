"""`switch`: a comparison for each `case`, then the body with a block at each."""

from __future__ import annotations

from seismo.base.errors import CompilerBug
from seismo.c.lower.arithmetic import integer_of
from seismo.c.lower.frame import Exits
from seismo.c.lower.state import Body
from seismo.c.lower.walk import walk
from seismo.c.tree import Case, Switch
from seismo.ir.func import Block
from seismo.ir.ops import Cond, Value

__all__ = ("lower_case", "lower_switch")


def lower_switch(low: Body, node: Switch) -> None:
    """The comparisons stand before the body, in the order of the text."""
    b = low.b
    operand = low.operand(node.value)
    b.span = node.span
    done = b.new_block("done")
    default = done
    signed = integer_of(operand.type).is_signed
    for case in _cases(node):
        block = low.frame.cases[id(case)] = b.new_block("case")
        if case.low is None:
            default = block
            continue
        _compare(low, operand.value, case.low, case.high, block, signed=signed)
    b.jump(default)
    body = b.new_block("switch")
    b.seal(body)
    b.start(body)
    low.frame.exits.append(Exits(done, None))
    low.statement(node.body)
    low.frame.exits.pop()
    if b.is_open:
        b.jump(done)
    b.seal(done)
    b.start(done)


def _cases(node: Switch) -> list[Case]:
    """Those of this switch, not of one in it."""
    return [one for one in walk(node, into_switches=False) if isinstance(one, Case)]


def _compare(
    low: Body, value: Value, lowest: int, highest: int | None, block: Block, *, signed: bool
) -> None:
    """To `block` if the value is in a range; go on if not."""
    b = low.b
    following = b.new_block("next")
    if highest is None or highest == lowest:
        b.branch(Cond.EQ, value, b.const(lowest), block, following)
    else:
        above = b.new_block("above")
        b.branch(Cond.SGE if signed else Cond.GE, value, b.const(lowest), above, following)
        b.seal(above)
        b.start(above)
        b.branch(Cond.SLE if signed else Cond.LE, value, b.const(highest), block, following)
    b.seal(following)
    b.start(following)


def lower_case(low: Body, node: Case) -> None:
    """What stands before falls through."""
    b = low.b
    block = low.frame.cases.get(id(node))
    if block is None:
        raise CompilerBug("ir", "a case outside of a switch")
    if b.is_open:
        b.jump(block)
    b.seal(block)
    b.start(block)
