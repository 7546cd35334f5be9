"""The attack laboratory: every act comes out as stated, and an act that does not is told apart."""

from __future__ import annotations

import pytest

from seismo.attacks.attack import Act, Attack, Quadrant
from seismo.attacks.inventory import ALARMING, inventory
from seismo.attacks.listing import Specimen
from seismo.attacks.stage import accepted, contained, deceived, ends, refused
from seismo.attacks.table import ATTACKS, UnknownAttack, find_attack
from seismo.attacks.user_side import UserSide
from seismo.isa.insn import slot_starts
from seismo.isa.map_types import MapType
from seismo.sandbox.outcome import Guard
from seismo.sandbox.policy import Policy
from seismo.spec.types import MapSpec
from seismo.verifier.options import Fault
from seismo.verifier.rules import Rule
from seismo.vm.errors import Errno
from seismo.vm.maps.create import create_map

ACTS = [(attack, number) for attack in ATTACKS for number in range(len(attack.acts))]
MAP = MapSpec(name="m", type=MapType.HASH, key_size=4, value_size=4, max_entries=2)
GOOD = Specimen("good", "r0 = 0\nexit")
BAD = Specimen("bad", "r0 = *(u64 *)(r10 +0)\nexit")


@pytest.mark.parametrize(
    ("attack", "number"), ACTS, ids=[f"{attack.name}-{number + 1}" for attack, number in ACTS]
)
def test_an_act_comes_out_as_stated(attack: Attack, number: int) -> None:
    scene = attack.acts[number].play()
    assert scene.lines
    assert scene.is_as_stated, "\n".join(scene.lines)


def test_every_chapter_and_every_fault_has_a_case() -> None:
    assert {one.quadrant for one in ATTACKS} == set(Quadrant)
    assert {one.cve for one in ATTACKS if one.cve} == {fault.value for fault in Fault}
    assert len({one.name for one in ATTACKS}) == len(ATTACKS)


def test_a_name_that_is_none() -> None:
    assert find_attack("signed-index").name == "signed-index"
    with pytest.raises(UnknownAttack, match="did you mean 'signed-index'"):
        find_attack("signed-indx")


@pytest.mark.parametrize(
    "act",
    [
        accepted(BAD, ""),
        refused(GOOD, Rule.BOUNDS, 0, ""),
        refused(BAD, Rule.NULL, 0, ""),
        refused(BAD, Rule.BOUNDS, 1, ""),
        contained(GOOD, b"", 0, ""),
        contained(BAD, b"", 1, ""),
        contained(BAD, b"", 0, "", guard=Guard.STEPS),
        ends(BAD, b"", 0, ""),
        ends(GOOD, b"", 1, ""),
        deceived(GOOD, Fault.SIGN_EXTENDED_MOV32, b"", 0, ""),
        deceived(BAD, Fault.SIGN_EXTENDED_MOV32, b"", 0, ""),
    ],
)
def test_an_act_that_does_not_come_out(act: Act) -> None:
    assert not act.play().is_as_stated


@pytest.mark.parametrize(
    "act",
    [
        accepted(GOOD, ""),
        refused(BAD, Rule.BOUNDS, 0, ""),
        contained(BAD, b"", 0, "", policy=Policy()),
        ends(GOOD, b"", 0, ""),
    ],
)
def test_an_act_that_does(act: Act) -> None:
    assert act.play().is_as_stated


def test_labels_and_maps_of_a_listing() -> None:
    text = "again:\nr1 = map m\n; a remark\nif r1 == 0x0 goto again\nr2 = 0x100000000\ngoto out\n"
    specimen = Specimen("one", text + "r0 = 1\nout:\nexit", (MAP,))
    program = specimen.program
    assert program.map_refs == ((0, "m"),)
    starts = slot_starts(program.insns)
    targets = [
        starts.index(insn.target(start))
        for insn, start in zip(program.insns, starts, strict=False)
        if insn.is_jump
    ]
    assert targets == [0, 5]
    assert str(specimen).splitlines() == [
        "       again:",
        "    0  r1 = map m",
        "       ; a remark",
        "    2  if r1 == 0x0 goto again",
        "    3  r2 = 0x100000000",
        "    5  goto out",
        "    6  r0 = 1",
        "       out:",
        "    7  exit",
    ]


@pytest.mark.parametrize(
    ("calls", "at", "risk", "reason"),
    [
        ((), "tracepoint:syscalls:sys_exit_read", 0, "sees, and changes nothing"),
        ((113,), "", 1, "reads memory of the kernel (bpf_probe_read_kernel)"),
        ((36,), "", 6, "writes memory of processes (bpf_probe_write_user)"),
        ((36,), "kprobe:do_nanosleep", 6, "writes memory of processes (bpf_probe_write_user)"),
        ((36, 36), "tracepoint:syscalls:sys_exit_read", 10, "so it can falsify what files hold"),
        ((112, 58), "kprobe:x", 6, "decides what functions of the kernel return"),
        ((4000,), "", 0, "sees, and changes nothing"),
    ],
)
def test_the_risk_of_a_program(calls: tuple[int, ...], at: str, risk: int, reason: str) -> None:
    names = {113: "probe_read_kernel", 36: "probe_write_user", 112: "probe_read_user"}
    names |= {58: "override_return", 4000: "unknown"}
    text = "".join(f"call bpf_{names[number]}#{number}\n" for number in calls if number < 4000)
    text += "".join(f"call unknown#{number}\n" for number in calls if number == 4000)
    found = inventory(Specimen("p", f"{text}exit").program, at)
    assert found.risk == risk
    assert found.is_alarming == (risk >= ALARMING)
    assert reason in str(found)
    assert len(found.helpers) == len(set(calls))


def test_who_holds_a_map_may_write_it_until_it_is_frozen() -> None:
    made = create_map(MAP)
    process = UserSide(made)
    process.update(bytes(4), b"abcd")
    process.freeze()
    with pytest.raises(Errno, match="EPERM"):
        process.update(bytes(4), b"efgh")
    assert made.value(bytes(4)) == b"abcd"
