"""`ProbeLowering`: one probe from typed tree to IR. Ties the parts of this package together."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from seismo.base.bits import align_up
from seismo.base.layout import FieldType
from seismo.base.source import Span
from seismo.builtin.record import Address, Aggregate, Builtin, Writer, value_writer
from seismo.events.kinds import Action, event_layout
from seismo.ir.builder import Builder
from seismo.ir.func import Block, Func
from seismo.ir.ops import Call, Kind, Value
from seismo.lang.ast import Expr, MapAccess, Variable
from seismo.lang.typed import MapSymbol, TypedProbe
from seismo.lang.types import Type
from seismo.lower.context import Counter, fork
from seismo.lower.expr import lower_condition, lower_scalar
from seismo.lower.filter import emit_filter
from seismo.lower.layout import field_type
from seismo.lower.maps import guarded_update, map_key
from seismo.lower.memory import lower_writer, read_string, writer_as
from seismo.lower.record import send_record
from seismo.lower.resources import CONTROL_MAP, EVENTS_MAP, LOST_MAP, SCRATCH_MAP, Resources
from seismo.lower.statement import lower_block

__all__ = ("ProbeLowering",)

_STACK_LIMIT_BYTES = 64
"""Temporaries up to this size live on the program's stack while `_STACK_BUDGET_BYTES` lasts."""

_STACK_BUDGET_BYTES = 256
"""Half of the 512 bytes that a program has; the rest is for spilled registers."""

_CONTROL_ACTIONS = frozenset({Action.EXIT})
"""What must not be lost behind a flood of printf: sent through the ring of its own."""


