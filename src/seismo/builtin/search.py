"""Strings in strings: `strstr`, `strcontains`.

A needle that is known at compile time is compared by words, at every place of a short haystack
one after the other, else in a loop of the kernel's; what is not known, byte by byte.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from seismo.base.dataclass import dataclass
from seismo.builtin.bytes import constant_bytes, is_literal_at, string_memory
from seismo.builtin.record import Address, Builtin, LoopStep, Lowering
from seismo.builtin.strings import TEXT, check_text
from seismo.ir.ops import Cond, Value
from seismo.lang.ast import Call
from seismo.lang.signature import CallContext, Param, Signature
from seismo.lang.types import BOOL, INT64, Type

__all__ = ("BUILTINS", "STRCONTAINS", "STRSTR", "UNROLLED_PLACES")

UNROLLED_PLACES = 64
"""A literal is looked for at up to so many places without a loop, on any kernel."""

_MISSING = -1

_Matches: TypeAlias = Callable[[Lowering, Value, Value], Value]
"""(lowering, pointer to a place in the haystack, its index): 1 if the needle stands there."""


@dataclass(frozen=True, slots=True)
class _Text:
    """A string in scratch memory."""

    at: Address
    size: int


def _find(low: Lowering, call: Call) -> Value:
    """The index of the needle's first occurrence, or -1; an empty needle is at 0."""
    hay = _Text(*string_memory(low, call.args[0]))
    literal = constant_bytes(low, call.args[1])
    if literal is None:
        return _find_text(low, hay, _Text(*string_memory(low, call.args[1])))
    places = hay.size - len(literal) + 1
    if not literal or places < 1:
        return low.b.const(_MISSING if literal else 0)
    if places <= UNROLLED_PLACES:
        return _find_unrolled(low, hay, literal)

    def matches(inner: Lowering, place: Value, _: Value) -> Value:
        return is_literal_at(inner, Address(place, hay.at.offset), literal)

    return _search(low, hay, places, matches)


def _find_unrolled(low: Lowering, hay: _Text, literal: bytes) -> Value:
    """As there are only zeros behind the haystack's NUL, nothing is found there."""
    b, found = low.b, low.fresh("found")
    done = b.new_block("found")
    for index in range(hay.size - len(literal) + 1):
        b.write(found, b.const(index))
        following = b.new_block("next")
        b.branch_if(is_literal_at(low, hay.at.at(index), literal), done, following)
        b.seal(following)
        b.start(following)
    b.write(found, b.const(_MISSING))
    b.jump(done)
    b.seal(done)
    b.start(done)
    return b.read(found)


def _find_text(low: Lowering, hay: _Text, needle: _Text) -> Value:
    b, found = low.b, low.fresh("found")

    def matches(inner: Lowering, _: Value, index: Value) -> Value:
        return _is_text_at(inner, hay, index, needle)

    b.when_set(
        b.load(needle.at.base, needle.at.offset, 1),
        lambda: b.write(found, _search(low, hay, hay.size, matches)),
        lambda: b.write(found, b.const(0)),
    )
    return b.read(found)


def _search(low: Lowering, hay: _Text, places: int, matches: _Matches) -> Value:
    """Ask at every place until the haystack ends. Since Linux 5.17 (`bpf_loop`)."""

    def step(inner: Lowering, index: Value, carried: Mapping[str, Value]) -> LoopStep:
        b, found, stop = inner.b, inner.fresh("found"), inner.fresh("stop")
        b.write(found, carried["found"])
        b.write(stop, b.const(1))

        def look() -> None:
            place = b.add(inner.here(hay.at).base, index)
            b.when_set(b.load(place, hay.at.offset, 1), lambda: compare(place))

        def compare(place: Value) -> None:
            b.when_set(
                matches(inner, place, index),
                lambda: b.write(found, index),
                lambda: b.write(stop, b.const(0)),
            )

        b.when(Cond.LT, index, b.const(places), look)
        return LoopStep({"found": b.read(found)}, b.read(stop))

    nothing = {"found": low.b.const(_MISSING)}
    return low.loop(low.b.const(places), nothing, step)["found"]


def _is_text_at(low: Lowering, hay: _Text, start: Value, needle: _Text) -> Value:
    """1 where the needle, whose length is not known, stands at index `start`."""

    def step(inner: Lowering, index: Value, carried: Mapping[str, Value]) -> LoopStep:
        b, equal, stop = inner.b, inner.fresh("equal"), inner.fresh("stop")
        b.write(equal, b.const(1))
        b.write(stop, b.const(1))

        def look() -> None:
            place = b.add(inner.here(needle.at).base, index)
            wanted = b.load(place, needle.at.offset, 1)
            b.when_set(wanted, lambda: compare(wanted))

        def compare(wanted: Value) -> None:
            b.write(equal, b.const(0))
            where = b.add(carried["start"], index)
            b.when(Cond.LT, where, b.const(hay.size), lambda: compare_with(where, wanted))

        def compare_with(where: Value, wanted: Value) -> None:
            place = b.add(inner.here(hay.at).base, where)
            b.when(Cond.EQ, b.load(place, hay.at.offset, 1), wanted, go_on)

        def go_on() -> None:
            b.write(equal, b.const(1))
            b.write(stop, b.const(0))

        b.when(Cond.LT, index, b.const(needle.size), look)
        return LoopStep({"start": carried["start"], "equal": b.read(equal)}, b.read(stop))

    carried = {"start": start, "equal": low.b.const(1)}
    return low.loop(low.b.const(needle.size), carried, step)["equal"]


def _check_strstr(call: Call, types: tuple[Type, ...], context: CallContext) -> Type:
    check_text(call, types, context)
    return INT64


def _check_strcontains(call: Call, types: tuple[Type, ...], context: CallContext) -> Type:
    check_text(call, types, context)
    return BOOL


def _lower_strcontains(low: Lowering, call: Call) -> Value:
    return low.b.compare(Cond.SGE, _find(low, call), low.b.const(0))


_PARAMS = (Param("haystack", TEXT), Param("needle", TEXT))

STRSTR = Builtin(
    Signature(name="strstr", params=_PARAMS, returns=INT64, check=_check_strstr),
    "Where a string first occurs in another one: the index of its first character, -1 if it does "
    "not. An empty string is at 0. Since Linux 5.17, but on any kernel for a literal in a string "
    f"of at most {UNROLLED_PLACES} bytes.",
    _find,
    "tracepoint:syscalls:sys_enter_openat {\n"
    '    @index[strstr(str(args.filename), ".so")] = count();\n'
    "}",
)
STRCONTAINS = Builtin(
    Signature(name="strcontains", params=_PARAMS, returns=BOOL, check=_check_strcontains),
    "Whether a string occurs in another one; an empty one always does. Kernels as of strstr().",
    _lower_strcontains,
    'tracepoint:syscalls:sys_enter_openat /strcontains(str(args.filename), "/etc/")/ {\n'
    "    @[comm] = count();\n"
    "}",
)

BUILTINS = (STRSTR, STRCONTAINS)
