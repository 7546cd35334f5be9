"""The language of printf formats: what conversions a format has and what arguments they take.

Any `%` that begins no conversion is plain text, as in bpftrace.

>>> parse_format("%-16s %5d%%")[1]
Conversion(kind='d', start=6, end=9, flags='', width=5, precision=None, bits=32)
"""

from __future__ import annotations

import re

from seismo.base.dataclass import dataclass
from seismo.base.enum import Enum
from seismo.base.errors import BpfError

__all__ = ("STAR", "Accepts", "Conversion", "PrintfError", "parse_format")

STAR = -1
"""The width or precision that an argument gives: `*`."""

WIDEST = 0xFFFF
"""No width or precision may be larger: a script must not make one event eat all memory."""

_CONVERSION = re.compile(
    r"""%(?P<flags>-?\+?[ ]?\#?0?)
        (?P<width>\*|\d+)?
        (?:\.(?P<precision>\*|\d+))?
        (?P<length>[hlLjzt]*)
        (?P<kind>gr|rh|rx|r|[diouxXeEfFgGaAcspn%])""",
    re.ASCII | re.VERBOSE,
)
_LENGTH_BITS = {"": 32, "hh": 8, "h": 16, "l": 64, "ll": 64, "j": 64, "z": 64, "t": 64}


class PrintfError(BpfError):
    """A conversion that cannot be used: characters `start` to `end` of the format."""

    def __init__(self, message: str, hint: str, start: int, end: int) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.start = start
        self.end = end


class Accepts(Enum):
    """What may be given for an argument; the value names it in messages."""

    ANY = "any value"
    NUMBER = "an integer, a bool or a pointer"
    BYTES = "a buffer or an array of integers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """One conversion: `text[start:end]` of the format, for example `%-#*llx`.

    `kind` is its letter (or `r rx rh gr`), `bits` how many low bits of an integer are shown.
    """

    kind: str
    start: int
    end: int
    flags: str = ""
    width: int | None = None
    precision: int | None = None
    bits: int = 32

    @property
    def accepts(self) -> tuple[Accepts, ...]:
        """What each of its arguments may be, in order: `*` width, `*` precision, the value."""
        if self.kind == "%":
            return ()
        stars = (self.width, self.precision).count(STAR)
        return (*[Accepts.NUMBER] * stars, _ACCEPTS.get(self.kind, Accepts.NUMBER))

    @property
    def arguments(self) -> int:
        """How many arguments it takes: none for `%%`, one more for every `*`."""
        return len(self.accepts)


_ACCEPTS = {
    "s": Accepts.ANY,
    "r": Accepts.BYTES,
    "rx": Accepts.BYTES,
    "rh": Accepts.BYTES,
}


def parse_format(text: str) -> tuple[Conversion, ...]:
    """The conversions of a format in order, `%%` included; PrintfError for an unusable one."""
    return tuple(_conversion(match) for match in _CONVERSION.finditer(text))


def _conversion(match: re.Match[str]) -> Conversion:
    kind, length = match["kind"], match["length"]
    if kind in "eEfFgGaA":
        raise _error(match, "prints floating point, which scripts do not have", "use %d or %s")
    if kind == "n":
        raise _error(match, "is not supported: nothing is stored by printf()", "remove it")
    if kind in "diouxX" and length not in _LENGTH_BITS:
        known = " ".join(filter(None, _LENGTH_BITS))
        raise _error(match, f"has the unknown length '{length}'", f"lengths are {known}")
    return Conversion(
        kind=kind,
        start=match.start(),
        end=match.end(),
        flags=match["flags"],
        width=_amount(match, "width"),
        precision=_amount(match, "precision"),
        bits=_LENGTH_BITS.get(length, 64),
    )


def _amount(match: re.Match[str], group: str) -> int | None:
    digits = match[group]
    if digits is None or digits == "*":
        return STAR if digits else None
    if len(digits) > len(str(WIDEST)) or int(digits) > WIDEST:
        raise _error(match, f"has the {group} {digits}", f"the largest is {WIDEST}")
    return int(digits)


def _error(match: re.Match[str], what: str, hint: str) -> PrintfError:
    return PrintfError(f"{match[0]} {what}", hint, match.start(), match.end())
