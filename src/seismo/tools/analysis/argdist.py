"""`argdist`: which values an expression has, and how often: as a table, or as a histogram."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from seismo.base.dataclass import dataclass
from seismo.tools.analysis.expressions import names_of, split_top, translated
from seismo.tools.analysis.places import Place, place_name, place_of
from seismo.tools.tool import Area, Column, Histograms, Option, Report, Table, Tool

__all__ = ("TOOL", "Distribution", "distribution")

_LATENCY, _ENTRY = "$latency", "$entry("
_NUMBERS = {
    "char": "int8",
    "s8": "int8",
    "short": "int16",
    "s16": "int16",
    "int": "int32",
    "s32": "int32",
    "u8": "uint8",
    "u16": "uint16",
    "u32": "uint32",
    "unsigned int": "uint32",
}
"""Types that a register is wider than: their values are cut, with their signs."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """A place, the expressions there with their types, and what must be true; the `headings` are
    the expressions as they were given."""

    place: Place
    types: tuple[str, ...]
    expressions: tuple[str, ...]
    headings: tuple[str, ...]
    filter: str
    label: str

    def probes(self, number: int, *, is_histogram: bool) -> str:
        """The probes of a script that fill the map `@d<number>`."""
        entries = self._entries(number)
        kept = f"{{}}[tid, @depth{number}[tid]]"
        values = [_with_kept(one, entries, kept) for one in self.values]
        test = _with_kept(self.filter, entries, kept) if self.filter else ""
        map_ = f"@d{number}"
        what = (
            f"{map_} = hist({values[0]});"
            if is_histogram
            else f"{map_}[{', '.join(values)}] = count();"
        )
        if not entries:
            return f"{self.place.probe}{f' /{test}/' if test else ''} {{ {what} }}\n"
        # A function may call itself: each return is of the innermost call.
        depth, names = f"@depth{number}", entries.values()
        saved = "".join(f" {name}[tid, {depth}[tid]] = {value};" for value, name in entries.items())
        gone = "".join(f" delete({name}, (tid, {depth}[tid]));" for name in names)
        back = f"if ({depth}[tid] == 1) {{ delete({depth}, tid); }} else {{ {depth}[tid]--; }}"
        body = f"if ({test}) {{ {what} }}" if test else what
        return (
            f"{self.place.entry} {{ {depth}[tid]++;{saved} }}\n"
            f"{self.place.exit} /has_key({depth}, tid)/ {{ {body}{gone} {back} }}\n"
            f"END {{ {''.join(f'clear({name}); ' for name in (depth, *names))}}}\n"
        )

    @property
    def values(self) -> tuple[str, ...]:
        """The expressions as a script has them; a string is read where its pointer points to."""
        if not self.expressions:
            return ("probe",)
        return tuple(map(_of_type, self.types, self.expressions))

    def _entries(self, number: int) -> dict[str, str]:
        """What must be known of the call when it returns, and the map that keeps it."""
        wanted: dict[str, str] = {}
        for text in (*self.expressions, self.filter):
            if _LATENCY in text:
                wanted.setdefault("nsecs", f"@e{number}_{len(wanted)}")
            for part in text.split(_ENTRY)[1:]:
                wanted.setdefault(part[: _closing(part)], f"@e{number}_{len(wanted)}")
        return wanted


def distribution(text: str) -> Distribution:
    """What `PLACE[(SIGNATURE)][:TYPES:EXPRESSIONS[:FILTER]][#LABEL]` means."""
    text, _, label = text.partition("#")
    parts = split_top(text.strip(), ":")
    count = 3 if parts[0] in ("p", "r", "t", "u", "") else 2 if len(parts) in (2, 4, 5) else 1
    place, rest = ":".join(parts[:count]), parts[count:]
    signature = ""
    if "(" in place:
        place, _, inside = place.partition("(")
        signature = f"({inside}"
    names = names_of(signature) if signature else {}
    if len(rest) not in (0, 2, 3):
        form = "PLACE[(SIGNATURE)][:TYPES:EXPRESSIONS[:FILTER]][#LABEL]"
        raise argparse.ArgumentTypeError(f"cannot read '{text}': it is to be {form}")
    if not rest and parts[0] == "r":
        rest = ["", "$retval"]  # what a return is about, unless more is said
    types = tuple(one.strip() for one in split_top(rest[0], ",")) if rest else ()
    given = tuple(one.strip() for one in split_top(rest[1], ",")) if rest else ()
    expressions = tuple(translated(one, names) for one in given)
    if len(types) != len(expressions):
        raise argparse.ArgumentTypeError(
            f"'{text}' has {len(types)} types for {len(expressions)} expressions"
        )
    filter_ = translated(rest[2], names) if len(rest) == 3 else ""
    headings = tuple(one.replace("$", "") for one in given) or ("place",)
    label = label or text.strip()
    return Distribution(place_of(place), types, expressions, headings, filter_, label)


def _of_type(type_: str, expression: str) -> str:
    """The expression as a value of the type; a `char *` is the string that it points to."""
    if type_.replace(" ", "") in ("char*", "constchar*"):
        return f"str({expression})"
    name = _NUMBERS.get(type_)
    return f"({name})({expression})" if name else expression


def _with_kept(text: str, entries: Mapping[str, str], kept: str) -> str:
    """The expression with what is `kept` of the call, by the map that it is in."""
    for value, name in entries.items():
        text = text.replace(f"{_ENTRY}{value})", kept.format(name))
    return text.replace(_LATENCY, f"(nsecs - {kept.format(entries.get('nsecs', ''))})")


def _closing(text: str) -> int:
    """Where the parenthesis closes that was opened before the text."""
    depth = 1
    for at, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if not depth:
            return at
    raise argparse.ArgumentTypeError(f"$entry({text} has no closing parenthesis")


def _wanted(given: Mapping[str, Any]) -> list[tuple[Distribution, bool]]:
    return [
        *((one, False) for one in given.get("counts") or ()),
        *((one, True) for one in given.get("histograms") or ()),
    ]


def _make(given: Mapping[str, Any]) -> tuple[str, ...]:
    wanted = _wanted(given)
    if not wanted:
        raise argparse.ArgumentTypeError("nothing to count: give -C or -H")
    return (
        "".join(
            one.probes(number, is_histogram=is_histogram)
            for number, (one, is_histogram) in enumerate(wanted)
        ),
    )


def _reports(given: Mapping[str, Any]) -> tuple[Report, ...]:
    return tuple(
        Histograms(f"@d{number}", one.label)
        if is_histogram
        else Table(_columns(one), ((f"@d{number}", Column("count")),))
        for number, (one, is_histogram) in enumerate(_wanted(given))
    )


def _columns(one: Distribution) -> tuple[Column, ...]:
    show = None if one.expressions else place_name
    return tuple(Column(name, show) for name in one.headings)


TOOL = Tool(
    name="argdist",
    area=Area.ANALYSIS,
    summary="Count or plot the values of arguments and return values.",
    about="""A specifier is 'PLACE[(SIGNATURE)][:TYPES:EXPRESSIONS[:FILTER]][#LABEL]', as BCC's
