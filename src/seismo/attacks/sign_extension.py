"""CVE-2017-16995: a 32-bit move of -1, taken for a 64-bit one."""

from __future__ import annotations

from seismo.attacks.attack import Attack, Quadrant
from seismo.attacks.listing import Specimen
from seismo.attacks.stage import contained, deceived, refused
from seismo.verifier.options import Fault
from seismo.verifier.rules import Rule

__all__ = ("ATTACK",)

_PROGRAM = Specimen(
    "confused",
    """
; the machine fills up with zeros: r9 is 0x00000000ffffffff
w9 = -1
; the comparison is of 64 bits with 0xffffffffffffffff
if r9 != 0xffffffff goto unseen
r0 = 0
exit
unseen:
r1 = r10
*(u64 *)(r1 +8) = r9
r0 = 0
exit
""",
)

ATTACK = Attack(
    name="sign-extension",
    title="a branch that the verifier believed dead",
    cve="CVE-2017-16995",
    quadrant=Quadrant.ON_EBPF,
    story=(
        "Moving an immediate into the lower half of a register clears the upper half. Verifiers "
        "before Linux 4.15 remembered the immediate sign-extended to 64 bits, so that -1 was "
        "believed to be 0xffffffffffffffff. The comparison with -1 then seemed to hold always, "
        "and what stands behind its other side was never looked at. In the machine it is the side "
        "that is taken, and the program there may do anything."
    ),
    programs=(_PROGRAM,),
    acts=(
        deceived(
            _PROGRAM,
            Fault.SIGN_EXTENDED_MOV32,
            b"",
            5,
            "with the fault, the program is accepted, and writes above its stack",
        ),
        refused(_PROGRAM, Rule.BOUNDS, 5, "with the fault mended, the other side is looked at"),
        contained(_PROGRAM, b"", 5, "the sandbox stops it, whatever a verifier believed"),
    ),
)
