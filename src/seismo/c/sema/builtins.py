"""Built-ins of the compiler and of BCC, by the names that programs call them.

Those with a prototype become a `BuiltinCall` (or, of constants, what they give); the others are
rules of their own: they take types, give constants, or are only told apart from functions by name.

`BuiltinCall.name`, as lowering knows them:

memcpy memmove (to, from, size), memset (to, byte, size), memcmp (left, right, size)
bswap16 bswap32 bswap64 clz clzll ctz ctzll ffs ffsll popcount popcountll parity parityll (integer)
log2 log2l (integer), num_cpus (), trap (), unreachable ()
load_byte load_half load_word load_dword (skb, offset)
incr_cksum_l3 (offset, from, to), incr_cksum_l4 (offset, from, to, flags)
usdt_readarg (number, ctx, pointer), usdt_readarg_p (number, ctx, buffer, size)
sync_fetch_and_OP sync_OP_and_fetch (pointer, value), OP of add sub or and xor
sync_lock_test_and_set (pointer, value), sync_{val,bool}_compare_and_swap (pointer, old, new)
atomic_load_n (pointer), atomic_store_n (pointer, value)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from seismo.base.dataclass import dataclass
from seismo.base.source import Span
from seismo.c.parse_library import c_ast
from seismo.c.sema.conversions import convert, is_integer, promoted
from seismo.c.sema.errors import CheckError
from seismo.c.sema.kernel_facts import KERNEL_FACTS, open_offset
from seismo.c.sema.places import Checked, member_of
from seismo.c.sema.typer import Typer
from seismo.c.spans import span_of
from seismo.c.tree import (
    AddressOf,
    BuiltinCall,
    Constant,
    Dereference,
    Expr,
    Place,
    PointerAdd,
    StringPlace,
)
from seismo.c.types import (
    BOOL,
    INT,
    LONG,
    S64,
    U16,
    U32,
    U64,
    UNSIGNED_LONG,
    VOID,
    Array,
    CType,
    Integer,
    Pointer,
    same_type,
)

__all__ = ("BUILTINS", "builtin_call")

Args: TypeAlias = Sequence[c_ast.Node]
Form: TypeAlias = "Callable[[Typer, str, Args, Span], Checked]"

_POINTER = Pointer(VOID)


@dataclass(frozen=True, slots=True)
class Prototype:
    """A built-in with the name it is lowered by; a parameter that is a pointer takes any."""

    name: str
    parameters: tuple[CType, ...]
    result: CType


def _prototypes() -> dict[str, Prototype]:
    made = dict(_PLAIN)
    for bits, words in _SWAPS.items():
        type_ = {16: U16, 32: U32, 64: U64}[bits]
        swap = Prototype(f"bswap{bits}", (type_,), type_)
        made.update((word, swap) for word in words.split())
    for word in ("memcpy", "memmove", "memset", "memcmp"):
        made[word] = made[f"__builtin_{word}"]
    return made


def _bits(name: str, type_: Integer) -> tuple[str, Prototype]:
    return f"__builtin_{name}", Prototype(name, (type_,), INT)


_COPY = (_POINTER, _POINTER, UNSIGNED_LONG)
_PLAIN: dict[str, Prototype] = {
    "__builtin_memcpy": Prototype("memcpy", _COPY, _POINTER),
    "__builtin_memmove": Prototype("memmove", _COPY, _POINTER),
    "__builtin_memset": Prototype("memset", (_POINTER, INT, UNSIGNED_LONG), _POINTER),
    "__builtin_memcmp": Prototype("memcmp", _COPY, INT),
    "__builtin_trap": Prototype("trap", (), VOID),
    "__builtin_unreachable": Prototype("unreachable", (), VOID),
    "__builtin_clzl": Prototype("clzll", (U64,), INT),
    "__builtin_ctzl": Prototype("ctzll", (U64,), INT),
    "__builtin_ffsl": Prototype("ffsll", (U64,), INT),
    "__builtin_parityl": Prototype("parityll", (U64,), INT),
    "__builtin_popcountl": Prototype("popcountll", (U64,), INT),
    **dict(_bits(name, U32) for name in ("clz", "ctz", "ffs", "parity", "popcount")),
    **dict(_bits(name, U64) for name in ("clzll", "ctzll", "ffsll", "parityll", "popcountll")),
    "bpf_log2": Prototype("log2", (U32,), U32),
    "bpf_log2l": Prototype("log2l", (UNSIGNED_LONG,), U32),
    "bpf_num_cpus": Prototype("num_cpus", (), INT),
    "load_byte": Prototype("load_byte", (_POINTER, U64), U64),
    "load_half": Prototype("load_half", (_POINTER, U64), U64),
    "load_word": Prototype("load_word", (_POINTER, U64), U64),
    "load_dword": Prototype("load_dword", (_POINTER, U64), U64),
    "incr_cksum_l3": Prototype("incr_cksum_l3", (_POINTER, U64, U64), INT),
    "incr_cksum_l4": Prototype("incr_cksum_l4", (_POINTER, U64, U64, U64), INT),
    "bpf_usdt_readarg": Prototype("usdt_readarg", (INT, _POINTER, _POINTER), INT),
    "bpf_usdt_readarg_p": Prototype("usdt_readarg_p", (INT, _POINTER, _POINTER, U64), INT),
}
# The machines that programs run on are little-endian, networks big-endian.
_SWAPS: dict[int, str] = {
    16: "__builtin_bswap16 ntohs htons bpf_ntohs bpf_htons __bpf_ntohs __bpf_htons be16_to_cpu"
    " cpu_to_be16 __be16_to_cpu __cpu_to_be16 __constant_ntohs __constant_htons bpf_bswap16"
    " __constant_cpu_to_be16 swab16 bpf_swap16",
    32: "__builtin_bswap32 ntohl htonl bpf_ntohl bpf_htonl __bpf_ntohl __bpf_htonl be32_to_cpu"
    " cpu_to_be32 __be32_to_cpu __cpu_to_be32 __constant_ntohl __constant_htonl bpf_bswap32"
    " __constant_cpu_to_be32 swab32 bpf_swap32",
    64: "__builtin_bswap64 ntohll htonll bpf_ntohll bpf_htonll be64_to_cpu cpu_to_be64"
    " __be64_to_cpu __cpu_to_be64 bpf_be64_to_cpu bpf_cpu_to_be64 swab64 bpf_bswap64 bpf_swap64",
}
_PROTOTYPES: Mapping[str, Prototype] = _prototypes()


def builtin_call(t: Typer, word: str, nodes: Args, span: Span) -> Checked:
    """A call of one of `BUILTINS`."""
    if word in _FORMS:
        form, count = _FORMS[word]
        _expect(word, nodes, count, span)
        return form(t, word, nodes, span)
    prototype = _PROTOTYPES[word]
    _expect(word, nodes, len(prototype.parameters), span)
    args = tuple(
        _argument(t, t.value(node), type_, f"argument {place} of {word}()")
        for place, (node, type_) in enumerate(zip(nodes, prototype.parameters, strict=True), 1)
    )
    if prototype.name.startswith("bswap") and isinstance(only := args[0], Constant):
        size = prototype.result.size
        data = only.value.to_bytes(size, "little")
        return Constant(int.from_bytes(data, "big"), prototype.result, span)
    return BuiltinCall(prototype.name, args, prototype.result, span)


def _argument(t: Typer, value: Expr, type_: CType, what: str) -> Expr:
    """As by assignment; any pointer is as good as `void *`, and keeps its type."""
    if isinstance(type_, Pointer) and isinstance(value.type, Pointer):
        return value
    return t.assigned(value, type_, what)


def _expect(word: str, nodes: Args, count: int, span: Span) -> None:
    if len(nodes) != count:
        wanted = f"{count} argument{'s' * (count != 1)}"
        raise CheckError(span, f"{word}() takes {wanted}, not {len(nodes)}")


def _expect_probable(t: Typer, word: str, nodes: Args, span: Span) -> Checked:
    """`__builtin_expect(value, probable)`: the value."""
    return convert(promoted(t.value(nodes[0])), LONG)


def _is_constant(t: Typer, word: str, nodes: Args, span: Span) -> Checked:
    found = t.checked(nodes[0])
    known = isinstance(found, (Constant, StringPlace))
    return Constant(int(known), INT, span)


def _choose(t: Typer, word: str, nodes: Args, span: Span) -> Checked:
    """`__builtin_choose_expr(constant, a, b)`: only the chosen one is checked."""
    return t.checked(nodes[1] if t.constant(nodes[0], "what chooses") else nodes[2])


def _are_compatible(t: Typer, word: str, nodes: Args, span: Span) -> Checked:
    left, right = (t.type_of(node) for node in nodes)
    return Constant(int(same_type(left, right)), INT, span)


def _itself(t: Typer, word: str, nodes: Args, span: Span) -> Checked:
    return t.checked(nodes[0])


def _nothing(t: Typer, word: str, nodes: Args, span: Span) -> Checked:
    """What only helps an optimiser."""
    return convert(Constant(0, INT, span), VOID, span)


def _offsetof(t: Typer, word: str, nodes: Args, span: Span) -> Checked:
    """`__builtin_offsetof(type, member.member[index])`."""
    type_ = t.type_of(nodes[0])
    start = Dereference(Constant(0, Pointer(type_), span), type_, span)
    bits, place = _designated(t, start, nodes[1])
    return open_offset(t, place, span) or Constant(bits // 8, UNSIGNED_LONG, span)


def _designated(t: Typer, start: Place, node: c_ast.Node) -> tuple[int, Place]:
    """How many bits after `start` what a designator names lies, and its place."""
    span = span_of(node)
    match node:
        case c_ast.ID(name=word):
            bits, record = 0, start
        case c_ast.StructRef(name=outer, field=c_ast.ID(name=word)):
            bits, record = _designated(t, start, outer)
        case c_ast.ArrayRef(name=outer, subscript=subscript):
            bits, array = _designated(t, start, outer)
            if not isinstance(array.type, Array):
                raise CheckError(span, f"{array.type} has no elements")
            element = array.type.element
            first = AddressOf(array, Pointer(element), span)
            index = t.constant(subscript, "an offset")
            at = PointerAdd(first, Constant(index, S64, span), False, first.type, span)
            return bits + index * element.size * 8, Dereference(at, element, span)
        case _:
            raise CheckError(span, "a member's name is needed here")
    place = member_of(record, word, span, span)
    if place.member.bit_size:
        raise CheckError(span, f"'{word}' is a bit field, which has no offset")
    return bits + place.member.bit_offset, place


def _string_length(t: Typer, word: str, nodes: Args, span: Span) -> Checked:
    found = t.checked(nodes[0])
    if not isinstance(found, StringPlace):
        hint = "bpf_probe_read_kernel_str() gives a string's length, its NUL included"
        raise CheckError(span, f"{word}() is only known of string literals", hint)
    return Constant(found.data.index(0), UNSIGNED_LONG, span)


def _atomic(t: Typer, word: str, nodes: Args, span: Span) -> Expr:
    """`__sync_…` and `__atomic_…`, which have an order more: all are sequentially consistent."""
    name, is_ordered = _ATOMICS[word]
    given = nodes[: len(nodes) - is_ordered]
    pointer = t.value(nodes[0])
    target = _atomic_target(word, pointer)
    values = tuple(
        t.assigned(t.value(node), target, f"argument {place} of {word}()")
        for place, node in enumerate(given[1:], 2)
    )
    result: CType = target
    if name.startswith("sync_bool"):
        result = BOOL
    elif name.endswith("store_n"):
        result = VOID
    return BuiltinCall(name, (pointer, *values), result, span)


def _atomic_target(word: str, pointer: Expr) -> CType:
    match pointer.type:
        case Pointer(target=target) if isinstance(target, Pointer) or is_integer(target):
            if target.size in (4, 8):
                return target
            raise CheckError(
                pointer.span,
                f"BPF has no atomic operations on {target}: they are of 4 or 8 bytes",
                "make it an int or a u64",
            )
    raise CheckError(pointer.span, f"{word}() takes a pointer to an integer")


def _locked_add(t: Typer, word: str, nodes: Args, span: Span) -> Checked:
    """`lock_xadd(pointer, value)`: gives nothing."""
    return convert(_atomic(t, "__sync_fetch_and_add", nodes, span), VOID, span)


_OPS = ("add", "sub", "or", "and", "xor")
# By the name in a program: (the name lowered by, whether the last argument is a memory order).
_ATOMICS: Mapping[str, tuple[str, bool]] = {
    **{f"__sync_fetch_and_{op}": (f"sync_fetch_and_{op}", False) for op in _OPS},
    **{f"__sync_{op}_and_fetch": (f"sync_{op}_and_fetch", False) for op in _OPS},
    **{f"__atomic_fetch_{op}": (f"sync_fetch_and_{op}", True) for op in _OPS},
    **{f"__atomic_{op}_fetch": (f"sync_{op}_and_fetch", True) for op in _OPS},
    "__sync_lock_test_and_set": ("sync_lock_test_and_set", False),
    "__sync_val_compare_and_swap": ("sync_val_compare_and_swap", False),
    "__sync_bool_compare_and_swap": ("sync_bool_compare_and_swap", False),
    "__atomic_exchange_n": ("sync_lock_test_and_set", True),
    "__atomic_load_n": ("atomic_load_n", True),
    "__atomic_store_n": ("atomic_store_n", True),
}
_FORMS: Mapping[str, tuple[Form, int]] = {
    **KERNEL_FACTS,
    "__builtin_assume": (_nothing, 1),
    "__builtin_choose_expr": (_choose, 3),
    "__builtin_constant_p": (_is_constant, 1),
    "__builtin_expect": (_expect_probable, 2),
    "__builtin_offsetof": (_offsetof, 2),
    "__builtin_prefetch": (_nothing, 1),
    "__builtin_preserve_access_index": (_itself, 1),
    "__builtin_strlen": (_string_length, 1),
    "__builtin_types_compatible_p": (_are_compatible, 2),
    "__sync_synchronize": (_nothing, 0),
    "lock_xadd": (_locked_add, 2),
    "offsetof": (_offsetof, 2),
    **{
        word: (_atomic, (1 if "load" in name else 3 if "compare" in name else 2) + is_ordered)
        for word, (name, is_ordered) in _ATOMICS.items()
    },
}
BUILTINS: frozenset[str] = frozenset(_PROTOTYPES) | frozenset(_FORMS)
"""Every name that `builtin_call` knows."""
