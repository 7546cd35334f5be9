"""CVE-2021-3490: 32-bit bounds that and, or, xor left as they were."""

from __future__ import annotations

from seismo.attacks.attack import Attack, Quadrant
from seismo.attacks.listing import Specimen
from seismo.attacks.stage import contained, deceived, refused
from seismo.attacks.value_map import LOOK_UP, VALUES
from seismo.verifier.options import Fault
from seismo.verifier.rules import Rule

__all__ = ("ATTACK",)

_PROGRAM = Specimen(
    "contradicted",
    f"""{LOOK_UP}
; r7: the upper half is not known, the lower half is 1
r7 = r6
r7 >>= 32
r7 <<= 32
r7 += 1
; both lower halves are known: 1 & 2 is 0, and the bounds still say 1
r2 = 0x100000002
r7 &= r2
; 0 to 1, added to at least 1 and at most 0, is believed to be 1
r8 = r6
r8 &= 1
r8 += r7
w8 = w8
r1 = 1
r1 -= r8
r1 <<= 10
r9 += r1
*(u64 *)(r9 +0) = 0
out:
r0 = 0
exit
""",
    (VALUES,),
)

ATTACK = Attack(
    name="bitwise-bounds",
    title="bounds that contradict the bits",
    cve="CVE-2021-3490",
    quadrant=Quadrant.ON_EBPF,
    story=(
        "Verifiers from Linux 5.7 on keep bounds of a register's lower half beside those of all "
        "64 bits. For and, or, xor of two numbers whose lower halves were both known they left "
        "the 32-bit bounds to be set by the 64-bit rule, which did so only where all 64 bits were "
        "known. So the old bounds stayed: at least 1, while the bits say 0. A sum with such a "
        "number is believed to be a constant that it is not. Mended in Linux 5.13."
    ),
    programs=(_PROGRAM,),
    acts=(
        deceived(
            _PROGRAM,
            Fault.BITWISE_BOUNDS32,
            bytes(8),
            24,
            "with the fault, the program is accepted, and writes 1 KiB further",
        ),
        refused(_PROGRAM, Rule.BOUNDS, 24, "with the fault mended, r1 may be 0 or 1024"),
        contained(_PROGRAM, bytes(8), 24, "the sandbox stops the write"),
    ),
)
