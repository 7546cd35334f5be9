"""Maps of the machine answer as the kernel's do, to programs and to user space, in any order."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from kernel_release import skip_before
from seismo.base.dataclass import dataclass
from seismo.base.errors import BpfError, SyscallError
from seismo.engine.kernel import VmKernel
from seismo.engine.listed import ListedSource
from seismo.engine.places import system_call_places
from seismo.isa.map_types import MapType
from seismo.isa.parse import parse_listing
from seismo.isa.prog_types import ProgType
from seismo.kernel.abi import UpdateFlag
from seismo.kernel.live import LiveKernel
from seismo.kernel.proc import possible_cpus
from seismo.kernel.protocol import Kernel
from seismo.objects.errors import KeyMissing
from seismo.objects.map import Map
from seismo.objects.program import Program, load_program
from seismo.spec.types import MapSpec, ProgramSpec

pytestmark = pytest.mark.kernel

NO_PREALLOC = 1
KEYS, QUEUES = ("lookup", "update", "delete"), ("push", "pop", "peek")

# r6 is the context: key, value, flags. The key is at r10-8, the value at r10-16.
HEAD = """
r6 = r1
r1 = *(u64 *)(r6 +0)
*(u64 *)(r10 -8) = r1
r1 = *(u64 *)(r6 +8)
*(u64 *)(r10 -16) = r1
r1 = map[fd:0]
r2 = r10
"""
TAILS = {
    "lookup": "r2 += -8\ncall 1\nif r0 == 0x0 goto pc+3\nr1 = *(u64 *)(r0 +0)\nr0 = r1\nr0 ^= 1\n",
    "update": "r2 += -8\nr3 = r10\nr3 += -16\nr4 = *(u64 *)(r6 +16)\ncall 2\n",
    "delete": "r2 += -8\ncall 3\n",
    "push": "r2 += -16\nr3 = *(u64 *)(r6 +16)\ncall 87\n",
    "pop": "r2 += -16\ncall 88\nr1 = *(u64 *)(r10 -16)\nr0 ^= r1\n",
    "peek": "r2 += -16\ncall 89\nr1 = *(u64 *)(r10 -16)\nr0 ^= r1\n",
}


@dataclass(frozen=True, slots=True)
class Case:
    """A kind of map, and which of its operations are compared."""

    type: MapType
    key_size: int
    entries: int
    operations: tuple[str, ...]
    flags: int = 0

    @property
    def spec(self) -> MapSpec:
        return MapSpec(
            name="m",
            type=self.type,
            key_size=self.key_size,
            value_size=8,
            max_entries=self.entries,
            flags=self.flags,
        )


CASES = (
    Case(MapType.HASH, 4, 5, KEYS),
    Case(MapType.HASH, 8, 5, KEYS, NO_PREALLOC),
    Case(MapType.ARRAY, 4, 5, KEYS),
    Case(MapType.PERCPU_ARRAY, 4, 5, KEYS),
    Case(MapType.PERCPU_HASH, 4, 5, KEYS),
    # Which key goes when one is full is the kernel's own choice: these never are.
    Case(MapType.LRU_HASH, 4, 400, KEYS),
    Case(MapType.LRU_PERCPU_HASH, 4, 400, KEYS),
    Case(MapType.LPM_TRIE, 8, 5, KEYS, NO_PREALLOC),
    Case(MapType.QUEUE, 0, 3, QUEUES),
    Case(MapType.STACK, 0, 3, QUEUES),
)


@pytest.fixture
def on_first_cpu() -> Iterator[None]:
    """Programs run on the processor that the machine's do."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {0})
    yield
    os.sched_setaffinity(0, before)


class Subject:
    """A map, and a program for each operation on it."""

    def __init__(self, case: Case, kernel: Kernel, stack: ExitStack) -> None:
        self.case = case
        self.map = stack.enter_context(Map.create(kernel, case.spec))
        self.programs: dict[str, Program] = {}
        for name in case.operations:
            insns = parse_listing(HEAD + TAILS[name] + "r1 = r0\nr1 >>= 32\nw0 ^= w1\nexit")
            spec = ProgramSpec(
                name=name, type=ProgType.RAW_TRACEPOINT, insns=insns, map_refs=((5, "m"),)
            )
            program = load_program(spec, {"m": self.map}, kernel)
            self.programs[name] = stack.enter_context(program)

    def by_program(self, name: str, key: bytes, value: bytes, flags: int) -> object:
        context = key.ljust(8, b"\0") + value + flags.to_bytes(8, "little")
        return self.programs[name].test_run(ctx=context).retval

    def by_user(self, name: str, key: bytes, value: bytes, flags: int) -> object:
        row = b"".join(value for _ in range(self.map.cpus))
        calls: dict[str, Callable[[], object]] = {
            "lookup": lambda: self.map.get(key),
            "update": lambda: self.map.put(key, row, UpdateFlag(flags)),
            "delete": lambda: self.map.delete(key),
            "push": lambda: self.map.push(row),
            "pop": self.map.pop,
            "peek": self.map.peek,
        }
        return answer(calls[name])

    def contents(self) -> object:
        if "push" in self.case.operations:
            return None
        return answer(lambda: dict(self.map.items()))


def answer(call: Callable[[], object]) -> object:
    """What a call gives, or how it fails."""
    try:
        return call()
    except KeyMissing:
        return "there is none"
    except SyscallError as error:
        return error.errno
    except BpfError as error:
        return type(error)


def some_key(chance: random.Random, case: Case) -> bytes:
    if case.type == MapType.LPM_TRIE:
        length = chance.choice((0, 1, 7, 8, 9, 16, 31, 32, 33))
        return length.to_bytes(4, "little") + bytes(chance.choice((0, 0x80, 0xC0)) for _ in "1234")
    number = chance.choice((*range(7), (1 << 32) - 1))
    return number.to_bytes(4, "little").ljust(case.key_size, b"\0")


def compare(case: Case, seed: int, kernel: LiveKernel) -> None:
    """A hundred operations, each by a program or by user space."""
    chance = random.Random(seed)
    with ExitStack() as stack:
        places = system_call_places(os.uname().machine, len(possible_cpus(kernel)))
        machine = VmKernel(ListedSource((), places))
        both = [Subject(case, one, stack) for one in (kernel, machine)]
        for _ in range(100):
            name, key = chance.choice(case.operations), some_key(chance, case)
            value = chance.randbytes(8)
            is_program = chance.random() < 0.5
            flags = chance.choice((0, 0, 1, 2, 3, 8) if is_program else (0, 0, 1, 2))
            how = Subject.by_program if is_program else Subject.by_user
            theirs, ours = [how(one, name, key, value, flags) for one in both]
            assert ours == theirs, (case, is_program, name, key, flags)
        theirs, ours = [one.contents() for one in both]
        assert ours == theirs, case


@pytest.mark.usefixtures("on_first_cpu")
@pytest.mark.parametrize("case", CASES, ids=lambda one: f"{one.type.name}-{one.flags}")
@pytest.mark.parametrize("seed", range(3))
def test_any_operations(case: Case, seed: int, kernel: LiveKernel) -> None:
    """Older kernels leave the upper half of r0 zero where an operation fails."""
    skip_before(6, 4)
    compare(case, seed, kernel)
