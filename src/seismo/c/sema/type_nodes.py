"""`TypeNodes`: the types that declarators, specifiers and tags of C mean.

>>> type_nodes.of(node)           # const char *names[4]
Array(element=Pointer(target=CHAR, …), count=4)
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from seismo.base.source import Span
from seismo.c.basic_types import basic_type
from seismo.c.kernel_types import TRACEPOINT_TAG, TypeNotFound
from seismo.c.parse_library import c_ast
from seismo.c.parse_nodes import attributes_of
from seismo.c.sema.checker import Checker
from seismo.c.sema.constants import NotConstant
from seismo.c.sema.errors import CheckError
from seismo.c.sema.records import constant_type, enum_integer, fill_record
from seismo.c.sema.scope import NamedConstant, TypeName
from seismo.c.spans import span_of
from seismo.c.types import (
    Array,
    CType,
    Enumeration,
    Function,
    Pointer,
    Record,
    Table,
    Void,
)

__all__ = ("TypeNodes",)

_FLOATING = frozenset(("float", "double", "_Complex", "_Decimal32", "_Decimal64", "_Decimal128"))
_KEYWORDS = frozenset(
    (
        *("void", "char", "short", "int", "long", "__int128", "_Bool", "bool"),
        *("signed", "__signed", "__signed__", "unsigned"),
    )
)


class TypeNodes:
    """The types of one program, in the scope where the checker is."""

    def __init__(self, checker: Checker) -> None:
        self._checker = checker
        # By the node of the definition: `struct { … } a, b;` has one for both.
        self._defined: dict[c_ast.Node, Record | Enumeration] = {}

    def of(self, node: Any) -> CType:
        """The type of a declarator (of what stands in `type` of a declaration); CheckError."""
        match node:
            case c_ast.TypeDecl() | c_ast.PtrDecl() if "_Atomic" in (node.quals or ()):
                hint = "__sync_fetch_and_add() and its like are atomic"
                raise CheckError(span_of(node), "_Atomic is not supported", hint)
            case c_ast.Typename() | c_ast.TypeDecl() | c_ast.AttributedType():
                return self.of(node.type)
            case c_ast.PtrDecl():
                return Pointer(self.of(node.type), _is_user(node.type))
            case c_ast.ArrayDecl():
                return self._array(node)
            case c_ast.FuncDecl():
                return self._function(node)
            case c_ast.IdentifierType():
                return self._by_names(node)
            case c_ast.Struct() | c_ast.Union() | c_ast.Enum():
                return self._tagged(node)
            case c_ast.TypeOf():
                return self._of_expression(node.expr)
        raise CheckError(span_of(node), *_refusal(node))

    def parameters(self, node: c_ast.FuncDecl) -> list[tuple[str, CType, Span]]:
        """Name ('' for none), type and place of each parameter; arrays are pointers there."""
        found = []
        for one in node.args.params if node.args else ():
            if isinstance(one, c_ast.EllipsisParam):
                continue
            if isinstance(one, c_ast.ID):
                hint = f"write its type: int {one.name}"
                raise CheckError(span_of(one), f"parameter '{one.name}' has no type", hint)
            type_ = _passed(self.of(one.type))
            found.append((one.name or "", type_, span_of(one)))
        if [type_ for name, type_, _ in found if not name] == [Void()]:
            return []
        for name, type_, span in found:
            if isinstance(type_, Void | Table):
                raise CheckError(span, f"parameter '{name}' has the type {type_}")
        return found

    def constant(self, node: c_ast.Node, what: str) -> int:
        """The value of an integer constant expression; CheckError says what it was needed for."""
        value = self._checker.value(node)
        try:
            return self._checker.known(value)
        except NotConstant as error:
            why = f": {error.why}" if error.why else ""
            raise CheckError(error.span, f"{what} must be a constant{why}") from None

    def declare_tag(self, node: c_ast.Struct | c_ast.Union | c_ast.Enum) -> CType:
        """`struct x;`, which declares it in this very block; else the type as `of` gives it."""
        scope = self._checker.scope
        if isinstance(node, c_ast.Enum) or node.decls is not None:
            return self.of(node)
        keyword = _keyword(node)
        try:
            found = scope.own_tag(node.name)
        except KeyError:
            types = self._checker.types
            # Only to say that there is one: a definition that modules have is not looked for yet.
            is_outmost = scope.outer is None
            found = types.declared(keyword, node.name) if is_outmost else Record(keyword, node.name)
            scope.declare_tag(node.name, found)
        return _of_keyword(found, keyword, span_of(node))

    def _array(self, node: c_ast.ArrayDecl) -> Array:
        element, span = self.of(node.type), span_of(node)
        if isinstance(element, Void | Function | Table):
            raise CheckError(span, f"an array of {element} cannot be")
        if isinstance(element, Record) and not element.is_complete:
            raise CheckError(span, f"{element} is not defined, so there are no arrays of it")
        if isinstance(element, Array) and element.count is None:
            raise CheckError(span, "only the first size of an array may be left out")
        if node.dim is None:
            return Array(element, None)
        value = self._checker.value(node.dim)
        try:
            count = self._checker.known(value)
        except NotConstant as error:
            why = f": {error.why}" if error.why else ""
            raise CheckError(
                error.span,
                f"arrays of variable length are not supported{why}",
                "give the size as a constant (#define)",
            ) from None
        if count < 0:
            raise CheckError(span_of(node.dim), f"an array of {count} elements")
        return Array(element, count)

    def _function(self, node: c_ast.FuncDecl) -> Function:
        result, params = self.of(node.type), node.args.params if node.args else ()
        if isinstance(result, Array | Function | Table):
            raise CheckError(span_of(node), f"a function cannot return {result}")
        is_variadic = any(isinstance(one, c_ast.EllipsisParam) for one in params)
        types = tuple([type_ for _, type_, _ in self.parameters(node)])
        return Function(result, types, is_variadic)

    def _by_names(self, node: c_ast.IdentifierType) -> CType:
        span, names = span_of(node), node.names
        if not _FLOATING.isdisjoint(names):
            hint = "compute in integers, scaled if need be"
            raise CheckError(span, "floating point does not exist in BPF", hint)
        if len(names) > 1 or names[0] in _KEYWORDS:
            try:
                return basic_type(names)
            except KeyError:
                raise CheckError(span, f"'{' '.join(names)}' is no type") from None
        return self._typedef(names[0], span)

    def _typedef(self, name: str, span: Span) -> CType:
        try:
            found = self._checker.scope.find(name)
        except KeyError:
            pass
        else:
            if isinstance(found, TypeName):
                return found.type
            raise CheckError(span, f"'{name}' is no type here")
        types = self._checker.types
        try:
            return types.typedef(name)
        except TypeNotFound as error:
            hint = error.hint or types.hint("", name)
            raise CheckError(span, f"there is no type '{name}'", hint) from None

    def _of_expression(self, node: Any) -> CType:
        if isinstance(node, c_ast.Typename):
            return self.of(node)
        return self._checker.type_of(node)

    def _tagged(self, node: Any) -> Record | Enumeration:
        if node in self._defined:
            return self._defined[node]
        if isinstance(node, c_ast.Enum):
            return self._known_enum(node) if node.values is None else self._new_enum(node)
        return self._known_record(node) if node.decls is None else self._new_record(node)

    def _known_record(self, node: c_ast.Struct | c_ast.Union) -> Record:
        keyword, tag, types = _keyword(node), node.name, self._checker.types
        try:
            known = self._checker.scope.find_tag(tag)
        except KeyError:
            try:
                return types.record(keyword, tag)
            except TypeNotFound as error:
                if tag.startswith(TRACEPOINT_TAG):
                    category, _, name = tag.removeprefix(TRACEPOINT_TAG).partition("__")
                    message = f"there is no tracepoint '{category}:{name}'"
                    raise CheckError(span_of(node), message, error.hint) from None
                # What is wrong with it, if anything, is known where its members are asked for.
                return types.declared(keyword, tag)
        return _of_keyword(known, keyword, span_of(node))

    def _new_record(self, node: c_ast.Struct | c_ast.Union) -> Record:
        record = Record(_keyword(node), "") if not node.name else self._defining(node)
        self._defined[node] = record
        fill_record(record, node, self.of, self.constant)
        return record

    def _defining(self, node: c_ast.Struct | c_ast.Union) -> Record:
        """The object that the definition is to complete: one that was declared before, or one of
        the kernel's that the program has its own idea of."""
        scope, keyword, tag = self._checker.scope, _keyword(node), node.name
        try:
            record = _of_keyword(scope.own_tag(tag), keyword, span_of(node))
        except KeyError:
            record = Record(keyword, tag)
        if scope.outer is None:
            record = self._checker.types.redefined(keyword, tag)
        if record in self._defined.values():
            raise CheckError(span_of(node), f"{record} is defined twice")
        scope.declare_tag(tag, record)
        return record

    def _new_enum(self, node: c_ast.Enum) -> Enumeration:
        constants = self._enumerators(node)
        is_packed = any(one.name == "packed" for one in attributes_of(node))
        try:
            integer = enum_integer([value for _, value in constants], is_packed=is_packed)
        except KeyError:
            raise CheckError(span_of(node), "no integer holds all values of this enum") from None
        made = self._defined[node] = Enumeration(node.name or "", integer, constants)
        if node.name:
            scope = self._checker.scope
            with suppress(KeyError):
                scope.own_tag(node.name)
                raise CheckError(span_of(node), f"'{node.name}' is defined twice")
            scope.declare_tag(node.name, made)
        return made

    def _enumerators(self, node: c_ast.Enum) -> tuple[tuple[str, int], ...]:
        """Declares the constants, each of which the next may use."""
        constants: list[tuple[str, int]] = []
        scope, following = self._checker.scope, 0
        for one in node.values.enumerators:
            if not isinstance(one, c_ast.Enumerator):
                continue
            if one.value is not None:
                following = self.constant(one.value, f"the value of '{one.name}'")
            span = span_of(one)
            if not -(1 << 63) <= following < 1 << 64:
                raise CheckError(span, f"'{one.name}' does not fit 64 bits")
            self._check_new(one.name, span)
            type_ = constant_type(following)
            scope.declare(one.name, NamedConstant(one.name, following, type_, span))
            constants.append((one.name, following))
            following += 1
        return tuple(constants)

    def _known_enum(self, node: c_ast.Enum) -> Enumeration:
        types = self._checker.types
        try:
            found = self._checker.scope.find_tag(node.name)
        except KeyError:
            try:
                return types.enumeration(node.name)
            except TypeNotFound as error:
                hint = error.hint or types.hint("enum", node.name)
                raise CheckError(span_of(node), f"there is no enum {node.name}", hint) from None
        if not isinstance(found, Enumeration):
            raise CheckError(span_of(node), f"'{node.name}' is a {found.keyword}, no enum")
        return found

    def _check_new(self, name: str, span: Span) -> None:
        with suppress(KeyError):
            self._checker.scope.own(name)
            raise CheckError(span, f"'{name}' is declared twice")


def _keyword(node: c_ast.Struct | c_ast.Union) -> str:
    return "union" if isinstance(node, c_ast.Union) else "struct"


def _of_keyword(found: Record | Enumeration, keyword: str, span: Span) -> Record:
    if isinstance(found, Record) and found.keyword == keyword:
        return found
    raise CheckError(span, f"this is declared as '{found}'")


def _passed(type_: CType) -> CType:
    """What a parameter that is declared so is."""
    match type_:
        case Array():
            return Pointer(type_.element)
        case Function():
            return Pointer(type_)
    return type_


def _is_user(target: Any) -> bool:
    """Whether what a pointer points to is said to be the user's."""
    has_quals = isinstance(target, c_ast.TypeDecl | c_ast.PtrDecl | c_ast.Typename)
    return has_quals and "__user" in (target.quals or ())


def _refusal(node: c_ast.Node) -> tuple[str, str]:
    """What to say of a type that there is not, and a hint."""
    if isinstance(node, c_ast.InferredType):
        return "a type is inferred only where a variable gets a value", "write the type"
    if isinstance(node, c_ast.BitIntType):
        return "_BitInt is not supported", "take an integer of the next size"
    return "this is no type", ""
