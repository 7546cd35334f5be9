"""A map that a detector trusts, and that somebody else writes."""

from __future__ import annotations

from seismo.attacks.attack import Act, Attack, Quadrant, Scene
from seismo.attacks.listing import Specimen
from seismo.attacks.stage import judged, outcome_lines, verdict_lines
from seismo.attacks.user_side import UserSide
from seismo.base.dataclass import replace
from seismo.isa.map_types import MapType
from seismo.sandbox.outcome import Guard
from seismo.sandbox.policy import Policy
from seismo.sandbox.sandbox import Sandbox
from seismo.spec.types import MapSpec
from seismo.vm.errors import Errno
from seismo.vm.machine import Machine
from seismo.vm.maps.create import create_map
from seismo.vm.maps.vm_map import VmMap

__all__ = ("ATTACK",)

_UID = 1000
_ROOT, _INTRUDER = bytes(4), _UID.to_bytes(4, "little")
_YES, _NO = (1).to_bytes(4, "little"), bytes(4)
_READ_ONLY_FOR_PROGRAMS = 1 << 7  # BPF_F_RDONLY_PROG

_TRUSTED = MapSpec(
    name="trusted",
    type=MapType.HASH,
    key_size=4,
    value_size=4,
    max_entries=16,
    contents=((_ROOT, _YES), (_INTRUDER, _NO)),
)

_DETECTOR = Specimen(
    "detector",
    """
; r0 = whether the user of this event is to be reported: who is not trusted
r6 = *(u64 *)(r1 +0)
*(u32 *)(r10 -4) = r6
r2 = r10
r2 += -4
r1 = map trusted
call bpf_map_lookup_elem#1
r1 = r0
r0 = 1
if r1 == 0x0 goto out
r1 = *(u32 *)(r1 +0)
if r1 == 0x0 goto out
r0 = 0
out:
exit
""",
    (_TRUSTED,),
)

_TAMPERER = Specimen(
    "tamperer",
    f"""
; trusted[{_UID}] = 1
*(u32 *)(r10 -4) = {_UID}
r2 = r10
r2 += -4
r1 = map trusted
call bpf_map_lookup_elem#1
if r0 == 0x0 goto out
*(u32 *)(r0 +0) = 1
out:
r0 = 0
exit
""",
    (_TRUSTED,),
)

_SEALED = replace(_TRUSTED, flags=_READ_ONLY_FOR_PROGRAMS)


def _reports(trusted: VmMap) -> bool:
    """Whether the detector reports the intruder."""
    machine = Machine(_DETECTOR.program, {"trusted": trusted})
    return machine.run(_UID.to_bytes(8, "little")).r0 == 1


def _line(when: str, is_reported: bool) -> str:
    return f"detector, {when}: user {_UID} is {'' if is_reported else 'not '}reported"


def _undefended() -> Scene:
    trusted = create_map(_TRUSTED)
    before = _reports(trusted)
    Machine(_TAMPERER.program, {"trusted": trusted}).run()
    after = _reports(trusted)
    return Scene((_line("before", before), _line("after", after)), before and not after)


def _sealed_for_programs() -> Scene:
    tamperer = replace(_TAMPERER, maps=(_SEALED,))
    verdict = judged(tamperer)
    return Scene(tuple(verdict_lines(tamperer, verdict)), not verdict.is_accepted)


def _sandboxed() -> Scene:
    policy = Policy(writable_maps=frozenset())
    outcome = Sandbox(policy).run(_TAMPERER.program, (_TRUSTED,))
    is_so = outcome.stop is not None and outcome.stop.guard is Guard.MEMORY
    return Scene(tuple(outcome_lines("sandbox", outcome)), is_so and not outcome.changes)


def _from_user_space() -> Scene:
    trusted = create_map(_SEALED)
    process = UserSide(trusted)
    process.update(_INTRUDER, _YES)
    after = _reports(trusted)
    return Scene((_line("after a process's update", after),), not after)


def _frozen() -> Scene:
    trusted = create_map(_SEALED)
    process = UserSide(trusted)
    process.freeze()
    try:
        process.update(_INTRUDER, _YES)
    except Errno as error:
        lines = (f"bpf(BPF_MAP_UPDATE_ELEM): {error}", _line("after", _reports(trusted)))
        return Scene(lines, _reports(trusted))
    return Scene(("the update was taken",), False)


def _compared() -> Scene:
    trusted = create_map(_TRUSTED)
    UserSide(trusted).update(_INTRUDER, _YES)
    now = [(key, trusted.value(key)) for key in trusted.all_keys()]
    changed = [key for key, value in now if (key, value) not in _TRUSTED.contents]
    lines = tuple(f"not of ours: trusted[{int.from_bytes(key, 'little')}]" for key in changed)
    return Scene(lines, changed == [_INTRUDER])


ATTACK = Attack(
    name="map-tampering",
    title="a list that others write, too",
    quadrant=Quadrant.PROTECTING,
    story=(
        "A detector leaves alone the users that its map says are trusted. Maps have no owner: each "
        "process with the privilege gets at them by their number, and each program that was "
        "loaded with one writes it. Whoever enters himself into the list is not seen any more, "
        "and no program of the detector was touched. BPF_F_RDONLY_PROG keeps programs from "
        "writing, BPF_MAP_FREEZE keeps processes; only both together make a constant, and neither "
        "helps for a map that must change. Such a one can only be watched."
    ),
    programs=(_DETECTOR, _TAMPERER),
    acts=(
        Act("one write by a strange program blinds the detector", _undefended),
        Act("with BPF_F_RDONLY_PROG the verifier refuses such a program", _sealed_for_programs),
        Act("a sandbox that lets it write no maps stops the write", _sandboxed),
        Act("BPF_F_RDONLY_PROG does not stop a process", _from_user_space),
        Act("BPF_MAP_FREEZE does, and for good", _frozen),
        Act("for what must change: comparing tells which value is not ours", _compared),
    ),
)
