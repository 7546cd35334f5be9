"""The package `demangle`, as far as seismo uses it: importing it takes 17 ms.

It bounds the depth and the length of what it reads and says, and raises nothing.
"""

from __future__ import annotations

from seismo.base.errors import NotSupported

try:
    from demangle import demangle
except ImportError as error:
    raise NotSupported(
        "names of C++ and Rust functions",
        "Python's package demangle is not here",
        "pip install demangle",
    ) from error

__all__ = ("read",)

_LANGUAGES = ("itanium", "rust")


def read(symbol: str) -> str:
    """The declaration that a symbol stands for, or the symbol as it is if it is no such one."""
    return demangle(symbol, language=_LANGUAGES, style="gnu")
