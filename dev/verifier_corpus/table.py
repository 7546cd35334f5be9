"""The classes of programs, and `program`: the n-th of the corpus, the same every time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random

from seismo.base.dataclass import dataclass, replace
from seismo.isa.encode import encode
from seismo.isa.errors import EncodeError
from seismo.isa.insn import Insn, slot_starts
from seismo.isa.prog_types import ProgType
from seismo.spec.types import FunctionInfo, ProgramSpec
from verifier_corpus import calls, memory, network, numbers
from verifier_corpus.mutate import mutate
from verifier_corpus.pen import Pen

__all__ = ("CLASSES", "Case", "case")

_TRACING = (ProgType.RAW_TRACEPOINT, ProgType.KPROBE, ProgType.TRACEPOINT)
_FILTERS = (ProgType.SOCKET_FILTER, ProgType.SCHED_CLS, ProgType.CGROUP_SKB)
_SOCKETS = (ProgType.SCHED_CLS, ProgType.RAW_TRACEPOINT, ProgType.RAW_TRACEPOINT)


@dataclass(frozen=True, slots=True)
class _Class:
    """How programs of a class are written, of which types, and how many of a hundred."""

    write: Callable[[Pen], None]
    share: int
    types: tuple[ProgType, ...] = _TRACING


CLASSES: Mapping[str, _Class] = {
    "arithmetic": _Class(numbers.arithmetic, 11),
    "branches": _Class(numbers.branches, 11),
    "loops": _Class(numbers.loops, 6),
    "flow": _Class(numbers.flow, 4),
    "stack": _Class(memory.stack, 7),
    "spills": _Class(memory.spills, 7),
    "map values": _Class(memory.map_values, 9),
    "null": _Class(memory.nulls, 6),
    "atomics": _Class(memory.atomics, 5),
    "leaks": _Class(memory.leaks, 4),
    "packets": _Class(network.packet, 8, network.PACKET_TYPES),
    "contexts": _Class(network.context, 5, network.CONTEXT_TYPES),
    "packet loads": _Class(network.packet_loads, 2, (*_FILTERS, ProgType.XDP)),
    "helpers": _Class(calls.helpers, 7, (*_TRACING, *network.CONTEXT_TYPES)),
    "references": _Class(calls.references, 3, _SOCKETS),
    "callbacks": _Class(calls.callbacks, 2),
    "functions": _Class(calls.functions, 3),
}
"""By name, in the order of the report."""

_MUTATED = 0.2
_TRIES = 20


@dataclass(frozen=True, slots=True)
class Case:
    """A program of the corpus; `number` and the corpus's seed make it again."""

    number: int
    group: str
    is_mutated: bool
    spec: ProgramSpec


def case(number: int, seed: int = 0) -> Case:
    """The program of that number: the class by its share, the rest by dice."""
    chance = Random(f"{seed}/{number}")
    group = chance.choices(tuple(CLASSES), [one.share for one in CLASSES.values()])[0]
    kind = CLASSES[group]
    for _ in range(_TRIES):
        pen = Pen(chance, chance.choice(kind.types))
        is_mutated = chance.random() < _MUTATED
        try:
            kind.write(pen)
            spec = pen.spec(f"p{number}")
            for _ in range(chance.randrange(1, 3) if is_mutated else 0):
                spec = mutate(spec, chance)
            encode(spec.insns)
        except EncodeError:
            # A number that does not fit its field, or a jump out of the program.
            continue
        return Case(number, group, is_mutated, replace(spec, functions=_functions(spec.insns)))
    raise AssertionError(f"no program {number} in {_TRIES} tries")


def _functions(insns: Sequence[Insn]) -> tuple[FunctionInfo, ...]:
    """What is called, or called back, as the kernel must be told of it; none if nothing is."""
    starts = slot_starts(insns)
    indexes = {slot: index for index, slot in enumerate(starts[:-1])}
    called = {
        indexes.get(insn.target(starts[index]), 0)
        for index, insn in enumerate(insns)
        if insn.is_subprog_call or insn.is_func_address
    }
    if not called:
        return ()
    return tuple([FunctionInfo(start, f"f{start}", (True,) * 5) for start in sorted({0, *called})])
