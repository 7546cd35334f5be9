"""All engines do the same with a packet; pointers and bounds of one are never mistaken."""

from __future__ import annotations

import random
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from packet_programs import packet_program, random_packet
from seismo.isa.prog_types import ProgType
from seismo.vm.errors import Errno
from seismo.vm.machine import Machine
from seismo.vm.memory import Memory
from seismo.vm.packet import Packet
from vm_engines import ENGINES

SEEDS = st.integers(0, 1 << 32)
MOVES = st.lists(
    st.tuples(
        st.sampled_from((Packet.move_head, Packet.move_meta, Packet.move_tail)),
        st.integers(-300, 300),
    ),
    max_size=12,
)


@given(SEEDS, st.sampled_from((ProgType.XDP, ProgType.SCHED_CLS)))
@settings(max_examples=150)
def test_engines_agree(seed: int, type: ProgType) -> None:
    chance = random.Random(seed)
    spec, data = packet_program(chance, type), random_packet(chance)
    answers = set()
    for engine in ENGINES:
        packet = Packet(type, data)
        result = Machine(spec, engine=engine).run(packet)
        left = packet.meta + bytes(packet.contents)
        answers.add((result.r0, result.steps, left, packet.context))
    assert len(answers) == 1


@given(MOVES)
def test_ends_keep_their_order(moves: list[tuple[Callable[[Packet, int], None], int]]) -> None:
    """Whatever moves, the region is what lies between, and the context points to its ends."""
    memory, packet = Memory(), Packet(ProgType.XDP, bytes(range(100)))
    context = packet.enter(memory)
    for move, delta in moves:
        before = bytes(packet.contents)
        try:
            move(packet, delta)
        except Errno:
            assert packet.contents == before
        packet.expose(memory)
        data, data_end, data_meta = (packet.pointers[context.base + at] for at in (0, 4, 8))
        assert data_meta <= data <= data_end - 14
        assert memory.read(data, data_end - data) == packet.contents
        assert memory.read(data_meta, data - data_meta) == packet.meta
        assert memory.region_at(data).size == data_end - data_meta
