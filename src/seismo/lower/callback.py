"""Functions that a helper calls back: the bodies of loops.

The kernel's verifier knows nothing of what scratch memory holds, so the variables that go in and
out of such a body lie in a frame there and not on the caller's stack: verifiers before Linux 6.7
take what the stack holds at the first call for what it holds at every call.

    frame + 0    how the body was left: 0, `_LEFT` or `_GIVEN`
    frame + 8    what `return` gave, if that fits a register
    frame + 16   the carried variables
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from seismo.builtin.record import Address, Writer
from seismo.ir.builder import Builder
from seismo.ir.ops import Cond, Kind, Value
from seismo.lower.context import Callback, FuncContext

__all__ = ("call_back",)

_LEFT, _GIVEN = 1, 2
_STATUS, _RESULT, _CARRIED = 0, 8, 16
_GO_ON, _STOP = 0, 1


def call_back(
    low: FuncContext,
    hint: str,
    params: Sequence[Kind],
    carried: Sequence[str],
    run: Callable[[Callback], None],
    invoke: Callable[[str], Value],
) -> Value:
    """See `FuncContext.callback`."""
    b = low.b
    frame = low.scratch(_CARRIED + 8 * len(carried))
    name = f"{hint}_{low.body.program.next_number()}"
    body = _Body(low, name, params, carried, frame)
    run(body)
    body.finish()
    if body.ways_out:
        b.store(frame.base, frame.offset + _STATUS, b.const(0), 8)
    for offset, variable in enumerate(carried):
        b.store(frame.base, frame.offset + _CARRIED + 8 * offset, b.read(variable), 8)
    answer = invoke(name)
    for offset, variable in enumerate(carried):
        b.write(variable, b.load(frame.base, frame.offset + _CARRIED + 8 * offset, 8))
    if body.ways_out:
        _follow(low, frame, body)
    return answer


def _follow(low: FuncContext, frame: Address, body: _Body) -> None:
    """Leave this function, too, where the body has left more than the loop."""
    b = low.b
    status = b.load(frame.base, frame.offset + _STATUS, 8)
    if _LEFT in body.ways_out:
        b.when(Cond.EQ, status, b.const(_LEFT), low.leave)
    if _GIVEN in body.ways_out:
        result = b.load(frame.base, frame.offset + _RESULT, 8) if body.has_result else None
        b.when(Cond.EQ, status, b.const(_GIVEN), lambda: low.give(result))


class _Body:
    """Implements `Callback`; `ways_out` are the ways in which the code ends more than the loop."""

    def __init__(
        self,
        outer: FuncContext,
        name: str,
        params: Sequence[Kind],
        carried: Sequence[str],
        frame: Address,
    ) -> None:
        b = Builder(name, (*params, Kind.PTR))
        b.span = outer.b.span
        self.low = outer.inner(outer.body, b, self._leave, self._give)
        self.params = b.func.params[:-1]
        self.ways_out: set[int] = set()
        self.has_result = False
        self._carried = carried
        self._gap = self.low.gap("body")
        self._frame = Address(self.low.scratch_base, frame.offset)
        for index, variable in enumerate(carried):
            b.write(variable, b.load(self._frame.base, self._offset(index), 8))

    def again(self) -> None:
        self._keep()
        self.low.b.ret(self.low.b.const(_GO_ON))

    def stop(self) -> None:
        self._keep()
        self.low.b.ret(self.low.b.const(_STOP))

    def finish(self) -> None:
        """The body is complete: look scratch memory up where it begins."""
        b = self.low.b
        self.low.close_gap(self._gap, lambda: b.ret(b.const(_STOP)))
        self.low.body.program.subprograms.append(b.func)

    def _leave(self) -> None:
        self._end(_LEFT)

    def _give(self, value: Value | Writer | None) -> None:
        b, result = self.low.b, self.low.body.result
        if isinstance(value, Value):
            self.has_result = True
            b.store(self._frame.base, self._frame.offset + _RESULT, value, 8)
        elif value is not None:
            value(Address(self.low.scratch_base, result))
        self._end(_GIVEN)

    def _end(self, way: int) -> None:
        b = self.low.b
        self.ways_out.add(way)
        b.store(self._frame.base, self._frame.offset + _STATUS, b.const(way), 8)
        b.ret(b.const(_STOP))

    def _keep(self) -> None:
        b = self.low.b
        for index, variable in enumerate(self._carried):
            b.store(self._frame.base, self._offset(index), b.read(variable), 8)

    def _offset(self, index: int) -> int:
        return self._frame.offset + _CARRIED + 8 * index
