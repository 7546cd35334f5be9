"""`Declarations`: what C's declarations declare: types, variables, functions, constants.

>>> declarations.local(node)                # int x = 1;
Declare(Variable(name='x', type=INT, …), Constant(1, INT, span), span)
>>> declarations.type_name(node)            # struct task_struct *
Pointer(target=struct task_struct, …)

A name is looked for in the program first and then among the kernel's types, so what a program
defines is used instead of what the kernel calls so. Everything here raises CheckError.
"""

from __future__ import annotations

from contextlib import suppress

from seismo.base.source import Span
from seismo.c.errors import WITH_CLANG
from seismo.c.parse_library import c_ast
from seismo.c.parse_nodes import attributes_of
from seismo.c.sema.checker import Checker
from seismo.c.sema.constants import NotConstant, evaluate, wrap
from seismo.c.sema.errors import CheckError
from seismo.c.sema.initializers import initialize
from seismo.c.sema.literals import string_literal
from seismo.c.sema.records import alignment_of
from seismo.c.sema.scope import ConstantObject, Declared, NamedConstant, TypeName
from seismo.c.sema.type_nodes import TypeNodes
from seismo.c.spans import span_of
from seismo.c.tree import Declare, Expr, FunctionDecl, Initializer, Load, StringPlace, Variable
from seismo.c.types import (
    Array,
    CType,
    Enumeration,
    Function,
    Integer,
    Record,
    Table,
    Void,
    same_type,
)

__all__ = ("Declarations",)


class Declarations:
    """Declares in the scope where the checker is."""

    def __init__(self, checker: Checker) -> None:
        self._checker = checker
        self._types = TypeNodes(checker)

    def type_name(self, node: c_ast.Typename) -> CType:
        """The type in a cast, in `sizeof`, in an argument that is a type."""
        return self._types.of(node)

    def type_of(self, node: c_ast.Decl) -> CType:
        """The type that a declaration gives to what it declares; declares its tags only."""
        return self._types.of(node.type)

    def constant(self, node: c_ast.Node, what: str) -> int:
        """The value of an integer constant expression; `what` needs it (`the size of 't'`)."""
        return self._types.constant(node, what)

    def local(self, node: c_ast.Node) -> Declare | None:
        """What stands in a block: a variable, or what makes nothing (a typedef, a tag, a function
        that is defined elsewhere, `_Static_assert`)."""
        match node:
            case c_ast.Typedef():
                self.typedef(node)
            case c_ast.StaticAssert():
                self.static_assert(node)
            case c_ast.Decl() if isinstance(node.type, _TAGGED):
                self.tag(node)
            case c_ast.Decl() if isinstance(node.type, c_ast.FuncDecl):
                self.function(node)
            case c_ast.Decl():
                return self.variable(node)
        return None

    def typedef(self, node: c_ast.Typedef) -> None:
        """`typedef int x;`; once more is no mistake where it says the same."""
        type_, span, scope = self._types.of(node.type), span_of(node), self._checker.scope
        alignment = alignment_of(attributes_of(node), self.constant)
        if alignment > type_.alignment:
            hint = "align the members or variables of this type instead"
            raise CheckError(
                span, "typedefs with an alignment of their own are not supported", hint
            )
        with suppress(KeyError):
            known = scope.own(node.name)
            if not isinstance(known, TypeName) or not same_type(known.type, type_):
                raise self._twice(node.name, known, span)
        scope.declare(node.name, TypeName(node.name, type_, span))

    def tag(self, node: c_ast.Decl) -> CType:
        """`struct x { … };`, `struct x;`, `enum { A, B };`: a declaration of a type alone."""
        return self._types.declare_tag(node.type)

    def static_assert(self, node: c_ast.StaticAssert) -> None:
        """`_Static_assert(condition, "message")`."""
        if not self.constant(node.cond, "what is asserted"):
            message = node.message.value if node.message is not None else ""
            raise CheckError(span_of(node), f"assertion failed {message}".rstrip())

    def variable(self, node: c_ast.Decl) -> Declare:
        """A local variable with its value, declared from here on, its own value included."""
        span, scope = span_of(node), self._checker.scope
        _check_storage(node, span)
        with suppress(KeyError):
            raise self._twice(node.name, scope.own(node.name), span)
        if _is_inferred(node):
            return self._inferred(node, span)
        variable = Variable(node.name, self._types.of(node.type), span)
        scope.declare(node.name, variable)
        value: Initializer | Expr | None = None
        if node.init is not None:
            value = initialize(node.init, variable.type, f"'{node.name}'", self._checker)
            if isinstance(variable.type, Array):
                variable.type = value.type
        _check_variable(variable)
        return Declare(variable, value, span)

    def global_constant(self, node: c_ast.Decl) -> NamedConstant | ConstantObject:
        """`const int x = 1;`, `const int x[] = {1, 2};` outside functions; CheckError for any other
        variable there.

        `static int x = 1;` is one too: nothing but the program could change it, and an assignment
        to it is refused where it stands. A constant object is made anew where it is used, which
        costs no map and so no kernel newer than the program needs otherwise.
        """
        span, name = span_of(node), node.name
        type_ = self._types.of(node.type)
        hint = f"keep it in a table: BPF_ARRAY(name, type, 1); {WITH_CLANG}"
        is_object = isinstance(type_, Array | Record) and "const" in node.quals
        is_constant = "const" in node.quals or ("static" in node.storage and node.init is not None)
        if not is_object and not (isinstance(type_, Integer | Enumeration) and is_constant):
            raise CheckError(span, f"'{name}' is a variable outside functions", hint)
        if node.init is None:
            raise CheckError(span, f"the constant '{name}' has no value")
        made = (
            self._constant_object(node, type_)
            if is_object
            else NamedConstant(name, self._constant_integer(node, type_), type_, span)
        )
        with suppress(KeyError):
            raise self._twice(name, self._checker.scope.own(name), span)
        self._checker.scope.declare(name, made)
        return made

    def _constant_integer(self, node: c_ast.Decl, type_: CType) -> int:
        assert isinstance(type_, Integer | Enumeration)
        return wrap(self.constant(node.init, f"the value of '{node.name}'"), type_)

    def _constant_object(self, node: c_ast.Decl, type_: CType) -> ConstantObject:
        value = initialize(node.init, type_, f"'{node.name}'", self._checker)
        if not isinstance(value, Initializer):
            raise CheckError(span_of(node.init), f"the value of '{node.name}' is not constant")
        for part in value.parts:
            if not _is_constant(part.value):
                message = f"the value of '{node.name}' is not constant here"
                raise CheckError(part.value.span, message, "numbers and strings can stand here")
        return ConstantObject(node.name, value, value.type, span_of(node))

    def function(self, node: c_ast.Decl) -> FunctionDecl:
        """A function as its head says; one object, however often it is declared.

        Its parameters are those of this head, so that of a definition they are what the body names.
        """
        span, scope, name = span_of(node), self._checker.scope, node.name
        type_ = self._types.of(node.type)
        assert isinstance(type_, Function)
        if type_.is_variadic:
            hint = "give it all its parameters, or make it a macro"
            raise CheckError(span, f"'{name}' takes a variable number of arguments", hint)
        listed = self._types.parameters(node.type)
        parameters = tuple([Variable(*one, is_parameter=True) for one in listed])
        is_static = "static" in node.storage or "inline" in " ".join(node.funcspec)
        is_static |= any(one.name == "always_inline" for one in attributes_of(node))
        try:
            known = scope.find(name)
        except KeyError:
            made = FunctionDecl(
                name=name,
                result=type_.result,
                parameters=parameters,
                body=None,
                is_static=is_static,
                span=span,
                section=_section(node),
            )
            scope.declare(name, made)
            return made
        if not isinstance(known, FunctionDecl):
            raise self._twice(name, known, span)
        self._check_like(known, type_, span)
        known.parameters, known.span = parameters, span
        known.is_static |= is_static
        return known

    def _check_like(self, known: FunctionDecl, type_: Function, span: Span) -> None:
        before = Function(known.result, tuple([one.type for one in known.parameters]))
        if not same_type(before, type_):
            at = known.span.location.line
            raise CheckError(span, f"'{known.name}' was declared otherwise in line {at}: {before}")

    def _inferred(self, node: c_ast.Decl, span: Span) -> Declare:
        value = self._checker.value(node.init)
        variable = Variable(node.name, value.type, span)
        _check_variable(variable)
        self._checker.scope.declare(node.name, variable)
        return Declare(variable, value, span)

    def _twice(self, name: str, known: Declared, span: Span) -> CheckError:
        at = known.span.location.line
        return CheckError(span, f"'{name}' is declared twice, first in line {at}")


