"""Programs on packets do in the machine what they do in the kernel, on every engine."""

from __future__ import annotations

import random

import pytest

from kernel_release import skip_before
from packet_programs import packet_program, random_packet
from seismo.isa.prog_types import ProgType
from seismo.kernel import bpf
from seismo.kernel.live import LiveKernel
from seismo.objects.program import load_program
from seismo.spec.types import ProgramSpec
from seismo.vm.machine import Machine
from seismo.vm.packet import Packet
from vm_engines import ENGINES

pytestmark = pytest.mark.kernel

U32_MAX = (1 << 32) - 1


def given_context(chance: random.Random, type: ProgType) -> bytes:
    """What a test run takes of a `struct __sk_buff`: the mark, the priority, cb."""
    if type == ProgType.XDP:
        return b""
    context = bytearray(192)
    for offset in (8, 32, 48, 64):
        context[offset : offset + 4] = chance.randbytes(4)
    return bytes(context)


def agree(spec: ProgramSpec, data: bytes, context: bytes, kernel: LiveKernel) -> None:
    """r0, the packet as it is left, and of the context what programs write."""
    with load_program(spec, {}, kernel) as program:
        fd = int(program.fd)
        run = bpf.prog_test_run(kernel, fd, data=data, ctx=context, has_ctx_out=bool(context))
    want = run.retval, run.data, run.ctx[8:12] + run.ctx[32:36] + run.ctx[48:68]
    for engine in ENGINES:
        packet = Packet(spec.type, data, context)
        r0 = Machine(spec, engine=engine).run(packet).r0 & U32_MAX
        left = packet.context if context else b""
        fields = left[8:12] + left[32:36] + left[48:68]
        assert (r0, packet.meta + packet.contents, fields) == want, engine


@pytest.mark.parametrize("type", [ProgType.XDP, ProgType.SCHED_CLS])
@pytest.mark.parametrize("first", range(0, 100, 20))
def test_random_programs(type: ProgType, first: int, kernel: LiveKernel) -> None:
    """With loads that extend signs."""
    skip_before(6, 6)
    for seed in range(first, first + 20):
        chance = random.Random(seed)
        spec = packet_program(chance, type)
        agree(spec, random_packet(chance), given_context(chance, type), kernel)
