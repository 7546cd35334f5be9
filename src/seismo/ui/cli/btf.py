"""`seismo btf`: types of kernels, modules and files."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from typing import Any

from seismo.btf.cheader import header
from seismo.btf.cprint import definition
from seismo.btf.listing import line, listed
from seismo.btf.spec import Btf
from seismo.core.minimise import minimised
from seismo.facts import LiveFacts
from seismo.kernel.live import LiveKernel
from seismo.kernel.object_ids import Kind
from seismo.kernel.protocol import Kernel
from seismo.objects.inventory import BtfRecord, btf_record, btfs
from seismo.objfile.resolve import FactTypes
from seismo.output.table import Cell
from seismo.ui.cli.btf_source import SOURCES, open_source
from seismo.ui.cli.object_file import read_object_file
from seismo.ui.cli.parser import add_verb, parser_for, run_verb
from seismo.ui.cli.stock import Around, Stock, add_stock_verbs
from seismo.ui.cli.target import open_output

__all__ = ("btf_parser", "run_btf")

_EXAMPLES = """examples:
  seismo btf dump > vmlinux.h             the kernel's types as a C header
  seismo btf dump -t task_struct          one type, with where its members lie
  seismo btf dump xfs -f raw              a module's types, a line each
  seismo btf dump file prog.bpf.o -f json
  seismo btf list                         type information that the kernel holds
  seismo btf min prog.bpf.o -o prog.btf   what --btf needs where the kernel has no types
"""

_GUARD = "__VMLINUX_H__"


def run_btf(arguments: Sequence[str]) -> int:
    """Do what the command line says; the exit status."""
    return run_verb(btf_parser(), arguments)


def btf_parser() -> argparse.ArgumentParser:
    """What reads the command line of `seismo btf`."""
    parser = parser_for("seismo btf", "Types of kernels, modules and files.", _EXAMPLES)
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    add_stock_verbs(verbs, _STOCK)
    dump = add_verb(verbs, "dump", "types as C, as JSON or a line each", _dump)
    dump.add_argument("source", nargs="*", metavar="SOURCE", help=SOURCES)
    dump.add_argument("-f", dest="format", choices=("c", "json", "raw"), default="c")
    dump.add_argument(
        *("-t", "--type"),
        dest="names",
        action="append",
        default=[],
        metavar="NAME",
        help="only types of this name, C with offsets",
    )
    dump.add_argument("-B", "--base", default="", metavar="FILE", help="what split BTF continues")
    dump.add_argument("-o", "--output", default="", metavar="FILE", help="write to FILE")
    least = add_verb(verbs, "min", "only the types that objects ask a kernel for", _min)
    least.add_argument("objects", nargs="+", metavar="OBJECT", help="object files")
    text = "the kernel's types to take them from (the running kernel's)"
    least.add_argument("--btf", default="", metavar="FILE", help=text)
    text = "write to FILE, for --btf of what runs the objects"
    least.add_argument("-o", "--output", required=True, metavar="FILE", help=text)
    return parser


def _dump(given: argparse.Namespace) -> int:
    btf = open_source(given.source, given.base)
    ids = _wanted(btf, given.names)
    with open_output(given.output) as file:
        for text in _FORMS[given.format](btf, ids, bool(given.names)):
            file.write(text.encode(errors="backslashreplace"))
    return 0


def _wanted(btf: Btf, names: Sequence[str]) -> Sequence[int]:
    """The ids of the types with these names, `struct x` or `x`; without any, of all that are the
    source's own. Raises BtfNotFound, with a near name."""
    if not names:
        return [one for one in btf.ids if one]
    found = [btf.find_all(last) or (btf.find(last),) for one in names if (last := one.split()[-1])]
    return [id for ids in found for id in ids]


def _as_c(btf: Btf, ids: Sequence[int], is_some: bool) -> Iterator[str]:
    if is_some:
        yield "\n".join([definition(btf, one, offsets=True) + "\n" for one in ids])
    else:
        yield f"#ifndef {_GUARD}\n#define {_GUARD}\n\n{header(btf)}\n#endif /* {_GUARD} */\n"


def _as_lines(btf: Btf, ids: Sequence[int], is_some: bool) -> Iterator[str]:
    return (f"{line(btf, one)}\n" for one in ids)


def _as_json(btf: Btf, ids: Sequence[int], is_some: bool) -> Iterator[str]:
    """One object, as bpftool has it, a type a line."""
    yield '{"types":['
    for index, id in enumerate(ids):
        yield (",\n" if index else "\n") + json.dumps(listed(id, btf.type(id)))
    yield "\n]}\n"


_FORMS = {"c": _as_c, "json": _as_json, "raw": _as_lines}


def _min(given: argparse.Namespace) -> int:
    """Write BTF for a kernel without any: what relocations find in it is as in the whole."""
    files = [read_object_file(path) for path in given.objects]
    wanted = [
        (one.btf, [relo for each in one.functions for relo in each.core_relos]) for one in files
    ]
    blob = minimised(FactTypes(LiveFacts(LiveKernel(), given.btf)), wanted)
    with open_output(given.output) as file:
        file.write(blob)
    return 0


def _row(one: BtfRecord, around: Around) -> tuple[Cell, ...]:
    return (one.id, one.name or "-", one.size, around.names(one.id))


def _facts(one: BtfRecord, around: Around) -> Iterator[str]:
    name = f"  name [{one.name}]" if one.is_kernel else ""
    yield f"{one.id}:{name}  size {one.size}B"


def _json_record(one: BtfRecord, around: Around) -> dict[str, Any]:
    """The names are bpftool's."""
    return {
        "id": one.id,
        "size": one.size,
        "kernel": one.is_kernel,
        **({"name": one.name} if one.name else {}),
        "pids": [{"pid": who.pid, "comm": who.name} for who in around.held(one.id)],
    }


def _find(kernel: Kernel, how: str, value: str) -> tuple[int, ...]:
    return (btf_record(kernel, int(value)).id,)


_STOCK = Stock(
    kind=Kind.BTF,
    words="type information",
    all=btfs,
    one=btf_record,
    find=_find,
    ways=("id",),
    headings=("ID", "NAME", "BYTES", "HELD BY"),
    row=_row,
    facts=_facts,
    json=_json_record,
)