argdist has it: 'p:c:write(int fd):int:fd' counts by descriptor, 'r:c:read():int:$retval:$retval>0'
what read returned. $entry(x) in a return's expression is x when the function was called, $latency
the time since then in ns. Without an expression a return is about $retval, and calls are counted. A
type `char*` reads the string.""",
    kernel="Linux 5.8; kernel functions need kprobes (CONFIG_KPROBES) or BPF trampolines.",
    user_engine=True,
    reports=(Table((Column("place"),), (("@d0", Column("count")),)), Histograms("@d0", "")),
    reports_of=_reports,
    options=(
        Option("counts", "count each value", "-C", "SPECIFIER", type=distribution, is_many=True),
        Option(
            "histograms", "histogram of values", "-H", "SPECIFIER", type=distribution, is_many=True
        ),
    ),
    make=_make,
    usual={"counts": [distribution("t:sched:sched_switch:int:args->prev_prio")]},
    example="""examples:
  seismo argdist -C 'p:c:write(int fd):int:fd' -c 'ls /'
  seismo argdist -H 'r:c:malloc(size_t size):u64:$latency:$entry(size)>1024' -p 1234 -i 1
  seismo argdist -C 't:syscalls:sys_enter_openat:char*:args->filename' -c 'cat /etc/hostname'
  seismo argdist -H 't:syscalls:sys_exit_read:int:args->ret:args->ret>0#bytes' --duration 5
""",
)
