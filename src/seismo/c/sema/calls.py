"""Calls: functions of the program, methods of tables, built-ins, BPF helpers; told by name."""

from __future__ import annotations

from collections.abc import Sequence

from seismo.base.diagnostics import did_you_mean
from seismo.base.source import Span
from seismo.c.methods.method import Method, Parameter, ParameterKind
from seismo.c.methods.table import METHODS, find_method, method_names
from seismo.c.parse_library import c_ast
from seismo.c.sema.builtins import BUILTINS, builtin_call
from seismo.c.sema.conversions import are_compatible, is_null, promoted
from seismo.c.sema.errors import CheckError, NotDeclared
from seismo.c.sema.places import Checked, loaded
from seismo.c.sema.printk import check_format
from seismo.c.sema.typer import Typer
from seismo.c.spans import span_of
from seismo.c.tree import (
    AddressOf,
    Constant,
    Expr,
    FunctionAddress,
    FunctionCall,
    FunctionDecl,
    HelperCall,
    MethodCall,
    StringPlace,
    TableDecl,
    VariablePlace,
)
from seismo.c.types import LONG, VOID, CType, Pointer, Record
from seismo.isa.errors import NotFound
from seismo.isa.helpers import HelperSig, helper

__all__ = ("call",)

_PREFIX = "bpf_"
_MAP = "struct bpf_map *"
_CALLBACK = "void *callback_fn"

_ELSEWHERE = {
    "printf": "bpf_trace_printk() prints to the kernel's trace pipe",
    "printk": "bpf_trace_printk() prints to the kernel's trace pipe",
    "strcmp": "compare a fixed number of bytes: __builtin_memcmp(), bpf_strncmp()",
    "strncmp": "compare a fixed number of bytes: __builtin_memcmp(), bpf_strncmp()",
    "strcpy": "bpf_probe_read_kernel_str() copies strings",
    "strncpy": "bpf_probe_read_kernel_str() copies strings",
    "strlcpy": "bpf_probe_read_kernel_str() copies strings",
    "strlen": "bpf_probe_read_kernel_str() gives a string's length, its NUL included",
    "malloc": "BPF has no heap: keep it in a table",
    "kmalloc": "BPF has no heap: keep it in a table",
}


def call(t: Typer, node: c_ast.FuncCall) -> Checked:
    """`f(a, b)`, `table.method(a, b)`."""
    span, target = span_of(node), node.name
    nodes = tuple(node.args.exprs) if node.args is not None else ()
    if isinstance(target, c_ast.StructRef):
        table = t.table(target.name)
        if table is not None:
            return _method_call(t, table, target.field, nodes, span)
        _check_table(t, target)
    if not isinstance(target, c_ast.ID):
        hint = "call a static function by its name, or keep programs in a BPF_PROG_ARRAY"
        raise CheckError(span, "calls through pointers are not supported", hint)
    word = target.name
    if word not in t.functions and _is_declared(t, word):
        raise CheckError(span_of(target), f"'{word}' is no function")
    function = t.functions.get(word)
    if function is not None:
        return _function_call(t, function, nodes, span)
    if word in BUILTINS:
        return builtin_call(t, word, nodes, span)
    return _helper_call(t, word, nodes, span_of(target), span)


def _check_table(t: Typer, target: c_ast.StructRef) -> None:
    """Complain of `tabel.lookup(…)`."""
    table = target.name
    if isinstance(table, c_ast.ID) and not _is_declared(t, table.name):
        message = f"there is no table '{table.name}'"
        hint = did_you_mean(table.name, t.tables)
        raise NotDeclared(table.name, span_of(table), message, hint)


def _is_declared(t: Typer, word: str) -> bool:
    """Whether the program calls something so, whatever it is."""
    try:
        t.scope.find(word)
    except KeyError:
        return False
    return True


