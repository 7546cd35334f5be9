"""A function with a hole, and a program in front of it that turns away what would go through."""

from __future__ import annotations

import errno

from seismo.attacks.attack import Act, Attack, Quadrant, Scene
from seismo.attacks.listing import Specimen
from seismo.attacks.stage import accepted
from seismo.base.bits import to_signed
from seismo.sandbox.outcome import Outcome
from seismo.sandbox.policy import Policy
from seismo.sandbox.sandbox import Sandbox

__all__ = ("ATTACK",)

_FUNCTION = Specimen(
    "vulnerable",
    """
; copies as many bytes of a message as it says into a buffer of 16, and adds them up
r2 = *(u64 *)(r1 +0)
r1 += 8
r3 = r10
r3 += -16
r0 = 0
next:
if r2 == 0x0 goto out
r4 = *(u8 *)(r1 +0)
*(u8 *)(r3 +0) = r4
r0 += r4
r1 += 1
r3 += 1
r2 += -1
goto next
out:
exit
""",
)

_PATCH = Specimen(
    "patch",
    f"""
; 0: go on; else what the function returns at once
r0 = 0
r1 = *(u64 *)(r1 +0)
if r1 > 0x10 goto refuse
exit
refuse:
r0 = -{errno.EINVAL}
exit
""",
)

_BROKEN = Specimen("broken_patch", "again:\nr0 = 0\ngoto again")

_ORDINARY = (4).to_bytes(8, "little") + bytes((1, 2, 3, 4)).ljust(64, b"\0")
_CRAFTED = (40).to_bytes(8, "little") + b"\x41" * 64
_POLICY = Policy(steps=1000)


def _run(specimen: Specimen, message: bytes) -> Outcome:
    return Sandbox(_POLICY).run(specimen.program, (), message)


def _call(message: bytes, patch: Specimen) -> str:
    """What the patched function does with a message; a patch that is stopped lets nothing by."""
    verdict = _run(patch, message)
    if verdict.stop is not None:
        return f"turned away: the patch was stopped, {verdict.stop.guard.value}"
    if verdict.r0:
        return f"turned away: {errno.errorcode[-to_signed(verdict.r0, 64)]}"
    return _result(message)


def _result(message: bytes) -> str:
    """What the function itself does with it."""
    outcome = _run(_FUNCTION, message)
    return f"fault: {outcome.stop.why}" if outcome.stop else f"returns {outcome.r0}"


def _unpatched() -> Scene:
    ordinary, crafted = _result(_ORDINARY), _result(_CRAFTED)
    lines = (f"ordinary message: {ordinary}", f"crafted message:  {crafted}")
    return Scene(lines, ordinary == "returns 10" and "above the frame" in crafted)


def _patched() -> Scene:
    ordinary, crafted = _call(_ORDINARY, _PATCH), _call(_CRAFTED, _PATCH)
    lines = (f"ordinary message: {ordinary}", f"crafted message:  {crafted}")
    return Scene(lines, (ordinary, crafted) == ("returns 10", "turned away: EINVAL"))


def _broken() -> Scene:
    ordinary = _call(_ORDINARY, _BROKEN)
    return Scene((f"ordinary message: {ordinary}",), ordinary.startswith("turned away: the patch"))


ATTACK = Attack(
    name="filter-patch",
    title="a patch that is a program",
    quadrant=Quadrant.DEFENDING,
    story=(
        "A function trusts the length that a message states. Where the system cannot be stopped "
        "and built again, a small program in front of the function looks at its arguments first, "
        "and answers in its place where they would do harm. Most fixes of such holes are one "
        "comparison. Because the patch is eBPF, it is verified, or run in a sandbox, and can be "
        "wrong without making things worse than closed. In a running kernel programs of the types "
        "LSM and fmod_ret stand in such places; here the function is a program as well, so that "
        "its overflow harms nobody."
    ),
    programs=(_FUNCTION, _PATCH, _BROKEN),
    acts=(
        Act("unpatched, a crafted message overflows the buffer", _unpatched),
        accepted(_PATCH, "the patch is verified before it is put in"),
        Act("patched, the crafted message is turned away, others are as before", _patched),
        Act("a patch that never ends is stopped: closed, and not hanging", _broken),
    ),
)
