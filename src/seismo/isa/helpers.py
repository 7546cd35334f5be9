"""The kernel's helpers: numbers, names, prototypes, and the version that added each.

Names go without their `bpf_`.

>>> helper_id("map_lookup_elem")
1
>>> print(helper("ringbuf_output"))
long bpf_ringbuf_output(void *ringbuf, void *data, u64 size, u64 flags)
"""

from __future__ import annotations

from seismo.base.dataclass import dataclass
from seismo.base.diagnostics import did_you_mean
from seismo.isa.errors import NotFound
from seismo.isa.helper_table import TABLE

__all__ = ("HelperSig", "helper", "helper_id", "helper_name")

_IDS = {row[0]: number for number, row in enumerate(TABLE) if number}


@dataclass(frozen=True, slots=True, kw_only=True)
class HelperSig:
    """One helper: C types as linux/bpf.h states them; `since` is a Linux (major, minor)."""

    id: int
    name: str
    args: tuple[str, ...]
    returns: str
    since: tuple[int, int]

    def __str__(self) -> str:
        space = "" if self.returns.endswith("*") else " "
        return f"{self.returns}{space}bpf_{self.name}({', '.join(self.args) or 'void'})"


def helper_id(name: str) -> int:
    """The number of a helper; raises NotFound with the nearest name."""
    try:
        return _IDS[name]
    except KeyError:
        longer = [one for one in _IDS if name and one.startswith(name)]
        hint = f"did you mean '{longer[0]}'?" if longer else did_you_mean(name, _IDS)
        raise NotFound(f"no helper is called '{name}'", hint) from None


def helper_name(number: int) -> str:
    """The name of a helper; raises NotFound when the number is none."""
    if not 0 < number < len(TABLE):
        raise NotFound(f"no helper has the number {number}")
    return TABLE[number][0]


def helper(name: str) -> HelperSig:
    """All that is known of a helper; raises NotFound with the nearest name."""
    number = helper_id(name)
    _, returns, args, since = TABLE[number]
    return HelperSig(id=number, name=name, args=args, returns=returns, since=since)