def _function_call(
    t: Typer, function: FunctionDecl, nodes: Sequence[c_ast.Node], span: Span
) -> Checked:
    word = function.name
    if not function.is_static:
        hint = f"write 'static' before it: {word}() is then part of what calls it"
        raise CheckError(span, f"{word}() is a program of its own, which cannot be called", hint)
    _expect(word, len(nodes), len(function.parameters), span)
    args = tuple(
        t.assigned(t.value(node), parameter.type, f"argument {place} of {word}()")
        for place, (node, parameter) in enumerate(zip(nodes, function.parameters, strict=True), 1)
    )
    t.body.calls.setdefault(word, span)
    return FunctionCall(function, args, function.result, span)


def _expect(word: str, given: int, count: int, span: Span) -> None:
    if given != count:
        wanted = f"{count} argument{'s' * (count != 1)}"
        raise CheckError(span, f"{word}() takes {wanted}, not {given}")


def _helper_call(
    t: Typer, word: str, nodes: Sequence[c_ast.Node], name_span: Span, span: Span
) -> Checked:
    try:
        signature = helper(word.removeprefix(_PREFIX) if word.startswith(_PREFIX) else "")
    except NotFound:
        message = f"there is no function {word}()"
        raise NotDeclared(word, name_span, message, _hint(t, word)) from None
    if signature.name == "trace_printk":
        return _trace_printk(t, nodes, span)
    wanted = signature.args
    if len(nodes) != len(wanted):
        _expect_helper(signature, len(nodes), span)
    args = tuple(
        _helper_argument(t, node, text, f"argument {place} of {word}()")
        for place, (node, text) in enumerate(zip(nodes, wanted, strict=True), 1)
    )
    return HelperCall(signature.name, args, t.types.parsed(signature.returns), span)


def _hint(t: Typer, word: str) -> str:
    """Where a function may be found that there is not."""
    if word in _ELSEWHERE:
        return _ELSEWHERE[word]
    if word.startswith(_PREFIX):
        try:
            helper(word.removeprefix(_PREFIX))
        except NotFound as error:
            near = did_you_mean(word, BUILTINS)
            return near or error.hint.replace("'", f"'{_PREFIX}", 1)
    known = {*t.functions, *BUILTINS}
    return did_you_mean(word, known) or "functions must be declared before they are called"


def _expect_helper(signature: HelperSig, given: int, span: Span) -> None:
    count = len(signature.args)
    wanted = f"{count} argument{'s' * (count != 1)}"
    message = f"bpf_{signature.name}() takes {wanted}, not {given}"
    raise CheckError(span, message, str(signature))


def _helper_argument(t: Typer, node: c_ast.Node, text: str, what: str) -> Expr:
    """An argument for a parameter that the kernel declares as `text`.

    Pointers keep their types: which of the kernel's records a helper names is not what programs
    call it, and its verifier knows better than any type.
    """
    if text == _CALLBACK:
        found = t.checked(node)
        if not isinstance(found, FunctionAddress):
            raise CheckError(span_of(node), f"{what} must be the name of a static function")
        t.body.calls.setdefault(found.function.name, found.span)
        return found
    if text.startswith(_MAP):
        return _map_argument(t, node, what)
    value = t.value(node)
    type_ = _parameter_type(t, text)
    if isinstance(type_, Pointer) and isinstance(value.type, Pointer):
        return value
    return t.assigned(value, type_, what)


def _parameter_type(t: Typer, text: str) -> CType:
    """Of `u64 flags`, `void *ctx`."""
    if "*" in text:
        return Pointer(VOID)
    return t.types.parsed(text.rpartition(" ")[0])


def _map_argument(t: Typer, node: c_ast.Node, what: str) -> Expr:
    table = t.table(node)
    if table is not None:
        raise CheckError(span_of(node), f"{what} must be a table's address", f"write &{table.name}")
    value = t.value(node)
    if not isinstance(value.type, Pointer):
        raise CheckError(value.span, f"{what} is a table, and this is {value.type}")
    return value


