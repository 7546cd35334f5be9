"""An index from outside that nobody compares with anything."""

from __future__ import annotations

from seismo.attacks.attack import Attack, Quadrant
from seismo.attacks.listing import Specimen
from seismo.attacks.stage import accepted, contained, ends, refused
from seismo.attacks.value_map import LOOK_UP, VALUES
from seismo.base.dataclass import replace
from seismo.verifier.rules import Rule

__all__ = ("ATTACK",)

_PROGRAM = Specimen(
    "trusting",
    f"""{LOOK_UP}
r6 <<= 3
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
    name="checking",
    text=_PROGRAM.text.replace("r6 <<= 3", "if r6 > 0x1 goto out\nr6 <<= 3"),
)

_FAR, _NEAR = (1 << 20).to_bytes(8, "little"), (1).to_bytes(8, "little")

ATTACK = Attack(
    name="unchecked-index",
    title="an index that nobody checks",
    quadrant=Quadrant.ON_EBPF,
    story=(
        "The plainest way out of an array: an index that comes from the traced program, a packet "
        "or a user, and is added to a pointer as it is."
    ),
    programs=(_PROGRAM, _MENDED),
    acts=(
        refused(_PROGRAM, Rule.POINTER, 10, "the verifier refuses the addition"),
        contained(_PROGRAM, _FAR, 11, "the sandbox stops the read, 8 MiB further"),
        ends(_PROGRAM, _NEAR, 0, "where the index happens to be right, the sandbox lets it end"),
        accepted(_MENDED, "with one comparison the verifier knows that it is right"),
    ),
)
