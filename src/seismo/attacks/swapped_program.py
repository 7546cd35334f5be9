"""A command that is not the one that was asked for."""

from __future__ import annotations

from seismo.attacks.attack import Act, Attack, Quadrant, Scene
from seismo.attacks.inventory import inventory
from seismo.attacks.listing import Specimen
from seismo.attacks.process import after_call
from seismo.attacks.stage import accepted, contained
from seismo.sandbox.outcome import Guard

__all__ = ("ATTACK",)

_ASKED, _STARTED = b"/bin/ls\0", b"/tmp/it\0"

_PROGRAM = Specimen(
    "swapper",
    f"""
; where the process keeps the path that it hands to execve
r6 = *(u64 *)(r1 +0)
r1 = {int.from_bytes(_STARTED, "little"):#x}
*(u64 *)(r10 -8) = r1
r1 = r6
r2 = r10
r2 += -8
r3 = 8
call bpf_probe_write_user#36
r0 = 0
exit
""",
)


def _text(path: bytes) -> str:
    return path.partition(b"\0")[0].decode()


def _swapped() -> Scene:
    # Tracers at one place run in the order in which they were attached: ours looked before.
    seen, started = _ASKED, after_call(_PROGRAM, _ASKED)
    lines = (
        f"a tracer at sys_enter_execve saw: {_text(seen)}",
        f"the kernel copies and starts:     {_text(started)}",
    )
    return Scene(lines, started == _STARTED)


def _compared() -> Scene:
    seen, started = _text(_ASKED), _text(after_call(_PROGRAM, _ASKED))
    lines = (
        f"sys_enter_execve:   {seen}",
        f"sched_process_exec: {started}",
        "the two are not the same" if seen != started else "the two are the same",
    )
    return Scene(lines, seen != started)


def _flagged() -> Scene:
    found = inventory(_PROGRAM.program, "tracepoint:syscalls:sys_enter_execve")
    return Scene((str(found),), found.is_alarming)


ATTACK = Attack(
    name="swapped-program",
    title="a command that is not the one that was asked for",
    quadrant=Quadrant.WITH_EBPF,
    story=(
        "At the entry of execve the path is still in the process's memory, and the kernel copies "
        "it a little later. A tracer that writes there in between has another program started, "
        "and whoever logs arguments at the system call's entry has logged what was not done. "
        "TripleCross hijacks commands this way. The remedy is to look where the kernel has its own "
        "copy: sched_process_exec, or the LSM hooks of exec. Where the two disagree, somebody "
        "has been in between."
    ),
    programs=(_PROGRAM,),
    acts=(
        Act("what is started is not what a tracer saw", _swapped),
        Act("comparing with what the kernel itself has copied shows it", _compared),
        accepted(_PROGRAM, "no rule of the verifier is broken"),
        Act("its helper and its place give it away", _flagged),
        contained(
            _PROGRAM,
            bytes(16),
            8,
            "the sandbox stops the call: the helper is not on the list",
            guard=Guard.HELPERS,
        ),
    ),
)
