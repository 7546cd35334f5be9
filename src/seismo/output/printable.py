r"""Text from outside made safe to show: file names and process names may hold anything.

>>> printable("a\nb\x1b[2J")
'a\\nb\\x1b[2J'
"""

from __future__ import annotations

import unicodedata

__all__ = ("cut_text", "printable", "text_width")

_NAMED = {"\t": "\\t", "\n": "\\n", "\r": "\\r"}
_BYTES_FROM = 0xDC00
"""Where `surrogateescape` puts the bytes that are no UTF-8."""

_WIDE = ("F", "W")
_WITHOUT_WIDTH = ("Me", "Mn")


def printable(text: str) -> str:
    r"""The text on one line, without what a terminal or XML would act on or refuse.

    Control and format characters, separators other than the space, and bytes that are no UTF-8
    become `\n`, `\t`, `\r`, `\xNN` (a byte), `\uNNNN` or `\UNNNNNNNN`. Backslashes stay single.
    """
    return text if text.isprintable() else "".join(map(_escaped, text))


def text_width(text: str) -> int:
    """The cells that a terminal shows printable text in (Unicode Standard Annex 11)."""
    return len(text) if text.isascii() else sum(map(_cells, text))


def cut_text(text: str, width: int) -> str:
    """Printable text in at most `width` cells, `…` at the end of what was longer; 0: all of it."""
    if not width or text_width(text) <= width:
        return text
    end, used = 0, 1  # the ellipsis
    for character in text:
        used += _cells(character)
        if used > width:
            break
        end += 1
    return f"{text[:end]}…"


def _escaped(character: str) -> str:
    if character.isprintable():
        return character
    if character in _NAMED:
        return _NAMED[character]
    code = ord(character)
    if code < 0x80:
        return f"\\x{code:02x}"
    if _BYTES_FROM + 0x80 <= code <= _BYTES_FROM + 0xFF:
        return f"\\x{code - _BYTES_FROM:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _cells(character: str) -> int:
    if unicodedata.category(character) in _WITHOUT_WIDTH:
        return 0
    return 2 if unicodedata.east_asian_width(character) in _WIDE else 1
