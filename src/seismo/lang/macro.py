"""Macros are replaced by their bodies, each use by a copy of its own.

macro add(x) { let $v = x; $v + 1 }          BEGIN {
BEGIN { $v = 2; print(add($v * 2)) }    ->     $v = 2; print({ let $v'1 = $v * 2; $v'1 + 1 }) }

An expression argument is put in wherever its parameter stands, so it is evaluated there each time.
`$variable` and `@map` parameters are the caller's variables and maps themselves. What the body sets
besides has a name that no script can write. Nodes keep the place where they were written, but for
the library's, which stand where the script calls it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TypeVar

from seismo.base.dataclass import replace
from seismo.base.diagnostics import Diagnostics
from seismo.base.errors import SourceError
from seismo.base.source import Span
from seismo.lang.ast import (
    BlockExpr,
    Call,
    Expr,
    Field,
    Index,
    Macro,
    MapAccess,
    Name,
    Number,
    Offsetof,
    Script,
    Sizeof,
    TypeArgument,
    TypeExpr,
    Typeinfo,
    Variable,
)
from seismo.lang.clone import rebuild
from seismo.lang.cursor import MAX_DEPTH, too_deep
from seismo.lang.macro_rules import check_definition, check_hygiene
from seismo.lang.macro_table import MacroTable, accepts, signature
from seismo.lang.walk import Node, map_keys, walk

__all__ = ("expand_macros",)

N = TypeVar("N", bound=Node)

# A chain of macros costs frames without making the tree any deeper.
_MAX_CHAIN = 50
_MAX_NODES = 100_000


def expand_macros(
    script: Script,
    library: Mapping[str, str],
    diagnostics: Diagnostics,
    builtins: Collection[str] = (),
) -> Script:
    """The script without macros; mistakes go to `diagnostics`, what holds them stays as it is.

    `library` gives by name the text that defines a macro, all its overloads together. A call of one
    of `builtins` that fits no macro of the name is the built-in's.
    """
    table = MacroTable(library)
    for macro in script.macros:
        check_definition(macro, diagnostics)
        if earlier := table.add(macro):
            message = f"{signature(macro)} is never used: an earlier one takes all its arguments"
            hint = f"{signature(earlier)} is defined at {earlier.name_span.location}"
            diagnostics.error(macro.name_span, message, hint)
    names = table.names
    work = _Work(table, diagnostics, builtins)
    return replace(
        script,
        macros=(),
        probes=tuple(work.part(one) if _holds(one, names) else one for one in script.probes),
        functions=tuple(work.part(one) if _holds(one, names) else one for one in script.functions),
    )


def _holds(part: Node, names: Collection[str]) -> bool:
    """Whether a macro may be called in it; a look at its text is the cheap way to say no."""
    text = part.span.text
    if not any(name in text for name in names):
        return False
    return any(isinstance(node, (Call, Name)) and node.name in names for node in walk(part))


class _Work:
    """What everything that is expanded in one script shares."""

    __slots__ = (
        *("builtins", "checked", "depth", "diagnostics", "nodes", "pastes"),
        *("reported", "table"),
    )

    def __init__(
        self, table: MacroTable, diagnostics: Diagnostics, builtins: Collection[str]
    ) -> None:
        self.table = table
        self.diagnostics = diagnostics
        self.builtins = builtins
        self.checked: set[Macro] = set()
        self.depth = 0
        self.nodes = 0
        self.pastes = 0
        self.reported: set[tuple[Span, str]] = set()

    def part(self, part: N) -> N:
        """A probe or function without macros; the same where it grows too large."""
        self.depth = 0
        try:
            return rebuild(part, _Scope(self, (), {}, None).visit)
        except SourceError as error:
            self.report(error)
            return part

    def report(self, error: SourceError) -> None:
        """Tell a mistake after which expansion goes on, once for all uses of a macro."""
        if (error.span, error.message) not in self.reported:
            self.reported.add((error.span, error.message))
            self.diagnostics.error(error.span, error.message, error.hint)

    def check(self, macro: Macro) -> None:
        """Complain of a macro's body once, when it is first used."""
        if macro not in self.checked and not self.table.is_library(macro):
            self.checked.add(macro)
            check_hygiene(macro, self.diagnostics)

    def enter(self, span: Span) -> None:
        """One level deeper, at one more node; the caller goes back up."""
        self.depth += 1
        if self.depth > 2 * MAX_DEPTH:
            raise too_deep(span)
        self.nodes += 1
        if self.nodes > _MAX_NODES:
            hint = "a macro that uses its argument twice doubles it at each level"
            raise SourceError(span, "the macros here expand to too much code", hint)


