"""What seismo uses of pyelftools: the one place that imports it, and says so if it is not there."""

from __future__ import annotations

from seismo.base.errors import NotSupported

try:
    from elftools.common.exceptions import DWARFError, ELFError
    from elftools.dwarf.compileunit import CompileUnit
    from elftools.dwarf.die import DIE
    from elftools.dwarf.dwarfinfo import DWARFInfo
    from elftools.dwarf.lineprogram import LineProgram
    from elftools.dwarf.ranges import BaseAddressEntry
    from elftools.dwarf.typeunit import TypeUnit
    from elftools.elf.elffile import ELFFile
except ImportError as error:
    raise NotSupported(
        "debug information", "Python's package pyelftools is not here", "pip install pyelftools"
    ) from error

__all__ = (
    "DIE",
    "BaseAddressEntry",
    "CompileUnit",
    "DWARFError",
    "DWARFInfo",
    "ELFError",
    "ELFFile",
    "LineProgram",
    "TypeUnit",
)
