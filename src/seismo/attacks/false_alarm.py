"""A program that is right, and that no verifier of the kernel takes."""

from __future__ import annotations

from seismo.attacks.attack import Attack, Quadrant
from seismo.attacks.listing import Specimen
from seismo.attacks.stage import accepted, contained, ends, refused
from seismo.attacks.value_map import LOOK_UP, VALUES
from seismo.base.dataclass import replace
from seismo.sandbox.outcome import Guard
from seismo.sandbox.policy import Policy
from seismo.verifier.rules import Rule

__all__ = ("ATTACK",)

_PROGRAM = Specimen(
    "remainder",
    f"""{LOOK_UP}
; what is left is 0 to 15, and the value has 16 bytes
r6 %= 16
r9 += r6
r0 = *(u8 *)(r9 +0)
exit
out:
r0 = 0
exit
""",
    (VALUES,),
)

_REWRITTEN = replace(_PROGRAM, name="masked", text=_PROGRAM.text.replace("r6 %= 16", "r6 &= 15"))

_ENDLESS = Specimen("endless", "again:\ngoto again")

ATTACK = Attack(
    name="false-alarm",
    title="a right program, refused",
    quadrant=Quadrant.PROTECTING,
    story=(
        "A verifier proves, and what it cannot prove it refuses: it knows nothing of remainders, "
        "so a program that is right is not taken. Dynamic checks need no proof. They look at the "
        "one run that happens, for the price of a check at each access, and of stopping a program "
        "in the middle where a verifier would never have begun it. That is the trade that "
        "isolation by hardware keys (PKS) proposes for the kernel; here it is a machine in "
        "software, which shows the idea and measures nothing of the hardware's speed."
    ),
    programs=(_PROGRAM, _REWRITTEN, _ENDLESS),
    acts=(
        refused(_PROGRAM, Rule.POINTER, 10, "the verifier refuses it: a false alarm"),
        ends(
            _PROGRAM,
            (1003).to_bytes(8, "little"),
            0x5A,
            "the sandbox lets it end",
            values={"values": ((bytes(4), bytes(11) + b"\x5a" + bytes(4)),)},
        ),
        accepted(_REWRITTEN, "the same with a mask, which the verifier knows, is taken"),
        contained(
            _ENDLESS,
            b"",
            0,
            "what never ends is stopped by its budget, not by a proof",
            guard=Guard.STEPS,
            policy=Policy(steps=1000),
        ),
    ),
)