def _section(node: c_ast.Decl) -> str:
    """What `SEC("…")` says of a function; '' where it says nothing."""
    for one in attributes_of(node):
        if one.name == "section" and one.arguments:
            text = one.arguments[0]
            if isinstance(text, c_ast.Constant) and text.type == "string":
                return string_literal(text.value, one.span).data.rstrip(b"\0").decode()
    return ""


def _is_constant(value: Expr) -> bool:
    if isinstance(value, Load):
        return isinstance(value.place, StringPlace)
    try:
        evaluate(value, lambda constant: None)
    except NotConstant:
        return False
    return True


_TAGGED = (c_ast.Struct, c_ast.Union, c_ast.Enum)


def _check_storage(node: c_ast.Decl, span: Span) -> None:
    for word, what in (("static", "outlive its function"), ("extern", "come from elsewhere")):
        is_constant = word == "static" and "const" in node.quals
        if word in node.storage and not is_constant:
            hint = f"keep it in a table: BPF_ARRAY(name, type, 1); {WITH_CLANG}"
            raise CheckError(span, f"'{node.name}' is {word}: no variable of BPF can {what}", hint)


def _is_inferred(node: c_ast.Decl) -> bool:
    return isinstance(node.type, c_ast.TypeDecl) and isinstance(node.type.type, c_ast.InferredType)


def _check_variable(variable: Variable) -> None:
    """Variables are of a size that is known."""
    type_, name, span = variable.type, variable.name, variable.span
    if isinstance(type_, Void | Table | Function):
        raise CheckError(span, f"variable '{name}' has the type {type_}, which has no values")
    if isinstance(type_, Record) and not type_.is_complete:
        raise CheckError(span, f"'{name}': {type_} is not defined")
    if isinstance(type_, Array) and type_.count is None:
        raise CheckError(span, f"array '{name}' has no size")
