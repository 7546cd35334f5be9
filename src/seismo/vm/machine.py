"""The machine: a program, its maps and helpers, ready to run again and again.

>>> machine = Machine(parse_listing("r0 = *(u32 *)(r1 +0)\\nexit"))
>>> machine.run(b"\\1\\2\\0\\0").r0
513
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

from seismo.base.dataclass import dataclass
from seismo.isa.insn import Insn
from seismo.spec.types import ProgramSpec
from seismo.vm.calls.table import DEFAULT
from seismo.vm.environment import Environment
from seismo.vm.hooks import Hook
from seismo.vm.interpreter import Interpretation
from seismo.vm.maps.vm_map import VmMap
from seismo.vm.memory import Buffer, Memory, Region
from seismo.vm.packet import Packet
from seismo.vm.program import Program, prepare
from seismo.vm.run import Code, Helpers, Run
from seismo.vm.translate import Translation

__all__ = ("DEFAULT_BUDGET", "Engine", "Machine", "Result")

Engine: TypeAlias = Literal["interpreted", "translated", "native"]
"""How a program is run."""

DEFAULT_BUDGET = 1_000_000
"""As many steps as the kernel's verifier follows at most."""


@dataclass(frozen=True, slots=True)
class Result:
    """`r0`, u64; `steps` made; `regions`: the context and what else was in memory at the end."""

    r0: int
    steps: int
    regions: tuple[Region, ...]


class Machine:
    """Runs one program. Programs that tail-call one another, or point into the same maps, share a
    `memory`; `environment` is what helpers see of the world.

    The `engine` runs it as it stands, `interpreted`, so that `hooks` see its steps; or `translated`
    into Python, which takes some milliseconds to make and is many times faster; or as `native` code
    of the processor, which takes some tens of milliseconds and is many times faster again where a
    program computes more than it calls. The last two check the budget where basic blocks begin.
    """

    def __init__(
        self,
        program: ProgramSpec | Sequence[Insn],
        maps: Mapping[str, VmMap] | None = None,
        helpers: Helpers = DEFAULT,
        *,
        budget: int = DEFAULT_BUDGET,
        engine: Engine = "interpreted",
        memory: Memory | None = None,
        environment: Environment | None = None,
        hooks: Sequence[Hook] = (),
    ) -> None:
        """Raises BadProgram; FlowError where what is not interpreted is left without exit;
        NotSupported for native code without the `jit` extra."""
        self.memory = Memory() if memory is None else memory
        self.environment = Environment() if environment is None else environment
        self.helpers = helpers
        self.budget = budget
        self.program = prepare(program, maps or {}, self.memory)
        self._interpretation = Interpretation(self.program, hooks)
        self._functions = _functions(engine, self.program, helpers, self.memory)
        self.main = self.function(0)

    def run(
        self,
        context: Buffer | Region | Packet = b"",
        *,
        packet: Buffer | None = None,
        arguments: Sequence[int] = (),
    ) -> Result:
        """Run the program with r1 at `context`: a region of `memory`, or bytes to copy into one, or
        the context of a packet.

        `packet` is what packet loads read, of itself the context; `arguments` are r2 and so on.
        Raises Fault and OutOfSteps.
        """
        mark = self.memory.mark()
        loaded: Buffer | Packet
        if isinstance(context, Packet):
            region, loaded = context.enter(self.memory), context
        else:
            if not isinstance(context, Region):
                context = self.memory.allocate(bytearray(context), "ctx")
            region, loaded = context, context.data or b"" if packet is None else packet
        run = Run(self, self.environment, loaded, self.budget)
        run.context = region.base
        given = (region.base, *arguments, 0, 0, 0, 0)[:5]
        try:
            r0 = run.call(self.main, *given)
            regions = self.memory.regions
        finally:
            self.memory.free_since(mark)
        return Result(r0, self.budget - run.left, regions)

    def function(self, index: int) -> Code:
        """The function whose first instruction has that index."""
        if self._functions is None:
            return self._interpretation.function(index)
        return self._functions[index]

    def function_at(self, address: int) -> Code | None:
        """The function of an address, as the program itself may load it; else None."""
        index = self.program.functions.get(address)
        if index is None:
            return None
        if self._functions is None:
            return self.function(index)
        return self._functions.get(index)


def _functions(
    engine: Engine, program: Program, helpers: Helpers, memory: Memory
) -> Mapping[int, Code] | None:
    """The program's functions by the index of their first instruction; None where any index will
    do."""
    match engine:
        case "interpreted":
            return None
        case "translated":
            return Translation(program, helpers).functions
        case "native":
            from seismo.vm.native.native import (  # noqa: PLC0415 (lazy: docs/architecture.md)
                Native,
            )

            return Native(program, helpers, memory).functions
