"""`seismo gen-header`: the types that an object file shares with user space, as a C header."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Mapping, Sequence

from seismo.base.dataclass import replace
from seismo.btf.cheader import header
from seismo.btf.cprint import CPrinter
from seismo.btf.layout import MAX_DEPTH
from seismo.btf.spec import Btf
from seismo.btf.types import Array, Const, Type, Void, Volatile
from seismo.btf.write import write
from seismo.core.subset import subset
from seismo.objfile.model import ObjectFile, Variable
from seismo.ui.cli.object_file import read_object_file
from seismo.ui.cli.parser import parser_for
from seismo.ui.cli.target import open_output

__all__ = ("gen_header_parser", "header_of", "run_gen_header")

_EXAMPLES = """examples:
  seismo gen-header tool.bpf.o -o tool.h
  seismo gen-header tool.bpf.o -t event     its own struct event, too
"""
_DESCRIPTION = """\
Write a C header of what an object file shares with programs in user space: the types of its maps'
keys and values, and a struct for each section of global variables."""


def run_gen_header(arguments: Sequence[str]) -> int:
    """Write the header; the exit status."""
    given = gen_header_parser().parse_args(list(arguments))
    text = header_of(read_object_file(given.file), given.types)
    with open_output(given.output) as output:
        output.write(text.encode())
    return 0


def gen_header_parser() -> argparse.ArgumentParser:
    """What reads the command line of `seismo gen-header`."""
    parser = parser_for("seismo gen-header", _DESCRIPTION, _EXAMPLES)
    add = parser.add_argument
    add("file", metavar="FILE", help="an object file with types (-g)")
    add("-o", "--output", default="", metavar="FILE", help="write to FILE")
    text = "another type of the object's, such as that of its events (may be given often)"
    add("-t", "--type", dest="types", action="append", default=[], metavar="NAME", help=text)
    return parser


def header_of(obj: ObjectFile, names: Sequence[str] = ()) -> str:
    """The header's text; `names` are types to have in it beside those of maps and variables.

    Raises BtfNotFound with a near name, BtfError for types that C cannot declare.
    """
    stem = _identifier(obj.name.rpartition("/")[2].removesuffix(".o").removesuffix(".bpf"))
    guard = f"__{stem.upper()}_BPF_H__"
    maps = [id for one in obj.maps if not one.section for id in (one.key_type, one.value_type)]
    named = [obj.btf.find(one.split()[-1]) for one in names]
    roots = {*maps, *named, *(one.type for one in obj.variables)} - {0}
    kept = subset(obj.btf, roots)
    types = [*kept.types]
    settable = {one.type: _settable(types, kept.ids[one.type]) for one in obj.variables}
    btf = Btf(write(types))
    sections = [_section(btf, stem, *one, settable) for one in _by_map(obj)]
    parts = [f"#ifndef {guard}\n#define {guard}\n", header(btf), *sections, f"#endif /* {guard} */"]
    return "\n".join(parts) + "\n"


def _by_map(obj: ObjectFile) -> Iterator[tuple[str, list[Variable]]]:
    """Section and variables of each map of global data."""
    for one in obj.maps:
        found = [variable for variable in obj.variables if variable.map == one.name]
        if found:
            yield one.section, sorted(found, key=lambda variable: variable.offset)


def _section(
    btf: Btf, stem: str, section: str, variables: Sequence[Variable], types: Mapping[int, int]
) -> str:
    """The section as a struct: its variables where they are, and what lies between them."""
    printer, taken = CPrinter(btf), set[str]()
    lines, end = [f"struct {stem}_{_identifier(section)} {{"], 0
    for number, one in enumerate(variables):
        if one.offset > end:
            lines.append(f"\tchar __pad{number}[{one.offset - end}];")
        # Files that were linked may each have a static variable of the name.
        name = _identifier(one.name)
        name = f"{name}_{one.offset}" if name in taken else name
        taken.add(name)
        declared = printer.declare(types[one.type], name, level=1)
        lines.append(f"\t{declared}; /* {one.offset}, {one.size} bytes */")
        end = one.offset + one.size
    return "\n".join([*lines, "} __attribute__((packed));", ""])


def _identifier(text: str) -> str:
    return re.sub(r"\W", "_", text)


def _settable(types: list[Type], id: int, depth: int = 0) -> int:
    """The type without `const` and `volatile`, for user space sets it before loading; that of an
    array of such things is added to `types`."""
    type_ = types[id - 1] if id else Void()
    if depth == MAX_DEPTH or not isinstance(type_, Const | Volatile | Array):
        return id
    bare = _settable(types, type_.type, depth + 1)
    if not isinstance(type_, Array):
        return bare
    if bare == type_.type:
        return id
    types.append(replace(type_, type=bare))
    return len(types)
