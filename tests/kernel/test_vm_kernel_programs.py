"""Whole programs give in the machine what they give in the kernel: of all plain instructions, with
functions, callbacks and tail calls; on every engine."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from kernel_programs import plain_program
from kernel_release import skip_before
from seismo.isa.map_types import MapType
from seismo.isa.parse import parse_listing
from seismo.isa.prog_types import ProgType
from seismo.kernel.live import LiveKernel
from seismo.objects.map import Map
from seismo.objects.program import load_program
from seismo.spec.types import FunctionInfo, MapSpec, ProgramSpec
from seismo.vm.machine import Engine, Machine
from seismo.vm.maps.create import create_map
from seismo.vm.maps.references import ProgramMap
from seismo.vm.memory import Memory
from vm_engines import EACH_ENGINE, ENGINES

pytestmark = pytest.mark.kernel

U32_MAX = (1 << 32) - 1

CALLEES_KEEP_REGISTERS = """
r6 = 11
r7 = 22
r8 = 33
r9 = 44
*(u64 *)(r10 -8) = 55
r1 = r10
r1 += -8
r2 = 3
call pc+8
r0 += r6
r0 += r7
r0 += r8
r0 += r9
r1 = *(u64 *)(r10 -8)
r0 *= 3
r0 += r1
exit
r6 = *(u64 *)(r1 +0)
r6 += r2
*(u64 *)(r1 +0) = r6
r7 = 1
r8 = 2
r9 = 3
*(u64 *)(r10 -8) = r9
r0 = *(u64 *)(r10 -8)
exit
"""

LOOP = """
*(u64 *)(r10 -8) = 1
r1 = {}
r2 = subprog[+9]
r3 = r10
r3 += -8
r4 = {}
call 181
r1 = *(u64 *)(r10 -8)
r0 *= 1000003
r0 += r1
exit
r3 = *(u64 *)(r2 +0)
r3 *= 31
r3 += r1
*(u64 *)(r2 +0) = r3
r0 = 0
if r1 != 0x{:x} goto pc+1
r0 = 1
exit
"""

FOR_EACH = """
*(u64 *)(r10 -8) = 0
r1 = map[fd:0]
r2 = subprog[+9]
r3 = r10
r3 += -8
r4 = 0
call 164
r1 = *(u64 *)(r10 -8)
r0 <<= 16
r0 += r1
exit
r1 = *(u32 *)(r2 +0)
r5 = *(u64 *)(r3 +0)
r5 += r1
r2 = *(u64 *)(r4 +0)
r2 += r5
*(u64 *)(r4 +0) = r2
r0 = 0
if r1 != 0x3 goto pc+1
r0 = 1
exit
"""

TAIL_CALLER = """
r2 = map[fd:0]
r3 = {}
call 12
r0 = 99
exit
"""


CALLBACK = 11  # the index of its first instruction


def spec_of(
    text: str, maps: tuple[tuple[int, str], ...] = (), callback: tuple[bool, ...] = ()
) -> ProgramSpec:
    """`callback` says which of its arguments are pointers."""
    functions = (
        FunctionInfo(0, "program", (True,)),
        FunctionInfo(CALLBACK, "callback", callback),
    )
    return ProgramSpec(
        name="program",
        type=ProgType.RAW_TRACEPOINT,
        insns=parse_listing(text),
        map_refs=maps,
        functions=functions if callback else (),
    )


@pytest.mark.parametrize("first", range(0, 200, 50))
def test_plain_programs(first: int, kernel: LiveKernel) -> None:
    """With load_acquire and store_release."""
    skip_before(6, 15)
    for seed in range(first, first + 50):
        spec = plain_program(seed)
        with load_program(spec, {}, kernel) as program:
            want = program.test_run().retval
        for engine in ENGINES:
            assert Machine(spec, engine=engine).run().r0 & U32_MAX == want, (seed, engine)


@EACH_ENGINE
def test_a_function_keeps_the_registers_of_its_caller(engine: Engine, kernel: LiveKernel) -> None:
    agree(spec_of(CALLEES_KEEP_REGISTERS), engine, kernel)


def agree(spec: ProgramSpec, engine: Engine, kernel: LiveKernel) -> None:
    with load_program(spec, {}, kernel) as program:
        want = program.test_run().retval
    assert Machine(spec, engine=engine).run().r0 & U32_MAX == want


@EACH_ENGINE
@pytest.mark.parametrize(
    "text",
    [
        LOOP.format(20, 0, 7),
        LOOP.format(5, 0, 7),
        LOOP.format(0, 0, 7),
        LOOP.format(5, 1, 7),
        LOOP.format((8 << 20) + 1, 0, 7),
    ],
)
def test_loops(text: str, engine: Engine, kernel: LiveKernel) -> None:
    agree(spec_of(text, callback=(False, True)), engine, kernel)


@EACH_ENGINE
@pytest.mark.parametrize("kind", [MapType.ARRAY, MapType.HASH])
def test_for_each(kind: MapType, engine: Engine, kernel: LiveKernel) -> None:
    """A hash map's order is the kernel's own, so that its callback must not end it."""
    text = FOR_EACH if kind == MapType.ARRAY else FOR_EACH.replace("r0 = 1\n", "r0 = 0\n")
    map_spec = MapSpec(name="m", type=kind, key_size=4, value_size=8, max_entries=6)
    spec, ours = spec_of(text, ((1, "m"),), (True,) * 4), create_map(map_spec)
    with Map.create(kernel, map_spec) as theirs:
        for number in (0, 2, 3, 5):
            key, value = number.to_bytes(4, "little"), (number * 7).to_bytes(8, "little")
            theirs.put(key, value)
            ours.update(key, value)
        with load_program(spec, {"m": theirs}, kernel) as program:
            want = program.test_run().retval
    assert Machine(spec, {"m": ours}, engine=engine).run().r0 & U32_MAX == want


@EACH_ENGINE
@pytest.mark.parametrize("index", [0, 1, 2, -1])
def test_tail_calls(index: int, engine: Engine, kernel: LiveKernel) -> None:
    """At 0 is another program, at 1 none; there is no 2."""
    map_spec = MapSpec(
        name="next", type=MapType.PROG_ARRAY, key_size=4, value_size=4, max_entries=2
    )
    caller, target = spec_of(TAIL_CALLER.format(index), ((0, "next"),)), spec_of("r0 = 5\nexit")
    with ExitStack() as stack:
        theirs = stack.enter_context(Map.create(kernel, map_spec))
        there = stack.enter_context(load_program(target, {}, kernel))
        theirs.put(bytes(4), int(there.fd).to_bytes(4, "little"))
        program = stack.enter_context(load_program(caller, {"next": theirs}, kernel))
        want = program.test_run().retval
    memory, ours = Memory(), create_map(map_spec)
    assert isinstance(ours, ProgramMap)
    ours.put(0, Machine(target, memory=memory, engine=engine))
    machine = Machine(caller, {"next": ours}, memory=memory, engine=engine)
    assert machine.run().r0 & U32_MAX == want
