"""Loops: written out where their rounds are few and known, else with jumps back (Linux 5.3)."""

from __future__ import annotations

from seismo.c.lower.frame import Exits
from seismo.c.lower.state import Body
from seismo.c.lower.unroll import Rounds, known_rounds, most_rounds
from seismo.c.lower.value import Operand
from seismo.c.tree import Loop
from seismo.ir.func import Block

__all__ = ("lower_loop",)


def lower_loop(low: Body, loop: Loop) -> None:
    """`for`, `while`, `do`."""
    for one in loop.start:
        low.statement(one)
    rounds = known_rounds(loop)
    if rounds is not None:
        _write_out(low, loop, rounds)
    elif count := most_rounds(loop):
        _write_out_tests(low, loop, count)
    elif loop.is_do:
        _run_do(low, loop)
    else:
        _run(low, loop)


def _write_out(low: Body, loop: Loop, rounds: Rounds) -> None:
    """The body again and again."""
    b, variable = low.b, rounds.variable
    done = b.new_block("done")

    def count(value: int) -> None:
        low.write(variable, Operand(b.const(value), variable.type))

    for value in rounds.values:
        count(value)
        following = b.new_block("again")
        _body(low, loop, Exits(done, following))
        b.seal(following)
        b.start(following)
    count(rounds.final)
    b.jump(done)
    b.seal(done)
    b.start(done)


def _write_out_tests(low: Body, loop: Loop, count: int) -> None:
    """The condition and the body again and again: the verifier then knows the number of each round,
    and what else the body counts."""
    b = low.b
    done = b.new_block("done")
    assert loop.condition is not None
    assert loop.step is not None
    for _ in range(count):
        body, following = b.new_block("do"), b.new_block("step")
        low.condition(loop.condition, body, done)
        b.seal(body)
        b.start(body)
        _body(low, loop, Exits(done, following))
        b.seal(following)
        b.start(following)
        low.effect(loop.step)
    b.jump(done)
    b.seal(done)
    b.start(done)


def _body(low: Body, loop: Loop, exits: Exits) -> None:
    """The body, up to where `continue` goes."""
    low.frame.exits.append(exits)
    low.statement(loop.body)
    low.frame.exits.pop()
    if low.b.is_open and exits.go_on is not None:
        low.b.jump(exits.go_on)


def _run(low: Body, loop: Loop) -> None:
    b = low.b
    head, body, done = b.new_block("while"), b.new_block("do"), b.new_block("done")
    b.jump(head)
    b.start(head)
    if loop.condition is None:
        b.jump(body)
    else:
        low.condition(loop.condition, body, done)
    b.seal(body)
    b.start(body)
    if loop.step is None:
        _body(low, loop, Exits(done, head))
    else:
        following = b.new_block("step")
        _body(low, loop, Exits(done, following))
        b.seal(following)
        b.start(following)
        low.effect(loop.step)
        b.jump(head)
    _finish(low, head, done)


def _run_do(low: Body, loop: Loop) -> None:
    b = low.b
    head, test, done = b.new_block("do"), b.new_block("while"), b.new_block("done")
    b.jump(head)
    b.start(head)
    _body(low, loop, Exits(done, test))
    b.seal(test)
    b.start(test)
    if loop.condition is None:
        b.jump(head)
    else:
        low.condition(loop.condition, head, done)
    _finish(low, head, done)


def _finish(low: Body, head: Block, done: Block) -> None:
    low.b.seal(head)
    low.b.seal(done)
    low.b.start(done)
