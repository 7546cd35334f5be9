"""`FuncLowering`: one function from typed tree to IR. Ties the parts of this package together."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from operator import methodcaller

from seismo.base.bits import align_up
from seismo.base.errors import CompilerBug
from seismo.base.layout import FieldType
from seismo.base.source import Span
from seismo.builtin.options import LowerOptions
from seismo.builtin.portable import kernel_value
from seismo.builtin.record import Address, Aggregate, Builtin, LoopStep, Lowering, Writer
from seismo.events.kinds import Action
from seismo.ir.builder import Builder
from seismo.ir.func import Block
from seismo.ir.ops import Call, Kind, Value
from seismo.lang.ast import Expr, Field, MapAccess, Stmt, Variable
from seismo.lang.config import Config
from seismo.lang.typed import Constant, MapSymbol, Place, TypedFunction
from seismo.lang.types import RecordField, Type
from seismo.lang.typetable import TypeTable
from seismo.lower.body import Body
from seismo.lower.callback import call_back
from seismo.lower.calls import call_function
from seismo.lower.context import Callback, Exits
from seismo.lower.expr import lower_condition, lower_scalar
from seismo.lower.faults import count, count_fault, load_checked, read_checked
from seismo.lower.layout import field_type, value_form
from seismo.lower.loops import run_loop
from seismo.lower.maps import guarded_update, map_key, map_length
from seismo.lower.memory import lower_memory, lower_writer, text_writer, writer_as
from seismo.lower.packet import send_packet
from seismo.lower.portable import settled
from seismo.lower.record import send_event
from seismo.lower.resources import SCRATCH_MAP, Resources
from seismo.lower.statement import assign, lower_statements
from seismo.lower.strings import read_string
from seismo.spec.relocations import Relocation

__all__ = ("FuncLowering",)

_STACK_LIMIT_BYTES = 64
"""Temporaries up to this size live on the function's stack while its budget lasts."""


