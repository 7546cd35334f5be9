"""What of a C program is left to the kernel that runs it: `tests/golden/c_portable`."""

from __future__ import annotations

import pytest

from c_kernels import RECORDED
from c_portable import PROGRAM
from golden_cases import GoldenCase
from seismo.base.source import Source
from seismo.c.compile import COptions, build_program, compile_c
from seismo.c.flavour import RAW_TRACEPOINT


@pytest.mark.golden("c_portable/*.test")
def test_relocations(case: GoldenCase) -> None:
    text = f"int {PROGRAM}(struct bpf_raw_tracepoint_args *ctx) {{ {case['c']} }}"
    unit = compile_c(Source("t.c", text), RECORDED, COptions(is_portable=True))
    program = build_program(unit, PROGRAM, RAW_TRACEPOINT, RECORDED)
    lines = [f"{program.insns[index]}: {one}\n" for index, one in program.relocations]
    case.expect("relocations", "".join(lines))
