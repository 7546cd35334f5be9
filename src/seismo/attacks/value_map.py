"""The map that attacks on bounds start from, and how they get its value."""

from __future__ import annotations

from seismo.isa.map_types import MapType
from seismo.spec.types import MapSpec

__all__ = ("LOOK_UP", "VALUES")

VALUES = MapSpec(name="values", type=MapType.ARRAY, key_size=4, value_size=16, max_entries=1)
"""One value of 16 bytes."""

LOOK_UP = """
r6 = *(u64 *)(r1 +0)
*(u32 *)(r10 -4) = 0
r2 = r10
r2 += -4
r1 = map values
call bpf_map_lookup_elem#1
if r0 == 0x0 goto out
r9 = r0
"""
"""r6 = the first argument, r9 = the value; eight instructions."""