class _Scope:
    """What names mean in the text at hand: the script's own, or a macro's body in one call.

    `chain` are the macros that led here, `args` what the last one's parameters stand for, `span`
    where its nodes are said to be (None where they stand).
    """

    __slots__ = ("args", "chain", "number", "span", "work")

    def __init__(
        self, work: _Work, chain: tuple[Macro, ...], args: Mapping[str, Expr], span: Span | None
    ) -> None:
        self.work = work
        self.chain = chain
        self.args = args
        self.span = span
        self.number = work.pastes

    def visit(self, node: Node) -> Node:
        """A copy of the node in which every name is replaced by what it means."""
        self.work.enter(self.place(node))
        made: Node
        match node:
            case Name() if arg := self.args.get(node.name):
                made = self.paste(arg)
            case Name():
                made = self.called(rebuild(node, self.visit, self.span), (), ())
            case Call():
                call = rebuild(node, self.visit, self.span)
                made = self.called(call, call.args, tuple(map(self.place, node.args)))
            case Variable() if self.chain:
                made = Variable(self.variable(node.name), self.place(node))
            case MapAccess():
                access = rebuild(node, self.visit, self.span)
                keys = map_keys(access.keys)
                made = replace(access, name=self.map_name(node.name), keys=keys)
            case Sizeof() | Typeinfo():
                made = rebuild(node, self.operand, self.span)
            case Offsetof():
                made = replace(rebuild(node, self.operand, self.span), path=self.path(node.path))
            case TypeExpr():
                made = self.type(node)
            case _:
                made = rebuild(node, self.visit, self.span)
        self.work.depth -= 1
        return made

    def paste(self, arg: N) -> N:
        """A copy of an argument: it was expanded where the call stands."""
        self.work.enter(arg.span)
        made = rebuild(arg, self.paste)
        self.work.depth -= 1
        return made

    def place(self, node: Node) -> Span:
        return self.span or node.span

    def variable(self, name: str) -> str:
        """The caller's variable, or a name of this call's own."""
        arg = self.args.get(name)
        return arg.name if isinstance(arg, Variable) else f"{name}'{self.number}"

    def map_name(self, name: str) -> str:
        arg = self.args.get(name)
        return arg.name if isinstance(arg, MapAccess) else name

    def called(self, node: Call | Name, args: Sequence[Expr], places: Sequence[Span]) -> Expr:
        """What a call or a bare word gives: a macro's body, or itself.

        `places` are where the arguments are written, which may be within another macro.
        """
        work, span = self.work, node.span
        overloads = work.table.overloads(node.name, library_only=self.span is not None)
        macro = next((one for one in overloads if accepts(one, args)), None)
        if macro is None:
            if overloads and node.name not in work.builtins:
                work.report(work.table.mismatch(overloads, args, span, places))
            return node
        if macro in self.chain:
            names = [one.name for one in (*self.chain[self.chain.index(macro) :], macro)]
            hint = "a macro is expanded before anything is known of its arguments"
            work.report(SourceError(span, f"a macro calls itself: {' > '.join(names)}", hint))
            return node
        if len(self.chain) == _MAX_CHAIN:
            raise SourceError(span, f"more than {_MAX_CHAIN} macros call one another here")
        return self.body(macro, args, span)

    def body(self, macro: Macro, args: Sequence[Expr], span: Span) -> Expr:
        """The macro's body for one call; the value alone where the body is nothing else."""
        work = self.work
        work.check(macro)
        work.pastes += 1
        meant = {
            param.name: arg if param.name[0] in "$@" else _as_value(arg)
            for param, arg in zip(macro.params, args, strict=True)
        }
        place = span if work.table.is_library(macro) else None
        scope = _Scope(work, (*self.chain, macro), meant, place)
        block = replace(rebuild(macro.body, scope.visit), span=span)
        value = block.value
        # A variable or map by itself could be changed by what it is handed to.
        if block.statements or value is None or isinstance(value, (MapAccess, Variable)):
            return block
        return value

    def operand(self, node: Node) -> Node:
        """What stands where a type may: there, a word that is no parameter is a type's name."""
        arg, suffixes = self.parameter(node)
        if isinstance(arg, TypeArgument):
            return _with_suffixes(self.paste(arg.type), suffixes)
        if arg is not None and not suffixes:
            return self.paste(arg)
        return rebuild(node, self.visit, self.span) if isinstance(node, Name) else self.visit(node)

    def parameter(self, node: Node) -> tuple[Expr | None, tuple[str, ...]]:
        """The argument that `t` or `t[2]` means, None where it means none, and its `[2]`."""
        suffixes: tuple[str, ...] = ()
        while isinstance(node, Index) and isinstance(node.index, Number):
            suffixes = (f"[{node.index.value}]", *suffixes)
            node = node.base
        if isinstance(node, TypeExpr):
            return self.args.get(node.base), (*node.suffixes, *suffixes)
        return (self.args.get(node.name) if isinstance(node, Name) else None), suffixes

    def type(self, node: TypeExpr) -> TypeExpr:
        """A type as written, in which a parameter may be the name: `t *`, `struct t`."""
        if node.of is not None:
            return rebuild(node, self.operand, self.span)
        tag, _, word = node.base.rpartition(" ")
        arg = self.args.get(word)
        if isinstance(arg, TypeArgument) and not tag:
            return _with_suffixes(self.paste(arg.type), node.suffixes)
        if arg is not None and (name := _word(arg)):
            return TypeExpr(f"{tag} {name}".strip(), node.suffixes, self.place(node))
        if arg is not None:
            hint = f"{signature(self.chain[-1])} makes the type '{node.base}' of it"
            self.work.report(SourceError(arg.span, "this argument must be a type's name", hint))
        return rebuild(node, self.visit, self.span)

    def path(self, path: tuple[str, ...]) -> tuple[str, ...]:
        """The fields of an `offsetof`: a parameter may be all of them."""
        arg = self.args.get(path[0]) if len(path) == 1 else None
        fields: list[str] = []
        while isinstance(arg, Field):
            fields.append(arg.field)
            arg = arg.base
        return (arg.name, *reversed(fields)) if isinstance(arg, Name) else path


def _as_value(arg: Expr) -> Expr:
    """An expression parameter is given a variable's or a map's value, never itself."""
    is_place = isinstance(arg, Variable) or (isinstance(arg, MapAccess) and not arg.keys)
    return BlockExpr((), arg, arg.span) if is_place else arg


def _with_suffixes(type_: TypeExpr, suffixes: tuple[str, ...]) -> TypeExpr:
    """`typeof(int32*)` and `[2]` are `int32*[2]`."""
    suffixes = (*type_.suffixes, *suffixes)
    if isinstance(type_.of, TypeExpr):
        return _with_suffixes(type_.of, suffixes)
    return replace(type_, suffixes=suffixes)


def _word(arg: TypeExpr | Expr) -> str:
    """The one word that an argument is, '' where it is more: `name`, `typeof(name)`."""
    match arg:
        case Name():
            return arg.name
        case TypeArgument():
            return _word(arg.type)
        case TypeExpr() if arg.of is not None:
            return _word(arg.of)
        case TypeExpr() if not arg.suffixes and " " not in arg.base:
            return arg.base
        case _:
            return ""
