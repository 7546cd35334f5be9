"""CVE-2020-8835: 64-bit bounds cut to 32 bits by a 32-bit comparison."""

from __future__ import annotations

from seismo.attacks.attack import Attack, Quadrant
from seismo.attacks.listing import Specimen
from seismo.attacks.stage import contained, deceived, ends, refused
from seismo.attacks.value_map import LOOK_UP, VALUES
from seismo.verifier.options import Fault
from seismo.verifier.rules import Rule

__all__ = ("ATTACK",)

_PROGRAM = Specimen(
    "narrowed",
    f"""{LOOK_UP}
; r6 is 1 to 2**32 + 1: of both bounds the lower half is 1
if r6 == 0x0 goto out
r2 = 0x100000001
if r6 > r2 goto out
if w6 == 0x5 goto out
; bit 1 of the number 1 is not set, but of 2 it is
r6 &= 2
r6 <<= 10
r9 += r6
*(u64 *)(r9 +0) = 0
out:
r0 = 0
exit
""",
    (VALUES,),
)

ATTACK = Attack(
    name="jump32-bounds",
    title="a number believed to be 1",
    cve="CVE-2020-8835",
    quadrant=Quadrant.ON_EBPF,
    story=(
        "After a comparison of lower halves the verifier of Linux 5.5 and 5.6 narrowed what it "
        "knew of the lower half to what lies between the lower halves of the 64-bit bounds. For a "
        "number of 1 to 2**32 + 1 both of these are 1, and so it was believed that the lower half "
        "is 1. It can be anything. What is computed from it is then believed to be 0, and moves a "
        "pointer out of its map's value."
    ),
    programs=(_PROGRAM,),
    acts=(
        deceived(
            _PROGRAM,
            Fault.JUMP32_BOUNDS,
            (2).to_bytes(8, "little"),
            17,
            "with the fault, the program is accepted, and with the argument 2 writes 2 KiB further",
        ),
        refused(_PROGRAM, Rule.BOUNDS, 17, "with the fault mended, the number may be 0 or 2048"),
        contained(
            _PROGRAM,
            (2).to_bytes(8, "little"),
            17,
            "the sandbox stops the write, not the program's arithmetic",
        ),
        ends(
            _PROGRAM,
            (1).to_bytes(8, "little"),
            0,
            "with the argument 1 nothing is wrong, and the sandbox lets it end",
        ),
    ),
)
