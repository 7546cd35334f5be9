"""Allocation flags get the kernel's names."""

from __future__ import annotations

import pytest

from seismo.events.gfp import gfp_names


@pytest.mark.parametrize(
    ("flags", "names"),
    [
        (0, "0"),
        (0xCC0, "GFP_KERNEL"),
        (0xDC0, "GFP_KERNEL|__GFP_ZERO"),
        (0x820, "GFP_ATOMIC"),
        (0x800, "GFP_NOWAIT"),
        (0xC00, "GFP_NOIO"),
        (0xC40, "GFP_NOFS"),
        (0x100CC0, "GFP_USER"),
        (0x100CC2, "GFP_HIGHUSER"),
        (0x100CCA, "GFP_HIGHUSER_MOVABLE"),
        (0x400CC0, "GFP_KERNEL_ACCOUNT"),
        (0x1C20CA, "GFP_TRANSHUGE_LIGHT"),
        (0x1C24CA, "GFP_TRANSHUGE"),
        (0x2000000, "0x2000000"),
        (0x2000100, "__GFP_ZERO|0x2000000"),
        (-1 << 32 | 0x100, "__GFP_ZERO"),
    ],
)
def test_names_of_flags(flags: int, names: str) -> None:
    assert gfp_names(flags) == names
