"""`Turn`: one run of a loop's body, for loops that end where nothing says that they go on."""

from __future__ import annotations

from collections.abc import Mapping

from seismo.builtin.record import LoopStep, Lowering
from seismo.ir.ops import Value

__all__ = ("Turn",)


class Turn:
    """What is carried from turn to turn: `now` has it as this turn begins, `end` hands it on."""

    def __init__(self, low: Lowering, now: Mapping[str, Value]) -> None:
        self.now = now
        self._low = low
        self._names = {name: low.fresh(name) for name in now}
        self._stop = low.fresh("stop")
        self.set(**now)
        low.b.write(self._stop, low.b.const(1))

    def set(self, **values: Value) -> None:
        """Carry these instead of what there was."""
        for name, value in values.items():
            self._low.b.write(self._names[name], value)

    def go_on(self, **values: Value) -> None:
        """The same, and there shall be another turn."""
        self.set(**values)
        self._low.b.write(self._stop, self._low.b.const(0))

    def end(self) -> LoopStep:
        """What the body of the loop answers with."""
        b = self._low.b
        carried = {name: b.read(variable) for name, variable in self._names.items()}
        return LoopStep(carried, b.read(self._stop))