class FuncLowering:
    """Implements `FuncContext` (and so `Lowering`) for one function.

    `leave` ends the run of the whole program, `give` this function, when their blocks are open.
    """

    byte_order = sys.byteorder

    def __init__(
        self,
        body: Body,
        b: Builder,
        leave: Callable[[], None],
        give: Callable[[Value | Writer | None], None],
        outer: FuncLowering | None = None,
    ) -> None:
        self.b = b
        self.body = body
        self.outer = outer
        self.loops: list[Exits] = []
        self.merges_clear = False
        self.leave = leave
        self.give = give
        self._stack_bytes = 0
        self._scratch: Value | None = None

    @property
    def shared(self) -> Resources:
        return self.body.program.shared

    @property
    def options(self) -> LowerOptions:
        return self.shared.options

    @property
    def config(self) -> Config:
        return self.shared.config

    @property
    def types(self) -> TypeTable:
        return self.shared.types

    @property
    def default_space(self) -> str:
        return self.body.default_space

    @property
    def context(self) -> Address:
        if self.body.context < 0:
            return Address(self.b.context)
        return Address(self.scratch_base, self.body.context)

    @property
    def place(self) -> Place:
        return self.body.program.place

    @property
    def needs_scratch(self) -> bool:
        """Whether something here uses scratch memory, so that it must be looked up."""
        return self._scratch is not None

    def gap(self, name: str) -> tuple[Block, Block]:
        """(the block that ends here, the one that follows): what is between comes later.

        No variable lives across a gap.
        """
        before, after = self.b.block, self.b.new_block(name)
        self.b.start(after)
        self.b.seal(after)
        return before, after

    def close_gap(self, gap: tuple[Block, Block], failed: Callable[[], None] | None) -> None:
        """Look scratch memory up in the gap, `failed` if there is none; without `failed`, go on."""
        b, current = self.b, self.b.block
        b.block, after = gap
        if failed is None or self._scratch is None:
            b.jump(after)
        else:
            index = b.slot("index", 8)
            b.store(index, 0, b.const(self.body.program.index), 4)
            b.emit(Call(self._scratch, "map_lookup_elem", (b.map(SCRATCH_MAP), index), span=b.span))
            missing = b.new_block("no_scratch")
            b.branch_if(self._scratch, after, missing)
            b.seal(missing)
            b.start(missing)
            failed()
        b.block = current

    def kernel_value(self, relocation: Relocation, value: int) -> Value:
        return kernel_value(self.b, self.options, relocation, value)

    def assume(self, relocation: Relocation, value: int) -> None:
        self.shared.assume(relocation, value)

    def settled(self, expr: Expr) -> Value | None:
        return settled(self, self.shared, expr)

    def type_of(self, expr: Expr) -> Type:
        return self.body.facts.types[expr]

    def is_typed(self, expr: Expr) -> bool:
        return expr in self.body.facts.types

    def meant(self, expr: Expr) -> Expr:
        return self.body.facts.expansions.get(expr, expr)

    def is_constant(self, expr: Expr) -> bool:
        return expr in self.body.facts.constants

    def constant(self, expr: Expr) -> Constant:
        return self.body.facts.constants[expr]

    def scalar(self, expr: Expr) -> Value:
        return lower_scalar(self, expr)

    def writer(self, expr: Expr) -> Writer:
        return lower_writer(self, expr)

    def writer_as(self, expr: Expr, form: FieldType) -> Writer:
        return writer_as(self, expr, form)

    def memory(self, expr: Expr) -> Address:
        return lower_memory(self, expr)

    def text(self, content: str) -> Writer:
        return text_writer(self, content)

    def condition(self, expr: Expr, then: Block, other: Block) -> None:
        lower_condition(self, expr, then, other)

    def read_string(
        self, pointer: Expr, size: int, limit: Value | None = None, *, shows_cut: bool = False
    ) -> Writer:
        return read_string(self, pointer, size, limit, shows_cut=shows_cut)

    def read_memory(self, to: Address, size: Value, pointer: Value, space: str) -> Value:
        return read_checked(self, to, size, pointer, space)

    def load(self, pointer: Value, space: str, size: int, *, signed: bool = False) -> Value:
        return load_checked(self, pointer, space, size, signed=signed)

    def field_type(self, type_: Type) -> FieldType:
        return field_type(type_)

    def map_symbol(self, name: str) -> MapSymbol:
        return self.shared.maps[name]

    def value_form(self, name: str) -> FieldType:
        return value_form(self.shared.maps[name], self.shared.aggregates)

    def map_key(self, access: MapAccess) -> Value:
        return map_key(self, access)

    def map_length(self, access: MapAccess) -> Value:
        return map_length(self, access)

    def guarded_update(
        self, access: MapAccess, update: Callable[[Value], None], bucket: Value | None = None
    ) -> None:
        guarded_update(self, access, update, bucket)

    def set_variable(self, node: Variable, value: Value | Writer) -> None:
        assign(self, node, value)

    def table(self, name: str, width: int, rows: tuple[bytes, ...]) -> str:
        if name not in self.shared.tables:
            size = align_up(width, 8)
            self.shared.tables[name] = tuple(map(methodcaller("ljust", size, b"\0"), rows))
        return name

    def loop(
        self,
        count: Value,
        carried: Mapping[str, Value],
        body: Callable[[Lowering, Value, Mapping[str, Value]], LoopStep],
    ) -> Mapping[str, Value]:
        return run_loop(self, count, carried, body)

    def callback(
        self,
        hint: str,
        params: Sequence[Kind],
        carried: Sequence[str],
        run: Callable[[Callback], None],
        invoke: Callable[[str], Value],
    ) -> Value:
        return call_back(self, hint, params, carried, run, invoke)

    def inner(
        self,
        body: Body,
        b: Builder,
        leave: Callable[[], None],
        give: Callable[[Value | Writer | None], None],
        *,
        is_apart: bool = False,
    ) -> FuncLowering:
        return FuncLowering(body, b, leave, give, None if is_apart else self)

    def has_member(self, node: Field) -> bool:
        return node in self.body.facts.members

    def is_function(self, name: str) -> bool:
        return name in self.shared.functions

    def function(self, name: str) -> TypedFunction:
        return self.shared.functions[name]

    def call(self, name: str, args: Sequence[Expr]) -> Value:
        return call_function(self, name, args)

    def returned(self, name: str) -> Address:
        return Address(self.scratch_base, self.body.program.functions[name].result)

    def builtin(self, name: str) -> Builtin:
        return self.shared.builtins[name]

    def aggregate(self, name: str) -> Aggregate:
        return self.shared.aggregates[name]

    def member(self, node: Field) -> RecordField:
        return self.body.facts.members[node]

    def local(self, node: Variable) -> str:
        return self.body.facts.locals[node]

    def local_type(self, node: Variable) -> Type:
        return self.body.facts.local_types[self.local(node)]

    def home(self, node: Variable) -> Address:
        name = self.local(node)
        size = self.field_type(self.local_type(node)).size
        return Address(self.scratch_base, self.body.home(name, size))

    def fresh(self, hint: str) -> str:
        return f"?{hint}{self.body.program.next_number()}"

    def statements(self, statements: Sequence[Stmt]) -> None:
        lower_statements(self, statements)

    def mark(self) -> tuple[int, int]:
        """What `release` goes back to: temporaries live as long as their statement."""
        return self.body.arena.mark(), self._stack_bytes

    def release(self, mark: tuple[int, int]) -> None:
        """Give back the temporaries made since the mark."""
        arena, self._stack_bytes = mark
        self.body.arena.release(arena)

    def temporary(self, name: str, size: int) -> Address:
        size = align_up(size, 8)
        if size <= _STACK_LIMIT_BYTES and self._stack_bytes + size <= self.body.stack_budget:
            self._stack_bytes += size
            return Address(self.b.slot(name, size))
        return self.scratch(size)

    def scratch(self, size: int) -> Address:
        return Address(self.scratch_base, self.body.arena.take(size))

    @property
    def scratch_base(self) -> Value:
        """The address of the program's scratch entry, which is looked up where the function begins
        if it is used at all."""
        if self._scratch is None:
            self._scratch = self.b.func.new_value(Kind.PTR)
        return self._scratch

    def here(self, address: Address) -> Address:
        outer: FuncLowering | None = self
        while outer is not None:
            if address.base is outer._scratch:
                return Address(self.scratch_base, address.offset)
            outer = outer.outer
        raise CompilerBug("lower", "only scratch memory can be reached from another function")

    def address(self, to: Address) -> Value:
        if to.offset == 0:
            return to.base
        return self.b.add(to.base, self.b.const(to.offset))

    def event(
        self, action: Action, text: str, fields: Sequence[tuple[FieldType, Writer]], span: Span
    ) -> None:
        if self.merges_clear and action is Action.PRINT_MAP:
            action = Action.PRINT_AND_CLEAR
        send_event(self, self.shared, action, text, fields, span)

    def send_packet(self, path: str, skb: Value, length: Value, offset: Value) -> Value:
        return send_packet(self, self.shared, path, skb, length, offset)

    def count(self, counter: int) -> None:
        count(self, counter)

    def fault(self, kind: str, helper: str, result: Value, span: Span) -> None:
        count_fault(self, self.shared, kind, helper, result, span)

    def runtime_error(self, message: str, span: Span) -> None:
        self.event(Action.RUNTIME_ERROR, message, [], span)
