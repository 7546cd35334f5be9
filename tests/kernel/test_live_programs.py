"""Programs loaded into the kernel, run there, refused there."""

from __future__ import annotations

import pytest

from bpf_programs import (
    R0,
    R1,
    R10,
    ProgramWriter,
    counter_map,
    counting_program,
    ring_map,
    u32,
    u64,
)
from seismo.base.errors import SyscallError
from seismo.base.source import Source, Span
from seismo.isa.opcode import AluOp
from seismo.isa.prog_types import ProgType
from seismo.kernel.live import LiveKernel
from seismo.objects.errors import BadSpec
from seismo.objects.load import load
from seismo.objects.map import Map
from seismo.objects.program import enable_stats, load_program
from seismo.objects.verifier_log import VerifierError
from seismo.spec.types import ObjectSpec, ProgramSpec

pytestmark = pytest.mark.kernel


def adding_program() -> ProgramSpec:
    """r0 = first argument + second argument."""
    asm = ProgramWriter()
    asm.load(R0, R1, 0, 8)
    asm.load(R1, R1, 8, 8)
    asm.alu(AluOp.ADD, R0, R1)
    asm.exit()
    return asm.spec("adding")


def test_a_test_run_gives_r0(kernel: LiveKernel) -> None:
    with load_program(adding_program(), {}, kernel) as program:
        assert program.test_run(ctx=u64(40) + u64(2)).retval == 42


def test_a_packet_program_gives_the_packet_back(kernel: LiveKernel) -> None:
    asm = ProgramWriter()
    asm.returns(2)
    packet = bytes(range(64))
    with load_program(asm.spec("pass", ProgType.XDP), {}, kernel) as program:
        run = program.test_run(data=packet, repeat=1000)
        assert (run.retval, run.data) == (2, packet)


def test_a_program_counts_in_its_map(kernel: LiveKernel) -> None:
    spec = ObjectSpec(
        maps=(counter_map("runs"),),
        programs=(counting_program("count", ProgType.RAW_TRACEPOINT, "runs"),),
    )
    with load(spec, kernel) as loaded:
        for _ in range(25):
            loaded.programs["count"].test_run()
        assert loaded.maps["runs"].get(u32(0)) == u64(25)


def test_the_kernel_describes_a_program(kernel: LiveKernel) -> None:
    with enable_stats(kernel), load_program(adding_program(), {}, kernel) as program:
        for _ in range(7):
            program.test_run(ctx=bytes(16))
        info = program.info()
    assert (info.name, info.type) == ("adding", ProgType.RAW_TRACEPOINT)
    assert info.verified_insns == 4
    assert info.run_count == 7
    assert info.run_time_ns > 0
    assert len(info.tag) == 16


def stack_overflow() -> ProgramSpec:
    """A 64-bit load before the fault makes slots and instructions differ."""
    text = "BEGIN { $x = 1; @y = 2 }"
    source = Source("overflow.bt", text)
    first, second = (Span(source, text.index(s), text.index(s) + 6) for s in ("$x = 1", "@y = 2"))
    asm = ProgramWriter()
    asm.ld_imm64(R1, 0x1122334455667788)
    asm.store(R10, -520, R1, 8)
    asm.returns(0)
    spec = asm.spec("overflow")
    spans = (first, second, second, second)
    return ProgramSpec(name=spec.name, type=spec.type, insns=spec.insns, spans=spans)


def test_a_write_below_the_stack_names_insn_and_script(kernel: LiveKernel) -> None:
    with pytest.raises(VerifierError) as caught:
        load_program(stack_overflow(), {}, kernel)
    error = caught.value
    assert error.insn_index == 1
    assert error.span.text == "@y = 2"
    assert "invalid write to stack" in error.summary
    assert str(error) == (
        f"the kernel refuses program overflow: {error.summary}\n"
        "at instruction 1: *(u64 *)(r10 -520) = r1\n"
        "from overflow.bt:1:17\n"
        "    BEGIN { $x = 1; @y = 2 }\n"
        "                    ^^^^^^"
    )
    lines = error.explain().splitlines()
    assert lines.index("; overflow.bt:1:9: $x = 1") < lines.index("; overflow.bt:1:17: @y = 2")


def test_a_log_of_many_kilobytes_comes_whole(kernel: LiveKernel) -> None:
    asm = ProgramWriter()
    for _ in range(3000):
        asm.store(R10, -8, R1, 8)
    asm.load(R0, R10, -16, 8)
    asm.load(R0, R10, -600, 8)
    asm.exit()
    with pytest.raises(VerifierError) as caught:
        load_program(asm.spec("long"), {}, kernel)
    assert caught.value.insn_index == 3001
    assert len(caught.value.log) > 1 << 16
    assert "\n0: " in caught.value.log


def test_unreachable_code_is_named_though_nothing_was_walked(kernel: LiveKernel) -> None:
    asm = ProgramWriter()
    asm.returns(0)
    asm.returns(1)
    with pytest.raises(VerifierError, match="unreachable insn 2") as caught:
        load_program(asm.spec("unreachable"), {}, kernel)
    assert caught.value.insn_index == 2


def test_a_map_that_is_not_there(kernel: LiveKernel) -> None:
    spec = counting_program("count", ProgType.RAW_TRACEPOINT, "runs")
    with pytest.raises(BadSpec, match="no map 'runs'"):
        load_program(spec, {}, kernel)


def test_a_failing_load_leaves_nothing(kernel: LiveKernel) -> None:
    """The fixture that counts fds checks the maps and the first program."""
    spec = ObjectSpec(
        maps=(counter_map("runs"),),
        programs=(
            counting_program("count", ProgType.RAW_TRACEPOINT, "runs"),
            stack_overflow(),
        ),
    )
    with pytest.raises(VerifierError):
        load(spec, kernel)


@pytest.mark.parametrize("size", [0, 1000, 4095, 4097, 12288])
def test_a_ring_of_an_impossible_size_says_which_is_possible(kernel: LiveKernel, size: int) -> None:
    spec = ring_map("events", size)
    with pytest.raises(BadSpec, match=r"power of two of at least 4096, such as \d+"):
        Map.create(kernel, spec)


def test_test_run_without_a_context_is_refused_by_name(kernel: LiveKernel) -> None:
    asm = ProgramWriter()
    asm.returns(0)
    with (
        load_program(asm.spec("tp", ProgType.TRACEPOINT), {}, kernel) as program,
        pytest.raises(SyscallError, match=r"bpf\(BPF_PROG_TEST_RUN\)"),
    ):
        program.test_run()
