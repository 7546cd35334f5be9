"""Runs programs that were accepted, in the virtual machine, to see whether one of them faults."""

from __future__ import annotations

from random import Random

from seismo.isa.errors import BadForm
from seismo.isa.forms import find_form
from seismo.isa.insn import Insn
from seismo.spec.types import ProgramSpec
from seismo.vm.environment import Environment, Task
from seismo.vm.errors import BadProgram, Fault, OutOfSteps
from seismo.vm.machine import Machine
from seismo.vm.maps.create import create_maps
from seismo.vm.memory import OFFSET_MASK, Memory, Region
from verifier_corpus.network import PACKETS, Packet
from verifier_corpus.pen import MAPS

__all__ = ("fault_of",)

_FILLED = {"array": (0, 1), "hash": (0, 1, 5), "percpu": (0, 1), "globals": (0,)}
_CONTEXT_BYTES = 8192
_BUDGET = 100_000
_EDGES = (0, 1, 7, 8, 63, 64, 255, 1 << 31, (1 << 32) - 1, 1 << 32, 1 << 63, (1 << 64) - 1)
_LENGTHS = (14, 15, 20, 34, 54, 60, 64, 100, 1500)


class _PacketMemory(Memory):
    """Memory whose context has addresses in 32-bit fields, which the kernel makes 64 bits of."""

    def __init__(self, fields: Packet | None) -> None:
        super().__init__()
        self._fields = fields
        self._at: dict[int, int] = {}

    def place(self, context: Region, packet: Region) -> None:
        """From now on the context's fields lead to the packet."""
        if self._fields is not None:
            base = context.base
            self._at = {
                base + self._fields.data: packet.base,
                base + self._fields.end: packet.end,
                base + self._fields.meta: packet.base,
            }

    def load(self, address: int, size: int) -> int:
        """As any memory, but for the fields."""
        found = self._at.get(address) if size == 4 else None
        return super().load(address, size) if found is None else found


class _Dice(Random):
    """Random words that are often where something changes."""

    def getrandbits(self, k: int, /) -> int:
        """One of the edges, every other time."""
        if self.random() < 0.5:
            return _EDGES[int(self.random() * len(_EDGES))] & ((1 << k) - 1)
        return super().getrandbits(k)


def fault_of(spec: ProgramSpec, times: int, cpus: int = 1) -> str:
    """What goes wrong when the program is run on random input so many times, '' if nothing does.

    What the machine lacks is nothing that goes wrong, such as the kernel's own fields of a map;
    neither is a run without an end in sight.
    """
    if any(map(_is_malformed, spec.insns)):
        return ""
    chance = Random(0)
    for _ in range(times):
        dice = _Dice(chance.random())
        memory = _PacketMemory(PACKETS.get(spec.type))
        try:
            _run(spec, memory, dice, cpus)
        except Fault as error:
            if error.address is not None and not _is_handle(memory, error.address):
                return str(error)
        except (OutOfSteps, BadProgram):
            return ""
    return ""


def _is_malformed(insn: Insn) -> bool:
    """What the kernel overlooks where it is never run, and the machine cannot be made of."""
    try:
        find_form(insn.op, insn.fields)
    except BadForm:
        return True
    return False


def _is_handle(memory: Memory, address: int) -> bool:
    """Whether it is that of a map, which the kernel lets programs read."""
    base = address & ~OFFSET_MASK
    return any(one.base == base and one.data is None for one in memory.regions)


def _run(spec: ProgramSpec, memory: _PacketMemory, dice: _Dice, cpus: int) -> None:
    maps = create_maps(MAPS.values())
    for name, keys in _FILLED.items():
        size = MAPS[name].value_size
        for key in keys:
            maps[name].update(key.to_bytes(MAPS[name].key_size, "little"), _words(size, dice))
    clock = dice.getrandbits(63)
    environment = Environment(
        task=Task(pid=dice.randrange(1 << 22), tid=dice.randrange(1 << 22), comm=b"corpus"),
        cpu=dice.randrange(cpus),
        monotonic=lambda: clock,
        random=dice,
    )
    machine = Machine(spec, maps, budget=_BUDGET, memory=memory, environment=environment)
    context = memory.allocate(bytearray(_words(_CONTEXT_BYTES, dice)), "ctx")
    packet = memory.allocate(bytearray(dice.randbytes(dice.choice(_LENGTHS))), "packet")
    memory.place(context, packet)
    machine.run(context, packet=packet.data)


def _words(size: int, dice: _Dice) -> bytes:
    """So many bytes, made of words."""
    return b"".join([dice.getrandbits(64).to_bytes(8, "little") for _ in range(0, size, 8)])
