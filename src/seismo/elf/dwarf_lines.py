"""`LineTable`: where the code of a source line is.

A line has an address in each function that has it, and in each inlined copy of such a function: the
first statement of the line there. A line without code (a comment, a brace) means the next line of
the file that has some, as debuggers have it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cached_property

from seismo.base.dataclass import dataclass
from seismo.base.diagnostics import did_you_mean
from seismo.elf.dwarf_errors import LineNotFound
from seismo.elf.dwarf_file import DwarfFile, ranges, text
from seismo.elf.dwarf_package import DIE, CompileUnit, LineProgram

__all__ = ("LineTable", "SourceLine")

_V5 = 5


@dataclass(frozen=True, slots=True)
class SourceLine:
    """Where the code of a line is; `line` is a later one than was asked for if that has none."""

    path: str
    line: int
    addresses: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Statement:
    """A row of a line table that begins a statement; rows of one `run` follow one another."""

    path: str
    line: int
    column: int
    address: int
    run: int
    unit: CompileUnit


@dataclass(frozen=True, slots=True)
class _Program:
    """The line table of a unit, and the source files that it numbers."""

    unit: CompileUnit
    rows: LineProgram
    paths: tuple[str, ...]


class LineTable:
    """The line tables of all units of a file."""

    def __init__(self, file: DwarfFile) -> None:
        self._file = file

    def find(self, name: str, line: int, column: int = 0) -> SourceLine:
        """The code of `line` of the source files whose path ends in `name`, `column` 0 for any.

        The addresses are sorted. Raises `LineNotFound`.
        """
        where = f"{name}:{line}"
        found = [one for one in self._statements(name) if self._file.is_code(one.address)]
        if not found:
            known = {os.path.basename(path) for one in self._programs for path in one.paths}
            hint = did_you_mean(os.path.basename(name), sorted(known))
            raise LineNotFound(where, f"{self._file.path} has no code of this file", hint)
        lines = {one.line for one in found}
        if line > max(lines):
            hint = f"its last line with code is {max(lines)}"
            raise LineNotFound(where, "the file has no code from this line on", hint)
        chosen = line if line in lines else min([one for one in lines if one > line])
        at_line = [one for one in found if one.line == chosen]
        if column and chosen == line:
            columns = sorted({one.column for one in at_line})
            at_line = [one for one in at_line if one.column == column]
            if not at_line:
                hint = f"statements of this line begin at {', '.join(map(str, columns))}"
                raise LineNotFound(f"{where}:{column}", "no statement begins there", hint)
        return SourceLine(at_line[0].path, chosen, self._firsts(at_line))

    def _firsts(self, statements: list[_Statement]) -> tuple[int, ...]:
        """The first address in each function and inlined copy.

        Where a function is in parts, the part that it begins in comes first: the other one, of
        code that is seldom run, may well have the lower addresses.
        """
        firsts: dict[tuple[int, int, int], tuple[int, int]] = {}
        for one in statements:
            part = 0
            # Without a function (assembly, split units), a run of rows is the best there is.
            key = (one.unit.cu_offset, 0, one.run)
            for function in self._file.functions_at(one.unit, one.address):
                block = _innermost(function, one.address)
                spans = ranges(block)
                part = [one.address in span for span in spans].index(True)
                key = (one.unit.cu_offset, block.offset, 0)
            place = (part, one.address)
            firsts[key] = min(firsts.get(key, place), place)
        return tuple(sorted({address for _, address in firsts.values()}))

    def _statements(self, name: str) -> Iterator[_Statement]:
        """All statements of the files that are meant by `name`."""
        wanted = os.path.normpath(name)
        run = 0
        for program in self._programs:
            is_wanted = [path == wanted or path.endswith(f"/{wanted}") for path in program.paths]
            if not any(is_wanted):
                continue
            previous = (0, 0)
            for entry in program.rows.get_entries():
                row = entry.state
                if row is None:
                    continue
                run += (row.file, row.line) != previous
                previous = (0, 0) if row.end_sequence else (row.file, row.line)
                if row.is_stmt and row.line and not row.end_sequence and is_wanted[row.file]:
                    path = program.paths[row.file]
                    yield _Statement(path, row.line, row.column, row.address, run, program.unit)

    @cached_property
    def _programs(self) -> tuple[_Program, ...]:
        """One for each line table: units may share one."""
        programs: dict[int, _Program] = {}
        for unit in self._file.units:
            rows = self._file.dwarf.line_program_for_CU(unit)
            if rows is not None and rows.program_start_offset not in programs:
                paths = tuple(_paths(unit, rows))
                programs[rows.program_start_offset] = _Program(unit, rows, paths)
        return tuple(programs.values())


def _paths(unit: CompileUnit, rows: LineProgram) -> Iterator[str]:
    """The path of each file number. They count from 1 before DWARF 5, and so do directories."""
    top = unit.get_top_DIE()
    folder = text(top, "DW_AT_comp_dir")
    if rows["version"] < _V5:
        folders = [folder, *[_decoded(one) for one in rows["include_directory"]]]
        yield os.path.normpath(os.path.join(folder, text(top, "DW_AT_name")))
    else:
        folders = [_decoded(one.DW_LNCT_path) for one in rows["directories"] or ()]
    names = rows["file_entry"] if rows["version"] < _V5 else rows["file_names"]
    for one in names or ():
        name = one.name if rows["version"] < _V5 else one.DW_LNCT_path
        index = one.dir_index if rows["version"] < _V5 else one.DW_LNCT_directory_index
        inside = folders[index] if index < len(folders) else ""
        yield os.path.normpath(os.path.join(folder, inside, _decoded(name)))


def _decoded(path: bytes | str) -> str:
    return os.fsdecode(path)


def _innermost(block: DIE, address: int) -> DIE:
    """The function or inlined copy inside `block`, or `block` itself."""
    for child in block.iter_children():
        match child.tag:
            case "DW_TAG_inlined_subroutine":
                if any(address in one for one in ranges(child)):
                    return _innermost(child, address)
            case "DW_TAG_lexical_block":
                inner = _innermost(child, address)
                if inner is not child:
                    return inner
    return block
