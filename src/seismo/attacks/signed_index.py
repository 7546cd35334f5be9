"""An index compared as a signed number, and used as one without sign."""

from __future__ import annotations

from seismo.attacks.attack import Attack, Quadrant
from seismo.attacks.listing import Specimen
from seismo.attacks.stage import accepted, contained, refused
from seismo.attacks.value_map import LOOK_UP, VALUES
from seismo.base.dataclass import replace
from seismo.verifier.rules import Rule

__all__ = ("ATTACK",)

_PROGRAM = Specimen(
    "signed",
    f"""{LOOK_UP}
; -1 is not greater than 8
if r6 s> 0x8 goto out
r9 += r6
r0 = *(u64 *)(r9 +0)
exit
out:
r0 = 0
exit
""",
    (VALUES,),
)

_MENDED = replace(
    _PROGRAM,
    name="unsigned",
    text=_PROGRAM.text.replace("s> 0x8", "> 0x8").replace("is not", "without sign is"),
)

ATTACK = Attack(
    name="signed-index",
    title="a comparison with the wrong kind of number",
    quadrant=Quadrant.ON_EBPF,
    story=(
        "The index is compared with the largest that is right, but as a signed number: all "
        "negative ones pass. In C it takes no more than `int` in place of `unsigned`."
    ),
    programs=(_PROGRAM, _MENDED),
    acts=(
        refused(_PROGRAM, Rule.POINTER, 10, "the verifier knows no lower bound, and refuses"),
        contained(_PROGRAM, b"\xff" * 8, 11, "with -1, the sandbox stops a read before the value"),
        accepted(_MENDED, "compared without sign, the index has both bounds"),
    ),
)
