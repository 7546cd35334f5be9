"""Reads the C in which the headers of this package are written down.

>>> read_definitions("#define MIN(a, b) ((a) < (b) ? (a) : (b))")
{'MIN': 'MIN(a, b) ((a) < (b) ? (a) : (b))'}
>>> read_declarations("struct pair { int a, b; };")
{'pair': 'struct pair { int a, b; };'}
"""

from __future__ import annotations

__all__ = ("read_declarations", "read_definitions")

_DEFINE = "#define "


def read_definitions(text: str) -> dict[str, str]:
    """Macro by name: what follows `#define `, of lines that a backslash continues."""
    lines = text.replace("\\\n", " ").splitlines()
    definitions = [" ".join(line.removeprefix(_DEFINE).split()) for line in lines if line]
    return {one.split(" ", 1)[0].split("(", 1)[0]: one for one in definitions}


def read_declarations(text: str) -> dict[str, str]:
    """Record or function by name; a declaration's further lines are indented."""
    found: dict[str, str] = {}
    for line in text.replace("\n ", " ").splitlines():
        declaration = " ".join(line.split())
        if declaration.startswith("struct"):
            found[declaration.split(" ", 2)[1]] = declaration
        elif declaration:
            found[declaration.partition("(")[0].split()[-1].lstrip("*")] = declaration
    return found
