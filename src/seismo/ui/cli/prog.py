"""`seismo prog`: the programs that are in the kernel, anybody's."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from seismo.kernel.live import LiveKernel
from seismo.kernel.object_ids import Kind
from seismo.objects.dump import JitedFunction, jited, xlated
from seismo.objects.find import find_programs
from seismo.objects.inventory import ProgramRecord, program_record, programs
from seismo.output.table import Cell
from seismo.ui.cli.parser import add_verb, parser_for, run_verb
from seismo.ui.cli.stock import Around, Stock, add_stock_verbs, add_which, selected
from seismo.ui.cli.when import local_time

__all__ = ("prog_parser", "run_prog")

_EXAMPLES = """examples:
  seismo prog list                  every program, where it is attached, who holds it
  seismo prog show name on_exec     all that the kernel tells of one
  seismo prog dump 42               its instructions after verification, with source lines
  seismo prog dump tag 3b185187f1855c4c --jited
"""

_INSN_BYTES = 8
_ROW = 16


def run_prog(arguments: Sequence[str]) -> int:
    """Do what the command line says; the exit status."""
    return run_verb(prog_parser(), arguments)


def prog_parser() -> argparse.ArgumentParser:
    """What reads the command line of `seismo prog`."""
    parser = parser_for("seismo prog", "Programs that are in the kernel.", _EXAMPLES)
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    add_stock_verbs(verbs, _STOCK)
    dump = add_verb(
        verbs, "dump", "a program's instructions, as verified or as machine code", _dump
    )
    add_which(dump, _STOCK.ways, is_needed=True)
    dump.add_argument("--jited", action="store_true", help="machine code, in hexadecimal")
    return parser


def _row(one: ProgramRecord, around: Around) -> tuple[Cell, ...]:
    return (
        one.id,
        one.type_name,
        one.name,
        ", ".join(around.places(one.id)) or "-",
        ",".join(map(str, one.map_ids)) or "-",
        one.xlated_bytes // _INSN_BYTES,
        local_time(one.loaded_ns),
        one.uid,
        around.names(one.id),
    )


def _facts(one: ProgramRecord, around: Around) -> Iterator[str]:
    """A line of what it is, and one for each sort of facts."""
    name = f"  name {one.name}" if one.name else ""
    yield f"{one.id}: {one.type_name}{name}  tag {one.tag}{'  gpl' if one.is_gpl else ''}"
    yield f"loaded_at {local_time(one.loaded_ns)}  uid {one.uid}"
    code = f"jited {one.jited_bytes}B" if one.jited_bytes else "not jited"
    maps = f"  map_ids {','.join(map(str, one.map_ids))}" if one.map_ids else ""
    yield f"xlated {one.xlated_bytes}B  {code}  memlock {one.memlock}B{maps}"
    if one.btf_id:
        yield f"btf_id {one.btf_id}"
    if one.run_count:
        yield f"run_cnt {one.run_count}  run_time_ns {one.run_time_ns}"
    if one.recursion_misses:
        yield f"recursion_misses {one.recursion_misses}"
    if places := around.places(one.id):
        yield f"attached {', '.join(places)}"


def _json(one: ProgramRecord, around: Around) -> dict[str, Any]:
    """The names are bpftool's, where it has the fact, too."""
    runs = {"run_time_ns": one.run_time_ns, "run_cnt": one.run_count} if one.run_count else {}
    types = {"btf_id": one.btf_id} if one.btf_id else {}
    return {
        "id": one.id,
        "type": one.type_name,
        "name": one.name,
        "tag": one.tag,
        "gpl_compatible": one.is_gpl,
        **runs,
        "recursion_misses": one.recursion_misses,
        "loaded_at": one.loaded_ns // 1_000_000_000,
        "uid": one.uid,
        "bytes_xlated": one.xlated_bytes,
        "jited": one.jited_bytes > 0,
        "bytes_jited": one.jited_bytes,
        "bytes_memlock": one.memlock,
        "verified_insns": one.verified_insns,
        "map_ids": list(one.map_ids),
        **types,
        "attached": list(around.places(one.id)),
        "pids": [{"pid": who.pid, "comm": who.name} for who in around.held(one.id)],
    }


def _dump(given: argparse.Namespace) -> int:
    kernel = LiveKernel()
    for number in selected(kernel, given.words, _STOCK):
        if given.jited:
            for function in jited(kernel, number):
                sys.stdout.write("".join(_hexadecimal(function)))
        else:
            sys.stdout.write("".join([f"{line}\n" for line in xlated(kernel, number).listing()]))
    return 0


def _hexadecimal(function: JitedFunction) -> Iterator[str]:
    yield f"{function.name}: at {function.address:#x}, {len(function.code)} bytes\n"
    for at in range(0, len(function.code), _ROW):
        yield f"{at:6x}: {function.code[at : at + _ROW].hex(' ')}\n"


_STOCK = Stock(
    kind=Kind.PROGRAM,
    words="programs",
    all=programs,
    one=program_record,
    find=find_programs,
    ways=("id", "name", "tag", "pinned"),
    headings=("ID", "TYPE", "NAME", "ATTACHED", "MAPS", "INSNS", "LOADED", "UID", "HELD BY"),
    row=_row,
    facts=_facts,
    json=_json,
)
