"""A directory entry that getdents64 gave, and that the process does not see."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from seismo.attacks.attack import Act, Attack, Quadrant, Scene
from seismo.attacks.inventory import inventory
from seismo.attacks.listing import Specimen
from seismo.attacks.process import after_call
from seismo.attacks.stage import accepted, outcome_lines
from seismo.sandbox.outcome import Guard
from seismo.sandbox.policy import Policy, with_helpers
from seismo.sandbox.sandbox import Sandbox
from seismo.vm.environment import Environment

__all__ = ("ATTACK",)

_NAMES = ("notes", "SECRETS!", "todo")
_HIDDEN = _NAMES[1]
_HEAD = struct.Struct("<QqHB")
"""struct linux_dirent64 without its name: d_ino, d_off, d_reclen, d_type."""

_ADDRESS = 0x7FFF_0000_1000
_READING = Policy(helpers=with_helpers(frozenset({"probe_read_user"})), is_isolated=True)

_PROGRAM = Specimen(
    "hider",
    f"""
r6 = *(u64 *)(r1 +0)
r7 = *(u64 *)(r1 +8)
r7 += r6
; r8 is the entry before, r9 counts: programs must end
r8 = 0
r9 = 0
next:
if r9 > 0xf goto out
r9 += 1
if r6 >= r7 goto out
; d_reclen, and the beginning of d_name
*(u64 *)(r10 -8) = 0
r1 = r10
r1 += -8
r2 = 2
r3 = r6
r3 += 16
call bpf_probe_read_user#112
r1 = r10
r1 += -16
r2 = 8
r3 = r6
r3 += 19
call bpf_probe_read_user#112
r1 = *(u64 *)(r10 -16)
r2 = {int.from_bytes(_HIDDEN.encode(), "little"):#x}
if r1 == r2 goto found
r8 = r6
r1 = *(u64 *)(r10 -8)
r6 += r1
goto next
found:
if r8 == 0x0 goto out
; the entry before takes this one's bytes, too
r6 -= r8
r1 = *(u64 *)(r10 -8)
r6 += r1
*(u16 *)(r10 -8) = r6
r1 = r8
r1 += 16
r2 = r10
r2 += -8
r3 = 2
call bpf_probe_write_user#36
out:
r0 = 0
exit
""",
)


def _entries() -> bytes:
    """What getdents64 puts into a process's buffer."""
    return b"".join(_entry(inode, name) for inode, name in enumerate(_NAMES, 11))


def _entry(inode: int, name: str) -> bytes:
    size = (_HEAD.size + len(name) + 8) & ~7
    return (_HEAD.pack(inode, 0, size, 8) + name.encode()).ljust(size, b"\0")


def _names(buffer: bytes) -> Iterator[str]:
    """The names that a process finds, going from entry to entry."""
    at = 0
    while at < len(buffer):
        size = _HEAD.unpack_from(buffer, at)[2]
        name = buffer[at + _HEAD.size : at + size].partition(b"\0")[0]
        yield name.decode()
        at += size


def _hidden() -> Scene:
    found = tuple(_names(after_call(_PROGRAM, _entries())))
    lines = (f"the kernel gave:    {' '.join(_NAMES)}", f"the process finds: {' '.join(found)}")
    return Scene(lines, found == tuple(name for name in _NAMES if name != _HIDDEN))


def _cross_view() -> Scene:
    listed = set(_names(after_call(_PROGRAM, _entries())))
    missing = [name for name in _NAMES if name not in listed]
    lines = tuple(f"there by its inode, and not in the listing: {name}" for name in missing)
    return Scene(lines, missing == [_HIDDEN])


def _flagged() -> Scene:
    found = inventory(_PROGRAM.program, "tracepoint:syscalls:sys_exit_getdents64")
    return Scene((str(found),), found.is_alarming)


def _stopped() -> Scene:
    entries = _entries()
    outside = Environment(read_user=lambda at, size: entries[at - _ADDRESS :][:size])
    context = _ADDRESS.to_bytes(8, "little") + len(entries).to_bytes(8, "little")
    outcome = Sandbox(_READING, outside).run(_PROGRAM.program, (), context)
    stop = outcome.stop
    is_so = stop is not None and stop.guard is Guard.HELPERS
    return Scene(tuple(outcome_lines("sandbox", outcome)), is_so)


ATTACK = Attack(
    name="hidden-entry",
    title="a file that no listing shows",
    quadrant=Quadrant.WITH_EBPF,
    story=(
        "getdents64 fills a buffer of the process with entries, each of which says where the next "
        "one begins. A tracer at the call's exit lengthens the entry before the one that it wants "
        "to hide, and the process steps over it: ls, find and every shell. The file itself is "
        "there, and opens by its name. TripleCross hides its directory so. What finds it is a "
        "second way to the same knowledge: going through the inodes, or another machine's mount."
    ),
    programs=(_PROGRAM,),
    acts=(
        Act("the process does not find the entry that the kernel gave it", _hidden),
        Act("a second view shows which one is missing", _cross_view),
        accepted(_PROGRAM, "no rule of the verifier is broken"),
        Act("its helpers and its place give it away", _flagged),
        Act("a sandbox that lets it read stops it where it begins to write", _stopped),
    ),
)
