"""What signatures of methods are made of: the kinds of tables, parameters and results."""

from __future__ import annotations

from seismo.c.lower.call import LowerCall
from seismo.c.methods.method import Parameter, ParameterKind
from seismo.c.tree import TableDecl
from seismo.c.types import LONG, U32, U64, VOID, CType, Pointer
from seismo.ir.ops import Value

__all__ = (
    "ARRAYS",
    "CONTEXT",
    "DATA",
    "FLAGS",
    "HASHES",
    "INDEX",
    "KEY",
    "KEY_POINTER",
    "LEAF_POINTER",
    "OPTIONAL_FLAGS",
    "RECORD",
    "REDIRECTING",
    "SIZE",
    "SOCKETS",
    "STORES",
    "any_pointer",
    "context",
    "leaf_pointer",
    "long",
    "u64",
    "void",
)

HASHES = frozenset(("hash", "percpu_hash", "lru_hash", "lru_percpu_hash", "lpm_trie"))
ARRAYS = frozenset(("array", "percpu_array"))
STORES = HASHES | ARRAYS | {"histogram"}
"""Tables whose leaves are memory that a program may read and write."""

REDIRECTING = frozenset(("devmap", "cpumap", "xskmap"))
SOCKETS = frozenset(("sockmap", "sockhash"))

KEY = Parameter("key", ParameterKind.KEY)
KEY_POINTER = Parameter("&key", ParameterKind.KEY_POINTER)
LEAF_POINTER = Parameter("&leaf", ParameterKind.LEAF_POINTER)
RECORD = Parameter("data", ParameterKind.RECORD)
DATA = Parameter("data", ParameterKind.POINTER)
CONTEXT = Parameter("ctx", ParameterKind.CONTEXT)
SIZE = Parameter("size", ParameterKind.INTEGER)
INDEX = Parameter("index", ParameterKind.INTEGER, U32)
FLAGS = Parameter("flags", ParameterKind.INTEGER)
OPTIONAL_FLAGS = Parameter("flags", ParameterKind.INTEGER, U64, is_optional=True)


def void(_: TableDecl) -> CType:
    """Nothing."""
    return VOID


def long(_: TableDecl) -> CType:
    """0 or a negative error number, as helpers answer."""
    return LONG


def u64(_: TableDecl) -> CType:
    """A number of the kernel's."""
    return U64


def any_pointer(_: TableDecl) -> CType:
    """Memory whose type only the program knows."""
    return Pointer(VOID)


def leaf_pointer(table: TableDecl) -> CType:
    """The address of a leaf, or null."""
    return Pointer(table.leaf)


def context(call: LowerCall, index: int = 0) -> Value:
    """The context that a call was given; SourceError for anything else."""
    space = call.operand(index).space
    if not space.is_context or space.offset:
        hint = "it is the function's first parameter, whatever that is called"
        message = f"{call.name}() takes the program's context here"
        raise call.error(message, hint, index)
    return call.b.context
