"""What the kernel's helpers take and give: the reader of `helper_prototypes`.

>>> print(prototype_of("map_lookup_elem").args[1].kind.value)
a key of the map
"""

from __future__ import annotations

from functools import cache

from seismo.base.dataclass import dataclass
from seismo.base.enum import Enum
from seismo.verifier.helper_prototypes import PROTOTYPES

__all__ = ("Arg", "Parameter", "Prototype", "Result", "parse_prototype", "prototype_of")


class Arg(Enum):
    """What a parameter must be. `SIZE` is that of the memory before it, and not 0."""

    ANY = "anything"
    CONTEXT = "the context"
    MAP = "a map"
    KEY = "a key of the map"
    VALUE = "a value of the map"
    OUT_VALUE = "room for a value of the map"
    READ = "memory"
    OUT = "memory to write to"
    CHANGED = "memory to read and write"
    SIZE = "the size of memory"
    SIZE_OR_ZERO = "the size of memory, or 0"
    CONSTANT = "a constant"
    RECORD = "a reserved record"
    FUNCTION = "a function of this program"
    STACK = "an address on the stack"
    COMMON = "a socket as the program sees it"
    SOCKET = "a full socket"
    ANY_SOCKET = "a socket"
    KERNEL = "an object of the kernel"
    PER_CPU = "a per-CPU variable of the kernel"
    TEXT = "a constant string"
    TIMER = "a timer in a map's value"
    LOCK = "a spin lock in a map's value"
    SLOT = "a place for a pointer in a map's value"
    DYNPTR = "an initialised dynptr"
    NEW_DYNPTR = "room for a dynptr"


class Result(Enum):
    """What r0 is afterwards."""

    NUMBER = "a number"
    LENGTH = "how many bytes were written, or a negative error"
    VOID = "nothing"
    VALUE = "a value of the map"
    RECORD = "a record of the size asked for"
    SLICE = "memory of the size asked for"
    COMMON = "a socket as the program sees it"
    SOCKET = "a full socket"
    TCP_SOCKET = "a TCP socket as the program sees it"
    KERNEL = "an object of the kernel"
    PER_CPU = "what the variable is on a CPU"
    SLOT = "the pointer that was there"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter. `type` is the struct's name of an object of the kernel, or the kind of a
    dynptr; `size` that of memory which no parameter gives the size of."""

    kind: Arg
    is_optional: bool = False
    is_released: bool = False
    type: str = ""
    size: int = 0


@dataclass(frozen=True, slots=True)
class Prototype:
    """`type` names the struct that a pointer to an object of the kernel given back points to;
    `is_nullable`: r0 may be null then."""

    args: tuple[Parameter, ...]
    result: Result = Result.NUMBER
    type: str = ""
    is_nullable: bool = False


_ARGS = {
    "any": Arg.ANY,
    "ctx": Arg.CONTEXT,
    "map": Arg.MAP,
    "key": Arg.KEY,
    "value": Arg.VALUE,
    "newvalue": Arg.OUT_VALUE,
    "mem": Arg.READ,
    "out": Arg.OUT,
    "inout": Arg.CHANGED,
    "size": Arg.SIZE,
    "size0": Arg.SIZE_OR_ZERO,
    "const": Arg.CONSTANT,
    "record": Arg.RECORD,
    "func": Arg.FUNCTION,
    "stack": Arg.STACK,
    "common": Arg.COMMON,
    "sock": Arg.SOCKET,
    "anysock": Arg.ANY_SOCKET,
    "ptr": Arg.KERNEL,
    "percpu": Arg.PER_CPU,
    "text": Arg.TEXT,
    "timer": Arg.TIMER,
    "lock": Arg.LOCK,
    "slot": Arg.SLOT,
    "dynptr": Arg.DYNPTR,
    "newdynptr": Arg.NEW_DYNPTR,
}
_RESULTS = {
    "": Result.NUMBER,
    "length": Result.LENGTH,
    "void": Result.VOID,
    "value": Result.VALUE,
    "record": Result.RECORD,
    "slice": Result.SLICE,
    "common": Result.COMMON,
    "sock": Result.SOCKET,
    "tcp": Result.TCP_SOCKET,
    "ptr": Result.KERNEL,
    "percpu": Result.PER_CPU,
    "slot": Result.SLOT,
}


def prototype_of(helper: str) -> Prototype:
    """The prototype of a helper, by its name without `bpf_`; KeyError for one that is none."""
    return parse_prototype(PROTOTYPES[helper])


@cache
def parse_prototype(text: str) -> Prototype:
    """A prototype in the words of `helper_prototypes`."""
    before, _, after = text.partition("->")
    word, _, type_ = after.strip().removesuffix("?").partition(":")
    return Prototype(
        tuple(_parameter(one) for one in before.split()),
        _RESULTS[word],
        type_,
        after.endswith("?"),
    )


def _parameter(text: str) -> Parameter:
    """`mem?`, `record!`, `ptr:task_struct`, `out:8`."""
    kind, _, rest = text.rstrip("?!").partition(":")
    size = int(rest) if rest.isdigit() else 0
    return Parameter(_ARGS[kind], "?" in text, "!" in text, "" if size else rest, size)
