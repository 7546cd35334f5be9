"""Strings that are not in memory when a system call begins.

A program cannot wait for a page to be read in, so `str(args.filename)` at `sys_enter_*` fails where
the page of the name has not been touched yet. The kernel touches it itself while it serves the
call. So the program looks at the first byte of each such string before it does anything else; where
one is missing, it puts its arguments aside, under the thread's id and the probe's number, and ends.
A second program at the same call's `sys_exit_*` takes them up again and runs the probe's body then,
as if it were at the beginning, but for the time. A counter holds how many are put aside: what is
left in it at the end of a run was not told of.
"""

from __future__ import annotations

from seismo.builtin.record import Address
from seismo.ir.builder import Builder
from seismo.ir.ops import Cond, Kind, Value
from seismo.isa.map_types import MapType
from seismo.lang.ast import Call, Field, Name
from seismo.lang.typed import TypedProbe
from seismo.lang.types import PointerType, RecordType
from seismo.lang.walk import walk
from seismo.lower.context import FuncContext
from seismo.lower.resources import COUNTER_BYTES, LOST_MAP, Resources
from seismo.spec.types import MapSpec

__all__ = (
    "RETRY_MAP",
    "arguments_size",
    "exit_of",
    "put_aside",
    "retried_strings",
    "retry_map",
    "take_up",
)

RETRY_MAP = "retry"

BPF_ANY = 0  # include/uapi/linux/bpf.h
_MAX_ASIDE = 1 << 12
_KEY_BYTES = 8
_LATE = "late"
_HIDDEN_BYTES = 8  # kernel/trace/bpf_trace.c: tp_prog_is_valid_access()
_ENTER, _EXIT = "sys_enter_", "sys_exit_"
_NAMES = {"str": 0, "path_at": 1}
"""Which argument of a function is the pointer to a string that it reads."""
_MOVING = ("chdir", "chroot", "pivot_root")
"""Calls at whose end a name means another place than it did."""
_NEVER_RETURN = ("exit", "exit_group", "rt_sigreturn", "execve", "execveat")
"""Calls after which the caller's memory, or the caller, is not what it was."""


def retried_strings(probe: TypedProbe) -> tuple[Field, ...]:
    """The arguments whose strings a probe reads, one access for each; none where there is no
    coming back to them."""
    (point, *others) = probe.points
    category, name = (*point.target, "", "")[:2]
    if others or category != "syscalls" or not name.startswith(_ENTER):
        return ()
    call = name.removeprefix(_ENTER)
    if call in _NEVER_RETURN:
        return ()
    found: dict[str, Field] = {}
    for node in walk(probe.probe.body):
        if not (isinstance(node, Call) and node.name in _NAMES and node in probe.facts.types):
            continue
        if call in _MOVING and node.name == "path_at":
            return ()
        pointer = node.args[_NAMES[node.name]]
        if isinstance(pointer, Field) and _is_argument(probe, pointer):
            found.setdefault(pointer.field, pointer)
    return tuple(found.values())


def _is_argument(probe: TypedProbe, access: Field) -> bool:
    return isinstance(access.base, Name) and isinstance(probe.facts.types[access], PointerType)


def arguments_size(field: Field, probe: TypedProbe) -> int:
    """How many bytes of the context hold the call's arguments."""
    base = probe.facts.types[field.base]
    record = base.target if isinstance(base, PointerType) else None
    return record.size if isinstance(record, RecordType) else 0


def exit_of(probe: TypedProbe) -> tuple[str, str]:
    """The tracepoint where the call of a `sys_enter_*` probe ends."""
    name = probe.points[0].target[1].removeprefix(_ENTER)
    return "syscalls", f"{_EXIT}{name}"


def retry_map(size: int) -> MapSpec:
    """Arguments put aside, by thread (u32) and probe (u32); of too many at once those that come
    last stay where they are, and what cannot be read of them is counted as such."""
    return MapSpec(
        name=RETRY_MAP,
        type=MapType.HASH,
        key_size=_KEY_BYTES,
        value_size=size,
        max_entries=_MAX_ASIDE,
    )


def put_aside(
    low: FuncContext, strings: tuple[Field, ...], size: int, number: int, shared: Resources
) -> None:
    """End here, to go on at the end of the call, if a string's first byte is not in memory.

    The probe's arguments are `size` bytes, and its number among the probes `number`.
    """
    b, room = low.b, shared.retry_bytes
    missing, present = b.new_block("missing"), b.new_block("present")
    for string in strings:
        pointer, probed = low.scalar(string), b.new_block("probed")
        given = b.new_block("given")
        b.branch_if(pointer, given, probed)
        b.seal(given)
        b.start(given)
        byte = low.temporary("byte", 1)
        failed = b.call("probe_read_user", low.address(byte), b.const(1), pointer)
        b.branch(Cond.SLT, failed, b.const(0), missing, probed)
        b.seal(probed)
        b.start(probed)
    b.jump(present)
    b.seal(missing)
    b.start(missing)
    saved = low.temporary("saved", room)
    b.store(saved.base, saved.offset, b.const(0), 8)
    for offset in range(_HIDDEN_BYTES, size, 8):
        b.store(saved.base, saved.offset + offset, b.load(b.context, offset, 8), 8)
    if room > size:
        b.fill(saved.base, saved.offset + size, room - size)
    key, value = _key(b, number), low.address(saved)
    refused = b.call("map_update_elem", b.map(RETRY_MAP), key, value, b.const(BPF_ANY))
    gone = b.new_block("put_aside")
    b.branch_if(refused, present, gone)
    b.seal(gone)
    b.start(gone)
    _count(b, strings, 1, shared)
    low.leave()
    b.seal(present)
    b.start(present)


def take_up(
    low: FuncContext,
    to: Address,
    strings: tuple[Field, ...],
    size: int,
    number: int,
    shared: Resources,
) -> None:
    """Get the arguments that `put_aside` put aside, or end where it did not."""
    b = low.b
    key = _key(b, number)
    found = b.call("map_lookup_elem", b.map(RETRY_MAP), key, kind=Kind.PTR)
    b.when_set(found, lambda: b.copy((to.base, to.offset), (found, 0), size), low.leave)
    b.call("map_delete_elem", b.map(RETRY_MAP), key)
    _count(b, strings, -1, shared)


def _key(b: Builder, number: int) -> Value:
    """Each probe has an entry of its own: at one call several may wait, or some and others not."""
    key = b.slot("waiting", _KEY_BYTES)
    b.store(key, 0, b.call("get_current_pid_tgid", pure=True), 4)
    b.store(key, 4, b.const(number), 4)
    return key


def _count(b: Builder, strings: tuple[Field, ...], by: int, shared: Resources) -> None:
    site = shared.fault(_LATE, "", strings[0].span)
    b.atomic_add(b.map_value(LOST_MAP), site.index * COUNTER_BYTES, b.const(by))
