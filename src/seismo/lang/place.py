"""`place_of`: what a program knows of where it runs, its arguments and its result among it.

Arguments are only looked for where a probe uses them: their types may take opening BTF.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from seismo.base.diagnostics import Diagnostics
from seismo.lang.ctype import arguments_type
from seismo.lang.expand import ProbeInstance
from seismo.lang.typed import Place
from seismo.lang.types import UINT64, VOID, PointerType, RecordField, RecordType, Type
from seismo.probes.arguments import Arguments, BtfArguments, BtfIterator, DwarfArguments
from seismo.probes.backend import Context
from seismo.probes.format import TracepointFormat
from seismo.probes.kind import ProbeKind, TargetError
from seismo.probes.table import kind_of
from seismo.probes.view import KernelView
from seismo.spec.types import BreakpointAttach, PerfEventAttach, TimerAttach

if TYPE_CHECKING:
    from seismo.btf.spec import Btf
    from seismo.lang.btf_types import BtfTypes

__all__ = ("place_of",)

_SLOT_BYTES = 8
_NUMBERED = tuple([f"arg{number}" for number in range(12)])
"""A trampoline has no more of these than its function; nobody checks that when it is loaded."""

_SAMPLES = (TimerAttach, PerfEventAttach, BreakpointAttach)
_REGISTERS = PointerType(RecordType("struct pt_regs", None, 0), "ctx")
_SAMPLE = PointerType(RecordType("struct bpf_perf_event_data", None, 0), "ctx")
_ANYTHING = PointerType(None, "ctx")


def place_of(instance: ProbeInstance, view: KernelView, diagnostics: Diagnostics) -> Place:
    """The place of a program; what is wrong with its arguments goes to `diagnostics`."""
    point, backend = instance.points[0], instance.backend
    kind = kind_of(point)
    args: RecordType | None = None
    format: TracepointFormat | None = None
    returns: Type = UINT64
    if kind.arguments is not None and _asks(instance, kind, backend.context):
        try:
            told = kind.arguments(point, view)
        except TargetError as error:
            diagnostics.error(point.span, error.message, error.hint)
        else:
            args, returns = _record(told), _result(told)
            format = told if isinstance(told, TracepointFormat) else None
    return Place(
        kind=kind,
        names=tuple([str(one) for one in instance.points]),
        backend=backend,
        args=args,
        context=_context(instance, args),
        returns=returns if kind.is_return else VOID,
        machine=view.machine(),
        format=format,
    )


def _asks(instance: ProbeInstance, kind: ProbeKind, context: Context) -> bool:
    names = instance.names
    if "args" in names or (context is Context.ITERATOR and "ctx" in names):
        return True
    if context is not Context.TRAMPOLINE:
        return False
    return not names.isdisjoint(_NUMBERED) or (kind.is_return and "retval" in names)


def _context(instance: ProbeInstance, args: RecordType | None) -> PointerType:
    """The type of `ctx`."""
    backend = instance.backend
    if backend.context is Context.ITERATOR:
        return PointerType(args, "ctx")
    if backend.context is not Context.REGISTERS:
        return _ANYTHING
    is_sample = isinstance(backend.attach[0], _SAMPLES)
    return _SAMPLE if is_sample else _REGISTERS


def _record(told: Arguments) -> RecordType:
    """What `args` points to; its pointers point into the memory that the probe's kind means."""
    match told:
        case BtfArguments():
            return _parameters(told)
        case BtfIterator():
            return _iterator(told)
        case DwarfArguments():
            from seismo.lang.dwarf_types import (  # noqa: PLC0415 (lazy: docs/architecture.md)
                parameters_type,
            )

            return parameters_type(told)
        case _:
            return arguments_type(told)


def _types(btf: Btf) -> BtfTypes:
    from seismo.lang.btf_types import BtfTypes  # noqa: PLC0415 (lazy: docs/architecture.md)

    return BtfTypes(btf, {})


def _parameters(told: BtfArguments) -> RecordType:
    types = _types(told.btf)
    fields = tuple(
        RecordField(name, types.of(id), _SLOT_BYTES * index)
        for index, (name, id) in enumerate(told.params)
    )
    return RecordType(told.name, fields, _SLOT_BYTES * len(fields))


def _iterator(told: BtfIterator) -> RecordType:
    types = _types(told.btf)
    record = types.of(told.type_id)
    if not isinstance(record, RecordType):
        raise TargetError(f"the context of iterator {told.name} is no struct")
    return types.complete(record)


def _result(told: Arguments) -> Type:
    """The type of `retval`, where it is known."""
    if not isinstance(told, BtfArguments):
        return UINT64
    if not told.returns:
        return VOID
    type_ = _types(told.btf).of(told.returns)
    return PointerType(type_.target, "kernel") if isinstance(type_, PointerType) else type_