def _trace_printk(t: Typer, nodes: Sequence[c_ast.Node], span: Span) -> Expr:
    """`bpf_trace_printk("format", …)` as BCC has it, `(format, size, …)` as the kernel."""
    if not nodes:
        raise CheckError(span, "bpf_trace_printk() takes a format", 'bpf_trace_printk("%d", x)')
    found = t.checked(nodes[0])
    rest = [t.value(node) for node in nodes[1:]]
    values = tuple(value if isinstance(value.type, Pointer) else promoted(value) for value in rest)
    if isinstance(found, StringPlace):
        check_format(t.diagnostics, found, values)
    elif not values:
        hint = "write the format as a literal"
        raise CheckError(span, "bpf_trace_printk() needs the size of its format", hint)
    return HelperCall("trace_printk", (loaded(found), *values), LONG, span)


def _method_call(
    t: Typer, table: TableDecl, field: c_ast.ID, nodes: Sequence[c_ast.Node], span: Span
) -> Checked:
    word = field.name
    method = _find_method(table, word, span_of(field))
    if not method.required <= len(nodes) <= len(method.parameters):
        hint = f"{table.name}.{method}"
        raise CheckError(span, f"{word}() is called with {len(nodes)} arguments", hint)
    args = tuple(
        _method_argument(t, table, node, parameter, f"'{parameter.name}' of {word}()")
        for node, parameter in zip(nodes, method.parameters[: len(nodes)], strict=True)
    )
    return MethodCall(table, word, args, method.result(table), span)


def _find_method(table: TableDecl, word: str, span: Span) -> Method:
    try:
        return find_method(word, table.kind)
    except KeyError:
        pass
    names = method_names(table.kind)
    if word in METHODS:
        kinds = sorted({kind for one in METHODS[word] for kind in one.kinds})
        message = f"'{table.name}' is a table of type {table.kind}, which has no {word}()"
        raise CheckError(span, message, f"it is a method of {', '.join(kinds)}")
    hint = did_you_mean(word, names) or f"its methods: {', '.join(names)}"
    raise CheckError(span, f"tables of type {table.kind} have no method {word}()", hint)


def _method_argument(
    t: Typer, table: TableDecl, node: c_ast.Node, parameter: Parameter, what: str
) -> Expr:
    value = t.value(node)
    match parameter.kind:
        case ParameterKind.KEY:
            return t.assigned(value, table.key, what)
        case ParameterKind.INTEGER:
            return t.assigned(value, parameter.type, what)
        case ParameterKind.KEY_POINTER:
            return _pointer_to(t, value, table.key, what)
        case ParameterKind.LEAF_POINTER:
            return _pointer_to(t, value, table.leaf, what)
        case ParameterKind.RECORD:
            _show_record(table, _pointer(value, what))
        case ParameterKind.POINTER if is_null(value):
            return t.assigned(value, Pointer(VOID), what)
    return _pointer(value, what)


def _pointer(value: Expr, what: str) -> Expr:
    if not isinstance(value.type, Pointer):
        hint = "write & before it" if not isinstance(value, Constant) else ""
        raise CheckError(value.span, f"{what} is a pointer, and this is {value.type}", hint)
    return value


def _pointer_to(t: Typer, value: Expr, type_: CType, what: str) -> Expr:
    """A pointer to a key or leaf, of which the kernel reads as many bytes as that has."""
    pointer = _pointer(value, what).type
    assert isinstance(pointer, Pointer)
    if are_compatible(pointer, Pointer(type_)):
        return value
    wanted = f"{what} points to {_sized(type_)}"
    match value:
        case AddressOf(place=VariablePlace(variable=variable)):
            given = variable.type
        case _:
            given = pointer.target
    message = f"{wanted}, and this to {_sized(given)}"
    if isinstance(value, AddressOf) and given.size < type_.size:
        raise CheckError(value.span, message, "declare the variable with the table's type")
    if given.size != type_.size:
        t.warning(value.span, message, f"write ({type_} *)…")
    return value


def _sized(type_: CType) -> str:
    return f"{type_} ({type_.size} byte{'s' * (type_.size != 1)})"


def _show_record(table: TableDecl, value: Expr) -> None:
    """What is sent tells how events are read; the first call that shows a record decides."""
    if isinstance(value.type, Pointer) and isinstance(value.type.target, Record):
        table.record = table.record or value.type.target
