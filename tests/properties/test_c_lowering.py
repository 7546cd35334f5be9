"""Random functions of C give what gcc's give: as IR, optimised, and as instructions."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from c_lowering import answers_of, lowered
from random_c import INPUTS, native_answers, random_program

EDGES = (0, 1, 5, 0x7F, 0x8000, (1 << 31) - 1, 1 << 31, 1 << 63, (1 << 64) - 1)


def random_input(random_: random.Random) -> list[int]:
    return [random_.choice((*EDGES, random_.getrandbits(64))) for _ in range(INPUTS)]


@given(st.integers(0, 1 << 32), st.integers(1, 20))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_functions_mean_what_gcc_makes_of_them(
    tmp_path_factory: pytest.TempPathFactory, seed: int, size: int
) -> None:
    text, random_ = random_program(seed, size), random.Random(seed)
    inputs = [random_input(random_) for _ in range(3)]
    wanted = native_answers(text, inputs, tmp_path_factory.mktemp("c"))
    func = lowered(text)
    for row, want in zip(inputs, wanted, strict=True):
        context = b"".join(one.to_bytes(8, "little") for one in row)
        assert set(answers_of(func, context)) == {want}
