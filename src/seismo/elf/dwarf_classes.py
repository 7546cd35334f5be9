"""Which C++ classes are passed by their address: those that are not trivial for calls.

A class is not if it has a destructor, or a copy or move constructor, that does more than to copy
bytes (Itanium C++ ABI 3.1.1). Clang says which (`DW_AT_calling_convention`), GCC does not: then it
is seen from the members. One declared with `= default` is as trivial as the members are.
"""

from __future__ import annotations

from seismo.elf.dwarf_file import DwarfFile, text
from seismo.elf.dwarf_package import DIE

__all__ = ("is_passed_by_address",)

_BY_REFERENCE = 4
"""`DW_CC_pass_by_reference`."""
_REFERENCES = ("DW_TAG_reference_type", "DW_TAG_rvalue_reference_type")
_CLASSES = ("DW_TAG_class_type", "DW_TAG_structure_type", "DW_TAG_union_type")
_MAX_DEPTH = 32
"""Classes inside one another; deeper ones are trivial, lest malformed ones go in a circle."""


def is_passed_by_address(file: DwarfFile, die: DIE, depth: int = 0) -> bool:
    """Whether the struct or class that this entry describes is passed and returned so."""
    told = die.attributes.get("DW_AT_calling_convention")
    if told or depth > _MAX_DEPTH:
        return told is not None and told.value == _BY_REFERENCE
    return any(_makes_nontrivial(file, child, die, depth) for child in die.iter_children())


def _makes_nontrivial(file: DwarfFile, child: DIE, owner: DIE, depth: int) -> bool:
    if "DW_AT_virtuality" in child.attributes:
        # A virtual function or base class: copying has to set the pointer to the table of them.
        return True
    if child.tag == "DW_TAG_subprogram":
        return _is_written(child) and (
            text(child, "DW_AT_name").startswith("~") or _copies(file, child, owner)
        )
    if child.tag not in ("DW_TAG_member", "DW_TAG_inheritance"):
        return False
    bare = _bare(file, child)
    return bare.tag in _CLASSES and is_passed_by_address(file, bare, depth + 1)


def _is_written(function: DIE) -> bool:
    """Whether the class has this function from its author, not from the compiler."""
    marks = ("DW_AT_artificial", "DW_AT_defaulted", "DW_AT_deleted")
    return not any(mark in function.attributes for mark in marks)


def _copies(file: DwarfFile, function: DIE, owner: DIE) -> bool:
    """Whether it is a constructor from another object of the class."""
    if text(function, "DW_AT_name") != text(owner, "DW_AT_name").partition("<")[0]:
        return False
    taken = [
        child
        for child in function.iter_children()
        if child.tag == "DW_TAG_formal_parameter" and "DW_AT_artificial" not in child.attributes
    ]
    if len(taken) != 1 or "DW_AT_type" not in taken[0].attributes:
        return False
    reference = file.referred(taken[0], "DW_AT_type")
    return reference.tag in _REFERENCES and _bare(file, reference) == owner


def _bare(file: DwarfFile, die: DIE) -> DIE:
    """The type that an entry has, without typedefs, qualifiers and array dimensions."""
    for _ in range(_MAX_DEPTH):
        if "DW_AT_type" not in die.attributes:
            break
        die = file.referred(die, "DW_AT_type")
        if die.tag in _CLASSES:
            return file.defined(die)
        if die.tag in (*_REFERENCES, "DW_TAG_pointer_type"):
            break
    return die
