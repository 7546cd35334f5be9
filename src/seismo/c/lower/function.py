"""`Function`: implements `Lowering` for one function of the IR, and inlines those of C into it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

from seismo.base.errors import CompilerBug
from seismo.c.lower import aggregate, condition, expression, memory, place, statement
from seismo.c.lower.assumptions import check_assumptions
from seismo.c.lower.frame import Frame, Home
from seismo.c.lower.kernel_place import assume_storage
from seismo.c.lower.state import ProgramState
from seismo.c.lower.value import CONTEXT, DIRECT, NULL, Address, Operand, Space
from seismo.c.tree import (
    Constant,
    Expr,
    FunctionCall,
    FunctionDecl,
    KernelConstant,
    Place,
    Statement,
    Variable,
)
from seismo.c.types import U64, CType, Pointer, is_aggregate
from seismo.ir.builder import Builder
from seismo.ir.func import Block, Func
from seismo.ir.ops import Kind, Value

__all__ = ("lower_function",)


def lower_function(state: ProgramState, function: FunctionDecl) -> Func:
    """A program, with its subprograms."""
    b = Builder(function.name)
    b.span = function.span
    low = Function(state, b, function, lambda value: state.entry.finish(low, value))
    check_assumptions(low)
    operands = state.entry.parameters(low, function)
    low.run(function, operands)
    b.func.subprograms += state.subprograms.values()
    return b.func


class Function:
    """See `Lowering` and `Body`; `frame` is that of the function of C at hand."""

    def __init__(
        self,
        state: ProgramState,
        b: Builder,
        function: FunctionDecl,
        give: Callable[[Operand | None], None],
    ) -> None:
        self.state = state
        self.b = b
        self._names = 0
        self.scratch = memory.temporary(self, "read", 8)
        self.frame = self._new_frame(function, give)
        self._clear_registers()

    # Functions of C

    def run(self, function: FunctionDecl, parameters: Sequence[Operand | None]) -> None:
        """The function of the frame at hand; None for a parameter that is in memory already."""
        for variable, value in zip(function.parameters, parameters, strict=True):
            if value is not None:
                self.write(variable, value)
        if function.body is None:
            raise CompilerBug("ir", f"{function.name} has no body")
        self.statement(function.body)
        if self.b.is_open:
            self.give(None)
        for block in self.frame.labels.values():
            self.b.seal(block)

    def _new_frame(self, function: FunctionDecl, give: Callable[[Operand | None], None]) -> Frame:
        """A frame with a home for each variable: a `goto` may jump over its declaration."""
        facts = self.state.facts_of(function)
        frame = Frame(number=self.state.next_frame(), facts=facts, give=give)
        for index, variable in enumerate(facts.variables):
            self.b.span = variable.span
            assume_storage(self, variable.type)
            if variable.is_addressed or is_aggregate(variable.type):
                home: Home = memory.temporary(self, variable.name, variable.type.size)
            else:
                home = f"{variable.name}.{frame.number}.{index}"
            frame.homes[variable] = home
        return frame

    def _clear_registers(self) -> None:
        """The variables of the frame at hand hold something, wherever control comes from."""
        for variable, home in self.frame.homes.items():
            if isinstance(home, str):
                nothing = Operand(self.b.const(0), variable.type, NULL)
                space = self.state.spaces.peek(self.key(variable))
                self.b.write(home, self.settle(nothing, space))

    def inline(self, call: FunctionCall) -> Operand | Address | None:
        """See `Body.inline`."""
        b, function, outer = self.b, call.function, self.frame
        done = b.new_block("returned")
        frame = self._new_frame(function, lambda value: self._return_to(done, value))
        arguments: list[Operand | None] = []
        for variable, arg in zip(function.parameters, call.args, strict=True):
            home = frame.homes[variable]
            if isinstance(home, Address) and is_aggregate(variable.type):
                self.assign(home, arg)
                arguments.append(None)
            else:
                arguments.append(self.operand(arg))
        self.frame = frame
        self._clear_registers()
        self.run(function, arguments)
        b.seal(done)
        b.start(done)
        b.span = call.span
        answer = self._answer()
        self.frame = outer
        return answer

    def _return_to(self, done: Block, value: Operand | None) -> None:
        result = self.frame.facts.result
        if result is not None and value is not None:
            self.write(result, value)
        self.b.jump(done)

    def _answer(self) -> Operand | Address | None:
        """What the function of the frame at hand has given."""
        result = self.frame.facts.result
        if result is None:
            return None
        home = self.home(result)
        return home if isinstance(home, Address) else self.read(result)

    def subprogram(self, function: FunctionDecl) -> str:
        """See `Lowering.subprogram`."""
        known = self.state.subprograms
        if function.name in known:
            return function.name
        kinds = [
            Kind.PTR if isinstance(one.type, Pointer) else Kind.INT for one in function.parameters
        ]
        b = Builder(function.name, kinds)
        b.span = function.span
        low = Function(
            self.state,
            b,
            function,
            lambda value: b.ret(b.const(0) if value is None else memory.plain(low, value)),
        )
        pairs = zip(function.parameters, b.func.params, strict=True)
        low.run(function, [low.parameter(one.type, value) for one, value in pairs])
        known[function.name] = b.func
        return function.name

    def parameter(self, type_: CType, value: Value) -> Operand:
        """A parameter of a subprogram, of whose registers all 64 bits count."""
        if isinstance(type_, Pointer):
            return Operand(value, type_, DIRECT)
        return self.convert(Operand(value, U64), type_)

    def give(self, value: Operand | None) -> None:
        self.frame.give(value)

    def is_used(self, variable: Variable) -> bool:
        return variable in self.frame.facts.mentioned

    # Variables

    def home(self, variable: Variable) -> Home:
        return self.frame.homes[variable]

    def key(self, variable: Variable) -> Hashable:
        return self.frame.number, variable

    def fresh(self, hint: str) -> str:
        self._names += 1
        return f"{hint}.{self._names}"

    def read(self, variable: Variable) -> Operand:
        """See `Lowering.read`."""
        home, space = self.home(variable), self.state.spaces.read(self.key(variable))
        if space.is_context:
            return Operand(self.b.context, variable.type, space, 8)
        if isinstance(home, str):
            return Operand(self.b.read(home), variable.type, space)
        return memory.load(self, home, variable.type, space)

    def write(self, variable: Variable, operand: Operand) -> None:
        """See `Lowering.write`."""
        home = self.home(variable)
        space = self.state.spaces.write(self.key(variable), operand.space)
        if isinstance(home, Address):
            self.store(home, operand)
        elif space.is_context:
            # It is the context as long as nothing else is written.
            self.state.spaces.read(self.key(variable))
        else:
            self.b.write(home, self.settle(operand, space))

    def settle(self, operand: Operand, space: Space) -> Value:
        """See `Body.settle`."""
        if operand.space == NULL and space == DIRECT:
            return memory.null_pointer(self)
        return memory.plain(self, operand)

    # Expressions and statements

    def operand(self, expr: Expr) -> Operand:
        return expression.operand(self, expr)

    def effect(self, expr: Expr) -> None:
        expression.effect(self, expr)

    def condition(self, expr: Expr, then: Block, other: Block) -> None:
        condition.condition(self, expr, then, other)

    def convert(self, operand: Operand, to: CType) -> Operand:
        return expression.convert(self, operand, to)

    def fork(
        self,
        branch: Callable[[Block, Block], None],
        then: Callable[[], Operand],
        other: Callable[[], Operand],
        type_: CType,
    ) -> Operand:
        return expression.fork(self, branch, then, other, type_)

    def statement(self, node: Statement) -> None:
        statement.lower_statement(self, node)

    def argument(self, operand: Operand) -> Value:
        """See `Lowering.argument`."""
        if operand.space == CONTEXT:
            return operand.value
        return memory.plain(self, operand)

    def context(self, type_: CType) -> Operand:
        return Operand(self.b.context, type_, CONTEXT, 8)

    def known(self, expr: Constant | KernelConstant) -> int:
        """See `Lowering.known`."""
        if isinstance(expr, KernelConstant):
            self.state.assume(expr.relocation, expr.value, expr.span)
        return expr.value

    # Memory

    def locate(self, place_: Place) -> Address:
        return place.locate(self, place_)

    def memory(self, expr: Expr) -> Address:
        return aggregate.memory(self, expr)

    def assign(self, to: Address, expr: Expr) -> None:
        aggregate.assign(self, to, expr)

    def pointed(self, operand: Operand) -> Address:
        return memory.pointed(operand)

    def pointer(self, address: Address, type_: CType) -> Operand:
        return memory.pointer(self, address, type_)

    def readable(self, address: Address, size: int) -> Value:
        return memory.readable(self, address, size)

    def temporary(self, name: str, size: int) -> Address:
        return memory.temporary(self, name, size)

    def load(self, address: Address, type_: CType) -> Operand:
        return memory.load(self, address, type_)

    def store(self, address: Address, operand: Operand) -> None:
        memory.store(self, address, operand)

    def copy(self, to: Address, source: Address, size: int) -> None:
        memory.copy(self, to, source, size)

    def clear(self, to: Address, size: int) -> None:
        memory.clear(self, to, size)
