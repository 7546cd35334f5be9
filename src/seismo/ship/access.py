"""From the names of a relocation to what CO-RE has for it: a type, and indices that lead into it.

>>> trail = find_trail(btf, CoreField("struct task_struct", "se.vruntime"))
>>> trail.access
'0:47:4'
"""

from __future__ import annotations

import re
from typing import TypeAlias, TypeGuard

from seismo.base.dataclass import dataclass
from seismo.base.diagnostics import did_you_mean
from seismo.btf.errors import BtfNotFound
from seismo.btf.layout import describe, strip
from seismo.btf.spec import Btf
from seismo.btf.types import Array, Enum, Enum64, Kind, Struct, Union
from seismo.spec.relocations import CoreEnumerator, CoreField, CoreType, Relocation

__all__ = ("CoreRelocation", "Trail", "find_trail", "is_core")

CoreRelocation: TypeAlias = CoreField | CoreType | CoreEnumerator

_STEP = re.compile(r"\.?(\w+)|\[(\d+)\]")
_WORDS = {"struct": Kind.STRUCT, "union": Kind.UNION, "enum": Kind.ENUM}


@dataclass(frozen=True, slots=True)
class Trail:
    """Where a relocation leads: the root's id, the indices behind it, and of each struct, union or
    enum on the way its id and the index of the member or enumerator that is taken."""

    root: int
    indices: tuple[int, ...]
    members: tuple[tuple[int, int], ...] = ()

    @property
    def access(self) -> str:
        """As `.BTF.ext` has it: `0:47:4`."""
        return ":".join(map(str, self.indices))


def is_core(relocation: Relocation) -> TypeGuard[CoreRelocation]:
    """Whether CO-RE knows such a relocation: it finds a type by its name."""
    match relocation:
        case CoreField() | CoreType():
            return True
        case CoreEnumerator():
            return bool(relocation.enum)
        case _:
            return False


def find_trail(btf: Btf, relocation: CoreRelocation) -> Trail:
    """The trail in these types; `BtfNotFound` for a type, member or enumerator that is not there,
    or a path that leads nowhere."""
    match relocation:
        case CoreField():
            return _field(btf, relocation)
        case CoreType():
            return Trail(_root(btf, relocation.type), (0,))
        case CoreEnumerator():
            return _enumerator(btf, relocation)


def _root(btf: Btf, words: str) -> int:
    """The id of `struct name` or of a typedef; of an enum of either size."""
    word, space, name = words.partition(" ")
    if not space:
        return btf.find(word)
    if word == "enum" and btf.find_all(name, Kind.ENUM64):
        return btf.find(name, Kind.ENUM64)
    return btf.find(name, _WORDS[word])


def _enumerator(btf: Btf, relocation: CoreEnumerator) -> Trail:
    root = _root(btf, relocation.enum)
    id = strip(btf, root)
    enum = btf.type(id)
    names = [one.name for one in enum.values] if isinstance(enum, Enum | Enum64) else []
    if relocation.name not in names:
        raise BtfNotFound(
            f"{relocation.enum} has no '{relocation.name}'", did_you_mean(relocation.name, names)
        )
    index = names.index(relocation.name)
    return Trail(root, (index,), ((id, index),))


def _field(btf: Btf, relocation: CoreField) -> Trail:
    root = here = _root(btf, relocation.record)
    indices, members = [0], list[tuple[int, int]]()
    end = 0
    while end < len(relocation.path):
        step = _STEP.match(relocation.path, end)
        if step is None:
            raise BtfNotFound(f"'{relocation.path}' is no path of members")
        if step[1] is None:
            array = btf.type(strip(btf, here))
            if not isinstance(array, Array):
                raise BtfNotFound(f"{relocation.record} {relocation.path}: no array at {step[0]}")
            indices.append(int(step[2]))
            here = array.type
        else:
            found = _member(btf, strip(btf, here), step[1], frozenset())
            if not found:
                raise _no_member(btf, here, step[1])
            members += found
            indices += [index for _, index in found]
            outer, index = found[-1]
            here = _members(btf, outer)[index]
        end = step.end()
    return Trail(root, tuple(indices), tuple(members))


def _no_member(btf: Btf, id: int, name: str) -> BtfNotFound:
    return BtfNotFound(f"{describe(btf.type(strip(btf, id)))} has no member '{name}'")


def _members(btf: Btf, id: int) -> list[int]:
    """The types of a struct's or union's members."""
    type_ = btf.type(id)
    return [one.type for one in type_.members] if isinstance(type_, Struct | Union) else []


def _member(btf: Btf, id: int, name: str, above: frozenset[int]) -> list[tuple[int, int]]:
    """The (struct, index) that lead to a member, through unnamed ones; none if it is not there."""
    outer = btf.type(id)
    if not isinstance(outer, Struct | Union) or id in above:
        return []
    for index, one in enumerate(outer.members):
        if one.name == name:
            return [(id, index)]
    for index, one in enumerate(outer.members):
        if not one.name and (found := _member(btf, strip(btf, one.type), name, above | {id})):
            return [(id, index), *found]
    return []
