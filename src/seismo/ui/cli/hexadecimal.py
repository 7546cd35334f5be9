"""Bytes that the command line says in hexadecimal."""

from __future__ import annotations

from seismo.ui.cli.errors import InputError

__all__ = ("bytes_of",)


def bytes_of(text: str, what: str) -> bytes:
    """The bytes of pairs of digits, between which white space may stand; InputError, which calls
    them `what`."""
    try:
        return bytes.fromhex(text)
    except ValueError:
        pass
    digits = "".join(text.split())
    wrong = next((one for one in digits if one not in "0123456789abcdefABCDEF"), "")
    why = f"there is {wrong!r} in it" if wrong else "a byte has two digits, and one is left over"
    raise InputError(f"{what} is not in hexadecimal: {why}")
