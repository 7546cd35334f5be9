"""A tracer that changes what a process reads."""

from __future__ import annotations

from seismo.attacks.attack import Act, Attack, Quadrant, Scene
from seismo.attacks.inventory import inventory
from seismo.attacks.listing import Specimen
from seismo.attacks.process import after_call
from seismo.attacks.stage import accepted, contained
from seismo.sandbox.outcome import Guard

__all__ = ("ATTACK",)

_FILE, _LIE = b"guest=no", b"guest=ok"

_PROGRAM = Specimen(
    "rewriter",
    f"""
; the buffer's address, and how much was read
r6 = *(u64 *)(r1 +0)
r7 = *(u64 *)(r1 +8)
if r7 s< 0x8 goto out
r1 = {int.from_bytes(_LIE, "little"):#x}
*(u64 *)(r10 -8) = r1
r1 = r6
r2 = r10
r2 += -8
r3 = 8
call bpf_probe_write_user#36
out:
r0 = 0
exit
""",
)


def _rewritten() -> Scene:
    found = after_call(_PROGRAM, _FILE)
    lines = (f"the file holds:    {_FILE.decode()}", f"the process reads: {found.decode()}")
    return Scene(lines, found == _LIE)


def _flagged() -> Scene:
    found = inventory(_PROGRAM.program, "tracepoint:syscalls:sys_exit_read")
    return Scene((str(found),), found.is_alarming)


ATTACK = Attack(
    name="rewritten-read",
    title="a file that lies",
    quadrant=Quadrant.WITH_EBPF,
    story=(
        "bpf_probe_write_user puts bytes into the memory of the process that the event is about. "
        "At the exit of read() the process is about to look at its buffer: the file is as it was, "
        "its inode too, and every check of either finds nothing. Rootkits such as TripleCross "
        "rewrite what cron and sudo read this way. The kernel lets a privileged program do it, "
        "older ones with a line in their log; lockdown in the mode integrity refuses the helper."
    ),
    programs=(_PROGRAM,),
    acts=(
        Act("the process reads what is not in the file", _rewritten),
        accepted(_PROGRAM, "no rule of the verifier is broken"),
        Act("its helper and its place give it away, whatever its name", _flagged),
        contained(
            _PROGRAM,
            bytes(8) + (8).to_bytes(8, "little"),
            10,
            "the sandbox stops the call: the helper is not on the list",
            guard=Guard.HELPERS,
        ),
    ),
)
