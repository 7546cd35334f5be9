"""One run of a program: what both engines share. Frames, calls, helpers, tail calls, the budget."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol, TypeAlias, runtime_checkable

from seismo.base.bits import U64_MAX
from seismo.base.errors import BpfError
from seismo.isa.errors import NotFound
from seismo.isa.helpers import helper_name
from seismo.vm.environment import Environment
from seismo.vm.errors import BadAccess
from seismo.vm.maps.vm_map import VmMap
from seismo.vm.memory import Buffer, Memory
from seismo.vm.packet import Packet

__all__ = (
    "MAX_FRAMES",
    "MAX_LOOPS",
    "MAX_TAIL_CALLS",
    "STACK_BYTES",
    "Code",
    "Helper",
    "Helpers",
    "Loaded",
    "Run",
    "TailCall",
)

STACK_BYTES = 512
MAX_FRAMES = 8
MAX_TAIL_CALLS = 33
MAX_LOOPS = 8 << 20
"""BPF_MAX_LOOPS: how often `bpf_loop` and may_goto turn at most."""

Code: TypeAlias = Callable[["Run", bytearray, int, int, int, int, int, int], int]
"""A function of a program: the run, its frame's bytes, r10 and r1 to r5; gives r0."""

Helper: TypeAlias = Callable[["Run", int, int, int, int, int], int]
"""A helper: the run and r1 to r5; what it gives is cut to 64 bits, so that -EINVAL is right."""

Helpers: TypeAlias = Mapping[int, Helper]
"""Helpers by their numbers."""


@runtime_checkable
class Loaded(Protocol):
    """What a run asks of the machine that holds its program."""

    @property
    def memory(self) -> Memory: ...

    @property
    def helpers(self) -> Helpers: ...

    @property
    def main(self) -> Code: ...

    def function(self, index: int) -> Code:
        """The function whose first instruction has that index."""

    def function_at(self, address: int) -> Code | None:
        """The function of that address; None where none begins."""


class TailCall(BpfError):
    """Control leaves for another program, and does not come back."""

    def __init__(self, machine: Loaded, context: int) -> None:
        super().__init__("a tail call")
        self.machine = machine
        self.context = context


class Run:
    """`left` is what is left of the budget of steps. `packet` is what packet loads read; where it
    is a whole `Packet`, that is `framed`, and `pointers` are those of its context, by address.

    `context` is the address that r1 had at first.
    """

    def __init__(
        self, machine: Loaded, environment: Environment, packet: Buffer | Packet, budget: int
    ) -> None:
        self.machine = machine
        self.memory = machine.memory
        self.readable = machine.memory.readable
        self.writable = machine.memory.writable
        self.environment = environment
        self.framed = packet if isinstance(packet, Packet) else None
        self.packet = packet.contents if isinstance(packet, Packet) else packet
        self.pointers = packet.pointers if isinstance(packet, Packet) else {}
        self.context = 0
        self.left = budget
        self.depth = 0
        self.tail_calls_left = MAX_TAIL_CALLS
        self.goto_left = MAX_LOOPS

    def call(self, code: Code, a: int, b: int, c: int, d: int, e: int) -> int:
        """r0 of a function in a frame of its own; BadAccess when the frames are used up."""
        if self.depth == MAX_FRAMES:
            raise BadAccess(f"calls go deeper than {MAX_FRAMES} frames")
        self.depth += 1
        stack = bytearray(STACK_BYTES)
        name = "stack" if self.depth == 1 else f"stack of frame {self.depth}"
        frame = self.memory.allocate(stack, name, is_stack=True)
        caller = self.machine
        while True:
            try:
                result = code(self, stack, frame.end, a, b, c, d, e)
                break
            except TailCall as jump:
                self.machine, code = jump.machine, jump.machine.main
                a, b, c, d, e = jump.context, 0, 0, 0, 0
        self.machine = caller
        self.memory.free(frame)
        self.depth -= 1
        return result

    def call_back(self, address: int, a: int, b: int, c: int = 0, d: int = 0) -> int:
        """r0 of the function at an address, as helpers call it."""
        code = self.machine.function_at(address)
        if code is None:
            raise BadAccess(f"no function begins at {address:#x}", address)
        return self.call(code, a, b, c, d, 0)

    def call_register(self, target: int, a: int, b: int, c: int, d: int, e: int) -> int:
        """A call by register: of a function's address, or else of a helper's number."""
        code = self.machine.function_at(target)
        if code is not None:
            return self.call(code, a, b, c, d, e)
        return self.call_helper(target, a, b, c, d, e)

    def call_helper(self, number: int, a: int, b: int, c: int, d: int, e: int) -> int:
        """What a helper gives, cut to 64 bits; BadAccess when there is none of that number."""
        helper = self.machine.helpers.get(number)
        if helper is None:
            raise BadAccess(f"this machine has no helper {_title(number)}")
        return helper(self, a, b, c, d, e) & U64_MAX

    def map_at(self, address: int) -> VmMap:
        """The map that an argument means; BadAccess where it is none."""
        found = self.memory.thing_at(address)
        if not isinstance(found, VmMap):
            raise BadAccess(f"{address:#x} is no map", address)
        return found

    def load_packet(self, offset: int, size: int) -> int:
        """The big-endian number in the packet; negative where the packet ends before."""
        if not 0 <= offset <= len(self.packet) - size:
            return -1
        return int.from_bytes(self.packet[offset : offset + size], "big")

    def load_word(self, address: int) -> int:
        """The u32 there; all of a pointer where that is a context's field."""
        pointer = self.pointers.get(address)
        return self.memory.load(address, 4) if pointer is None else pointer

    def may_go(self) -> bool:
        """Whether may_goto jumps: its loops are used up."""
        self.goto_left -= 1
        return self.goto_left < 0


def _title(number: int) -> str:
    try:
        return f"bpf_{helper_name(number)}#{number}"
    except NotFound:
        return f"{number:#x}"
