"""Memory of a process that changes between two reads of it."""

from __future__ import annotations

from collections.abc import Callable

from seismo.attacks.attack import Act, Attack, Quadrant, Scene
from seismo.attacks.listing import Specimen
from seismo.attacks.stage import accepted, outcome_lines
from seismo.base.dataclass import replace
from seismo.sandbox.outcome import Guard, Outcome
from seismo.sandbox.policy import Policy, with_helpers
from seismo.sandbox.sandbox import Sandbox
from seismo.vm.environment import Environment

__all__ = ("ATTACK",)

_ADDRESS = 0x7FFF_0000_1000
_SHOWN, _MEANT = b"/tmp/log", b"/etc/pwd"

_TWICE = Specimen(
    "reads_twice",
    f"""
r6 = *(u64 *)(r1 +0)
; read to check
r1 = r10
r1 += -8
r2 = 8
r3 = r6
call bpf_probe_read_user#112
r1 = *(u64 *)(r10 -8)
r2 = {int.from_bytes(_SHOWN, "little"):#x}
r0 = 0
if r1 != r2 goto out
; read to use
r1 = r10
r1 += -8
r2 = 8
r3 = r6
call bpf_probe_read_user#112
r0 = *(u64 *)(r10 -8)
out:
exit
""",
)

_ONCE = Specimen(
    "reads_once",
    _TWICE.text[: _TWICE.text.index("; read to use")] + "r0 = r1\nout:\nexit\n",
)

_READING = Policy(helpers=with_helpers(frozenset({"probe_read_user"})))


def _racing() -> Callable[[int, int], bytes]:
    """The memory of a process one of whose threads changes it after each read."""
    texts = iter((_SHOWN, _MEANT))
    return lambda address, size: next(texts)[:size]


def _run(specimen: Specimen, policy: Policy) -> Outcome:
    sandbox = Sandbox(policy, Environment(read_user=_racing()))
    return sandbox.run(specimen.program, (), _ADDRESS.to_bytes(8, "little"))


def _used(outcome: Outcome) -> bytes:
    return (outcome.r0 or 0).to_bytes(8, "little")


def _shows(specimen: Specimen, text: bytes, statement: str) -> Act:
    def play() -> Scene:
        used = _used(_run(specimen, _READING))
        lines = (f"checked: {_SHOWN.decode()}", f"used:    {used.decode()}")
        return Scene(lines, used == text)

    return Act(statement, play)


def _stops() -> Scene:
    outcome = _run(_TWICE, replace(_READING, reads_user_once=True))
    stop = outcome.stop
    is_so = stop is not None and (stop.guard, stop.slot) == (Guard.READS, 15)
    return Scene(tuple(outcome_lines("sandbox", outcome)), is_so)


ATTACK = Attack(
    name="double-read",
    title="checked, and then read again",
    quadrant=Quadrant.ON_EBPF,
    story=(
        "A program at a system call checks a path in the process's memory, and then reads it again "
        "to use it. Another thread of the process changes it in between: time of check is not time "
        "of use. The same happens between a tracer at sys_enter_* and the kernel, which copies the "
        "path itself, later. No rule of a verifier is broken: the memory is not the program's, and "
        "reading it twice is allowed. What decides about access belongs where the kernel has its "
        "own copy (LSM hooks), not at the system call's entry."
    ),
    programs=(_TWICE, _ONCE),
    acts=(
        _shows(_TWICE, _MEANT, "what is used is not what was checked"),
        accepted(_TWICE, "the verifier has nothing against it"),
        Act("a sandbox that lets each byte be read once stops the second read", _stops),
        _shows(_ONCE, _SHOWN, "who reads once uses what was checked"),
    ),
)
