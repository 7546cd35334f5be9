"""`trace`: a line for each time that something happens, with what you want to know of it."""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping, Sequence
from typing import Any

from seismo.base.dataclass import dataclass
from seismo.events.printf import PrintfError, parse_format
from seismo.tools.analysis.expressions import names_of, split_top, translated
from seismo.tools.analysis.places import Place, place_name, place_of
from seismo.tools.tool import Area, Column, Option, Rows, Tool, natural

__all__ = ("TOOL", "Specifier", "specifier")

_SPECIFIER = re.compile(
    r"""\s* (?P<place>[^\s("]+) (?P<signature>\([^)]*\))?
        \s* (?P<filter>\(.*?\))?
        \s* (?: "(?P<format>(?:[^"\\]|\\.)*)" \s* (?:,(?P<values>.*))? )? \s*""",
    re.VERBOSE | re.DOTALL,
)
_SYMBOLS = {"%K": "ksym", "%U": "usym"}
_IS_STRING = re.compile(r"(comm|probe|func|username|str\(.*\)|ksym\(.*\)|usym\(.*\)|\".*\")$")


@dataclass(frozen=True, slots=True)
class Specifier:
    """A place, what must be true there, and what is printed: a format and its values."""

    place: Place
    filter: str
    format: str
    values: tuple[str, ...]

    def block(self, stacks: Sequence[str], most: int, *, reads_strings: bool) -> str:
        """The probe of a script; `reads_strings`: what is printed by %s is where a string is."""
        values = self._read() if reads_strings else self.values
        target = place_name(self.place.probe)
        name = "probe" if "*" in target else f'"{target}"'
        format_ = self.format + "%s" * len(stacks)
        row = ", ".join(["pid", "tid", "comm", name, *values, *stacks])
        print_ = f'printf("%-7d %-7d %-15s %-16s {format_}\\n", {row});'
        if most:
            print_ = f"if (@events < {most}) {{ @events++; {print_} }} else {{ exit(); }}"
        test = f" /{self.filter}/" if self.filter else ""
        return f"{self.place.probe}{test} {{ {print_} }}\n"

    def _read(self) -> tuple[str, ...]:
        conversions = [one for one in parse_format(self.format) if one.kind != "%"]
        return tuple(
            f"str({value})" if one.kind == "s" and not _IS_STRING.match(value) else value
            for one, value in zip(conversions, self.values, strict=True)
        )


def specifier(text: str) -> Specifier:
    """What a specifier means; ArgumentTypeError where it means nothing."""
    match = _SPECIFIER.fullmatch(text)
    if match is None:
        form = "'PLACE [(FILTER)] [\"FORMAT\", VALUES]'"
        raise argparse.ArgumentTypeError(f"cannot read '{text}': it is to be {form}")
    names = names_of(match["signature"]) if match["signature"] else {}
    format_, given = match["format"] or "", match["values"]
    values = [translated(one.strip(), names) for one in split_top(given, ",")] if given else []
    for at, symbol in enumerate(re.findall(r"%[-0-9.#lhz]*[a-zA-Z]", format_)):
        if symbol in _SYMBOLS and at < len(values):
            values[at] = f"{_SYMBOLS[symbol]}({values[at]})"
    format_ = re.sub("%[KU]", "%s", format_)
    try:
        wanted = sum(one.arguments for one in parse_format(format_))
    except PrintfError as error:
        raise argparse.ArgumentTypeError(f"{error.message}: {error.hint}") from error
    if wanted != len(values):
        raise argparse.ArgumentTypeError(
            f'"{format_}" takes {wanted} values, and there are {len(values)}'
        )
    filter_ = translated((match["filter"] or "").strip()[1:-1], names)
    return Specifier(place_of(match["place"]), filter_, format_, tuple(values))


def _make(given: Mapping[str, Any]) -> tuple[str, ...]:
    """First as if every %s was of a pointer to a string, then as it was written."""
    stacks = [name for name in ("kstack", "ustack") if given.get(name)]
    most = given.get("most") or 0
    end = "END { clear(@events); }\n" if most else ""
    return tuple(
        "".join(one.block(stacks, most, reads_strings=reads) for one in given["specifiers"]) + end
        for reads in (True, False)
    )


TOOL = Tool(
    name="trace",
    area=Area.ANALYSIS,
    summary="Print a line whenever something happens, with the arguments you choose.",
    about="""A specifier is a place, perhaps a filter in parentheses, perhaps a format and its
values: 'PLACE [(FILTER)] ["FORMAT", VALUES]'. Values are expressions of the tracing language, as
BCC's trace writes them: `arg1` is a function's first argument, `retval` what it returned,
`args->name` a tracepoint's, `$pid $tgid $uid $gid $cpu $task` what the names say,
`STRCMP("x", arg1)` compares. A place may name its parameters: 'p::vfs_read(struct file *file)'. %s
reads the string that a pointer points to, %K and %U name the function that an address is in.""",
    kernel="Linux 5.8; kernel functions need kprobes (CONFIG_KPROBES) or BPF trampolines.",
    user_engine=True,
    rows=Rows(
        (*map(Column, ("pid", "tid", "comm", "place")), Column("message", is_rest=True)),
    ),
    options=(
        Option(
            "specifiers",
            "what to trace, and what to print",
            metavar="SPECIFIER",
            type=specifier,
            is_positional=True,
            is_required=True,
            is_many=True,
        ),
        Option("kstack", "with the kernel's stack", "-K"),
        Option("ustack", "with the user's stack", "-U"),
        Option("most", "end after so many lines", "-M", "N", type=natural),
    ),
    make=_make,
    usual={"specifiers": [specifier('t:sched:sched_process_exec "%s", args->filename')]},
    example="""examples:
  seismo trace 't:syscalls:sys_enter_openat "%s", args->filename' -c 'cat /etc/hostname'
  seismo trace 'r:bash:readline "%s", retval'
  seismo trace 'vfs_read (arg3 > 4096) "%d bytes", arg3' -p 1234 -M 10
  seismo trace 'c:malloc "%lu", arg1' 'r:c:malloc "%lx", retval' -c 'ls /'
""",
)
