"""`audit_catalog`: the catalog of a kernel, of its tracefs and of the tables that ship with seismo.

Names and C types of arguments are what tracefs tells (`events/syscalls/sys_enter_*/format`) where
the kernel has it; where it has none, or lacks a call, they are those of Linux 6.18. What they mean
is in the tables of meanings. So the catalog has the same events with and without tracefs.
"""

from __future__ import annotations

from collections.abc import Mapping

from seismo.audit.catalog.c_types import is_pointer
from seismo.audit.catalog.compat import compat_calls
from seismo.audit.catalog.families import families_of
from seismo.audit.catalog.kernel_events import KERNEL_EVENT_TYPES
from seismo.audit.catalog.meaning import ArgumentMeaning, Meaning, meanings
from seismo.audit.catalog.model import EventField, EventType, FieldKind
from seismo.audit.catalog.signature import Signature, shipped_signatures
from seismo.audit.catalog.table import COMPAT_PREFIX, Catalog, unknown_call
from seismo.audit.record.layout import COMPAT, SYSCALL
from seismo.base.errors import NotSupported
from seismo.engine.syscall_table import ENTER, system_call_names
from seismo.lang.syscall_names import SYSCALLS
from seismo.probes.view import KernelView

__all__ = ("audit_catalog", "event_of", "shipped_catalog")

_NUMBERS = 512
"""Numbers of system calls that may be given before long; each has a type, known or not."""

_CONTENTS = "__data_loc"


def audit_catalog(view: KernelView) -> Catalog:
    """The catalog of the kernel that `view` tells of.

    NotSupported for a machine that is neither x86_64 nor aarch64.
    """
    machine = view.machine()
    return _catalog(machine, _told_signatures(view, machine))


def shipped_catalog(machine: str = "x86_64") -> Catalog:
    """The catalog without a kernel: of Linux 6.18."""
    return _catalog(machine, {})


def event_of(
    number: int, name: str, parameters: Signature, meaning: Meaning, *, is_compat: bool = False
) -> EventType:
    """The type of a system call; arguments mean what their C types say where a kernel has another
    number of them than the table of meanings."""
    words = meaning.arguments
    if len(words) != len(parameters):
        words = tuple([_guess(c_type) for _, c_type in parameters])
    fields = [
        EventField(
            name=argument,
            kind=word.kind,
            c_type=c_type,
            argument=place,
            table=word.table,
            capture=word.capture,
        )
        for place, ((argument, c_type), word) in enumerate(zip(parameters, words, strict=True))
    ]
    return EventType(
        id=number + (COMPAT if is_compat else 0),
        name=COMPAT_PREFIX + name if is_compat else name,
        families=families_of(name, meaning, is_compat=is_compat),
        fields=tuple(fields),
        fixed=SYSCALL,
        doc=meaning.doc,
        returns=meaning.returns,
        never_returns=meaning.never_returns,
    )


def _catalog(machine: str, told: Mapping[str, Signature]) -> Catalog:
    if machine not in SYSCALLS:
        raise NotSupported("system calls", f"those of {machine} are not known")
    shipped, known = shipped_signatures(machine), meanings()
    types: dict[int, EventType] = {}
    for number, name in enumerate(SYSCALLS[machine]):
        if name in known:
            parameters = told.get(name) or shipped[name]
            types[number] = event_of(number, name, parameters, known[name])
    bases = [0]
    if machine == "x86_64":
        bases.append(COMPAT)
        for number, name, parameters, meaning in compat_calls(shipped):
            types[COMPAT + number] = event_of(number, name, parameters, meaning, is_compat=True)
    for base in bases:
        for id_ in range(base, base + _NUMBERS):
            if id_ not in types:
                types[id_] = unknown_call(id_)
    return Catalog([*types.values(), *KERNEL_EVENT_TYPES], machine)


def _told_signatures(view: KernelView, machine: str) -> dict[str, Signature]:
    """What tracefs tells, by the names of unistd.h; nothing where it cannot be read."""
    try:
        there = frozenset(view.tracepoints())
    except NotSupported:
        return {}
    names = SYSCALLS[machine]
    found: dict[str, Signature] = {}
    for number, called in system_call_names(machine).items():
        if ENTER + called in there:
            category, _, event = (ENTER + called).partition(":")
            fields = view.tracepoint(category, event).fields[1:]
            # Since Linux 6.19 what some arguments point to stands behind the arguments.
            found[names[number]] = tuple(
                [(one.name, one.c_type) for one in fields if not one.c_type.startswith(_CONTENTS)]
            )
    return found


def _guess(c_type: str) -> ArgumentMeaning:
    return ArgumentMeaning(kind=FieldKind.POINTER if is_pointer(c_type) else FieldKind.UINT)
