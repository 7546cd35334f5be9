"""A look-up whose result is taken for granted."""

from __future__ import annotations

from seismo.attacks.attack import Attack, Quadrant
from seismo.attacks.listing import Specimen
from seismo.attacks.stage import accepted, contained, ends, refused
from seismo.attacks.value_map import VALUES
from seismo.base.dataclass import replace
from seismo.verifier.rules import Rule

__all__ = ("ATTACK",)

_PROGRAM = Specimen(
    "hopeful",
    """
r6 = *(u64 *)(r1 +0)
*(u32 *)(r10 -4) = r6
r2 = r10
r2 += -4
r1 = map values
call bpf_map_lookup_elem#1
r0 = *(u64 *)(r0 +0)
exit
""",
    (VALUES,),
)

_MENDED = replace(
    _PROGRAM,
    name="careful",
    text=_PROGRAM.text.replace(
        "r0 = *(u64 *)(r0", "if r0 == 0x0 goto out\nr0 = *(u64 *)(r0"
    ).replace("exit\n", "out:\nexit\n"),
)

_ABSENT, _PRESENT = (7).to_bytes(8, "little"), bytes(8)

ATTACK = Attack(
    name="missing-null-check",
    title="a key that is not there",
    quadrant=Quadrant.ON_EBPF,
    story=(
        "bpf_map_lookup_elem gives null where there is no such key. Whoever follows the pointer "
        "all the same reads address 0, which in a kernel is a crash or, where somebody has mapped "
        "that page, a way to hand it any data."
    ),
    programs=(_PROGRAM, _MENDED),
    acts=(
        refused(_PROGRAM, Rule.NULL, 7, "the verifier refuses to follow what may be null"),
        contained(_PROGRAM, _ABSENT, 7, "with a key that is not there, the sandbox stops the read"),
        ends(_PROGRAM, _PRESENT, 0, "with a key that is there, the sandbox lets it end"),
        accepted(_MENDED, "with the comparison the verifier takes it"),
    ),
)
