"""What an unquoted word of YAML means: the core schema of YAML 1.2, in which `no` and `10:22` are
text, as people mean them, and not a boolean and a number to the base of sixty.

>>> [scalar_of(word) for word in ("12", "0x10", "0600", "no", "true", "~", "1.5")]
[12, 16, '0600', 'no', True, None, 1.5]
"""

from __future__ import annotations

import re

from seismo.audit.config.tree import ScalarValue

__all__ = ("scalar_of",)

_WORDS: dict[str, ScalarValue] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
# With a 0 before other digits it is text, as JSON has no such numbers: 0600 is octal to many.
_DECIMAL = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_BASED = re.compile(r"0x[0-9a-fA-F]+|0o[0-7]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")

_DIGITS = 40
"""A word of more digits is text: no number here has so many."""


def scalar_of(word: str) -> ScalarValue:
    """The value of a word."""
    if word in _WORDS:
        return _WORDS[word]
    if len(word) > _DIGITS:
        return word
    if _DECIMAL.fullmatch(word):
        return int(word)
    if _BASED.fullmatch(word):
        return int(word, 0)
    return float(word) if _FLOAT.fullmatch(word) else word
