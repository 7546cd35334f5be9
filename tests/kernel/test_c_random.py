"""The kernel's verifier takes what becomes of random C functions, and computes what gcc means."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from c_lowering import lowered
from random_c import INPUTS, native_answers, random_program
from seismo.codegen.emit import generate
from seismo.ir.passes.copyprop import copyprop
from seismo.ir.passes.known_loads import known_loads
from seismo.ir.pipeline import optimize
from seismo.isa.prog_types import ProgType
from seismo.kernel.live import LiveKernel
from seismo.objects.program import load_program
from seismo.spec.types import ProgramSpec

pytestmark = pytest.mark.kernel


@pytest.mark.parametrize("seed", range(12))
def test_random_functions(seed: int, kernel: LiveKernel, tmp_path: Path) -> None:
    text, random_ = random_program(seed, seed % 6 + 1), random.Random(seed)
    inputs = [[random_.getrandbits(64) for _ in range(INPUTS)] for _ in range(3)]
    func = optimize(known_loads(copyprop(lowered(text))))
    code = generate(func)
    spec = ProgramSpec(
        name=func.name, type=ProgType.RAW_TRACEPOINT, insns=code.insns, spans=code.spans
    )
    with load_program(spec, {}, kernel) as program:
        for row, want in zip(inputs, native_answers(text, inputs, tmp_path), strict=True):
            context = b"".join(one.to_bytes(8, "little") for one in row)
            # A program under BPF_PROG_TEST_RUN answers with 32 bits.
            assert program.test_run(ctx=context).retval == want & 0xFFFFFFFF
