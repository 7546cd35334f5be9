"""Arguments of static probes (USDT): each site's note says where its arguments are.

Sites of one probe may differ in that, as when the compiler has put a function into several others.
Then the program asks for the cookie of the site that it runs for.
"""

from __future__ import annotations

from collections.abc import Sequence

from seismo.base.errors import CompilerBug
from seismo.builtin.context import load_register
from seismo.builtin.record import Lowering
from seismo.elf.usdt_arguments import Constant, InMemory, InRegister, Unreadable, UsdtArgument
from seismo.ir.ops import BinaryKind, Cond, Value
from seismo.lang.ast import Call
from seismo.lang.signature import CallContext
from seismo.lang.types import INT64, UINT64, Type

__all__ = ("static_argument", "static_argument_type")

Sites = Sequence[tuple[UsdtArgument, ...]]


def static_argument_type(call: Call, index: int, sites: Sites, context: CallContext) -> Type:
    """Signed, if it is at every site."""
    fewest = min([len(one) for one in sites])
    if index >= fewest:
        hint = f"the last is arg{fewest - 1}" if fewest else "it has none"
        context.error(call.span, f"this static probe has no {call.name}", hint)
        return UINT64
    for one in sites:
        form = one[index].form
        if isinstance(form, Unreadable):
            context.error(call.span, f"{call.name} cannot be read here", form.why)
    return INT64 if all(one[index].signed for one in sites) else UINT64


def static_argument(low: Lowering, index: int) -> Value:
    """The argument's value, extended by its type."""
    b, sites = low.b, low.place.backend.usdt
    forms = [one[index] for one in sites]
    if len(set(forms)) == 1:
        return _value(low, forms[0])
    cookie, result = b.call("get_attach_cookie", b.context, pure=True), low.fresh("argument")
    b.write(result, b.const(0))
    for number, form in enumerate(forms, 1):
        b.when(
            Cond.EQ,
            cookie,
            b.const(number),
            lambda form=form: b.write(result, _value(low, form)),  # type: ignore[misc]
        )
    return b.read(result)


def _value(low: Lowering, argument: UsdtArgument) -> Value:
    b, form = low.b, argument.form
    match form:
        case Constant():
            return b.const(form.value)
        case InRegister():
            value = load_register(low, form.name)
            return b.extend(value, 8 * argument.size, signed=argument.signed)
        case InMemory():
            return low.load(_address(low, form), "user", argument.size, signed=argument.signed)
        case _:
            raise CompilerBug("static probes", f"no argument is in {form}")


def _address(low: Lowering, form: InMemory) -> Value:
    b = low.b
    address = b.const(form.offset)
    if form.base:
        address = b.add(load_register(low, form.base), address)
    if form.index:
        index = load_register(low, form.index)
        address = b.add(address, b.binary(BinaryKind.MUL, index, b.const(form.scale)))
    return address
