"""How strace spells values: quoted text, numbers, constants, structs.

>>> quoted(b"a\\n\\0", 32)
'"a\\\\n\\\\0"'
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

__all__ = (
    "bracketed",
    "hexadecimal",
    "joined",
    "mode_text",
    "pointer_text",
    "quoted",
    "quoted_hex",
    "struct_text",
)

_ESCAPES = {0x22: '\\"', 0x5C: "\\\\", 9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r"}
_OCTAL_DIGITS = b"01234567"


def quoted(data: bytes, limit: int, *, is_cut: bool = False) -> str:
    """The first `limit` bytes as a C string; `...` behind it where there is more."""
    shown = data[:limit]
    text = "".join([_spelled(byte, shown, at) for at, byte in enumerate(shown)])
    return f'"{text}"' + ("..." if is_cut or len(data) > limit else "")


def quoted_hex(data: bytes, limit: int, *, is_cut: bool = False) -> str:
    r"""The same with each byte as `\x1f`: what is no text, such as random bytes."""
    text = "".join([f"\\x{byte:02x}" for byte in data[:limit]])
    return f'"{text}"' + ("..." if is_cut or len(data) > limit else "")


def bracketed(path: str, more: str = "") -> str:
    """What stands behind a descriptor: `</etc/hosts>`, what is no text and `<` and `>` escaped;
    and what else is known of it."""
    data = os.fsencode(path)
    text = quoted(data, len(data))[1:-1].replace("<", r"\74").replace(">", r"\76")
    return f"<{text}{more}>"


def _spelled(byte: int, data: bytes, at: int) -> str:
    if byte in _ESCAPES:
        return _ESCAPES[byte]
    if 0x20 <= byte < 0x7F:
        return chr(byte)
    # All three digits where another digit follows, which would be taken for one of the escape's.
    is_followed = data[at + 1 : at + 2] in [bytes([digit]) for digit in _OCTAL_DIGITS]
    return f"\\{byte:03o}" if is_followed else f"\\{byte:o}"


def pointer_text(value: int) -> str:
    """An address: `0x7f00`, `NULL`."""
    return f"{value:#x}" if value else "NULL"


def hexadecimal(value: int) -> str:
    """A number that is shown in hexadecimal: `0x1f`, `0`."""
    return f"{value:#x}" if value else "0"


def mode_text(value: int) -> str:
    """Permissions: `0644`, `04755`, `000`."""
    return f"0{value:o}".rjust(3, "0")


def struct_text(members: Mapping[str, object]) -> str:
    """A struct as `{tv_sec=1, tv_nsec=0}`."""
    return "{" + ", ".join([f"{name}={value}" for name, value in members.items()]) + "}"


def joined(values: Sequence[str], limit: int) -> str:
    """An array as `["a", "b"]`, at most `limit` of its elements."""
    more = ["..."] if len(values) > limit else []
    return f"[{', '.join([*values[:limit], *more])}]"