class ProbeLowering:
    """Implements `ProbeContext` (and so `Lowering`) for one probe."""

    byte_order = sys.byteorder

    def __init__(
        self, name: str, index: int, probe: TypedProbe, return_value: int, shared: Resources
    ) -> None:
        self.b = Builder(name)
        self.place = str(probe.points[0])
        self.default_space = _default_space(probe)
        self.command_pid = shared.options.command_pid
        self._has_task = any(point.kind == "tracepoint" for point in probe.points)
        self.possible_cpus = shared.options.possible_cpus
        self._index = index
        self._probe = probe
        self._return_value = return_value
        self._shared = shared
        self._stack_bytes = 0
        self._scratch_bytes = 0
        self._scratch: Value | None = None
        self._names = 0
        self._homes: dict[str, Address] = {}

    def lower(self) -> Func:
        """The probe's function: filter, predicate, body.

        Scratch memory is looked up after the predicate, so that a run that it ends does not pay
        for it, unless the predicate itself needs some.
        """
        probe, b = self._probe.probe, self.b
        b.span = probe.span
        before_predicate = self._gap("predicate")
        if self._has_task:
            emit_filter(b, self._shared.options.filter, self._return_value)
        if probe.predicate is not None:
            matched, skipped = b.new_block("matched"), b.new_block("skipped")
            self.condition(probe.predicate, matched, skipped)
            for block in (skipped, matched):
                b.seal(block)
            b.start(skipped)
            self.leave()
            b.start(matched)
        needs_scratch_early = self._scratch is not None
        before_body = self._gap("body")
        lower_block(self, probe.body)
        if b.is_open:
            self.leave()
        b.span = probe.span
        needs_scratch = self._scratch is not None
        self._fill_gap(before_predicate, with_scratch=needs_scratch_early)
        self._fill_gap(before_body, with_scratch=needs_scratch and not needs_scratch_early)
        self._shared.scratch_bytes = max(self._shared.scratch_bytes, self._scratch_bytes)
        return b.func

    def _gap(self, name: str) -> tuple[Block, Block]:
        """(the block that ends here, the one that follows): what is between comes later.

        No variable lives across a gap: predicates assign none.
        """
        before, after = self.b.block, self.b.new_block(name)
        self.b.start(after)
        self.b.seal(after)
        return before, after

    def _fill_gap(self, gap: tuple[Block, Block], *, with_scratch: bool) -> None:
        """Close a gap: look scratch memory up in it, or just go on."""
        b = self.b
        b.block, after = gap
        if not with_scratch or self._scratch is None:
            b.jump(after)
            return
        index = b.slot("index", 8)
        b.store(index, 0, b.const(self._index), 4)
        b.emit(Call(self._scratch, "map_lookup_elem", (b.map(SCRATCH_MAP), index), span=b.span))
        missing = b.new_block("no_scratch")
        b.branch_if(self._scratch, after, missing)
        b.start(missing)
        self.leave()

    def type_of(self, expr: Expr) -> Type:
        return self._probe.types[expr]

    def scalar(self, expr: Expr) -> Value:
        return lower_scalar(self, expr)

    def writer(self, expr: Expr) -> Writer:
        return lower_writer(self, expr)

    def writer_as(self, expr: Expr, form: FieldType) -> Writer:
        return writer_as(self, expr, form)

    def condition(self, expr: Expr, then: Block, other: Block) -> None:
        lower_condition(self, expr, then, other)

    def read_string(self, pointer: Expr, size: int) -> Writer:
        return read_string(self, pointer, size)

    def field_type(self, type_: Type) -> FieldType:
        return field_type(type_)

    def map_symbol(self, name: str) -> MapSymbol:
        return self._shared.maps[name]

    def map_key(self, access: MapAccess) -> Value:
        return map_key(self, access)

    def guarded_update(self, access: MapAccess, update: Callable[[Value], None]) -> None:
        guarded_update(self, access, update)

    def builtin(self, name: str) -> Builtin:
        return self._shared.builtins[name]

    def aggregate(self, name: str) -> Aggregate:
        return self._shared.aggregates[name]

    def local(self, node: Variable) -> str:
        return self._probe.locals[node]

    def local_type(self, node: Variable) -> Type:
        return self._probe.local_types[self.local(node)]

    def home(self, node: Variable) -> Address:
        name = self.local(node)
        if name not in self._homes:
            size = self.field_type(self.local_type(node)).size
            self._homes[name] = self.scratch(size)
        return self._homes[name]

    def fresh(self, hint: str) -> str:
        self._names += 1
        return f"?{hint}{self._names}"

    def temporary(self, name: str, size: int) -> Address:
        size = align_up(size, 8)
        if size <= _STACK_LIMIT_BYTES and self._stack_bytes + size <= _STACK_BUDGET_BYTES:
            self._stack_bytes += size
            return Address(self.b.slot(name, size))
        return self.scratch(size)

    def scratch(self, size: int) -> Address:
        if self._scratch is None:
            self._scratch = self.b.func.new_value(Kind.PTR)
        address = Address(self._scratch, self._scratch_bytes)
        self._scratch_bytes += align_up(size, 8)
        return address

    def address(self, to: Address) -> Value:
        if to.offset == 0:
            return to.base
        return self.b.add(to.base, self.b.const(to.offset))

    def event(
        self, action: Action, text: str, fields: Sequence[tuple[FieldType, Writer]], span: Span
    ) -> None:
        members = [(f"arg{index}", form) for index, (form, _) in enumerate(fields)]
        layout = event_layout(action.value, members)
        event = self._shared.new_event(action, text, layout, span)
        writers = [value_writer(self, self.b.const(event.id), 4), *(write for _, write in fields)]
        if action in _CONTROL_ACTIONS:
            send_record(self, CONTROL_MAP, Counter.CONTROL, layout, writers)
        else:
            send_record(self, EVENTS_MAP, Counter.EVENTS, layout, writers)

    def count(self, counter: Counter) -> None:
        b = self.b
        index = b.slot("counter", 8)
        b.store(index, 0, b.const(counter), 4)
        share = b.call("map_lookup_elem", b.map(LOST_MAP), index, kind=Kind.PTR)
        fork(
            self,
            lambda then, other: b.branch_if(share, then, other),
            lambda: b.atomic_add(share, 0, b.const(1)),
        )

    def runtime_error(self, message: str, span: Span) -> None:
        self.event(Action.RUNTIME_ERROR, message, [], span)

    def leave(self) -> None:
        self.b.ret(self.b.const(self._return_value))


def _default_space(probe: TypedProbe) -> str:
    """System-call arguments point into user memory, everything else into the kernel's."""
    categories = {point.target[:1] for point in probe.points if point.kind == "tracepoint"}
    return "user" if categories == {("syscalls",)} else "kernel"
