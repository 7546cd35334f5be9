"""Candidates: the kernel's types that may be what the object calls by their name.

A name counts without its flavour, `x___old` for `x`, on both sides. The kernel's own types come
first; modules are looked at only where it has no candidate at all.
"""

from __future__ import annotations

from seismo.base.dataclass import dataclass
from seismo.btf.layout import describe, strip
from seismo.btf.spec import Btf
from seismo.btf.types import Struct, Type, Union
from seismo.core.errors import CoreError
from seismo.core.types import Budget, KernelTypes, essential, same_kind

__all__ = ("Candidate", "Candidates", "Found", "Target")

_DEEPEST = 64
_LOOKUP_STEPS = 8


@dataclass(frozen=True, slots=True)
class Found:
    """A named member, with the unnamed ones that lead to it: their types and numbers, and bits."""

    raw: tuple[tuple[int, int], ...]
    bits: int


class Target:
    """One BTF of the kernel's, and what was found in it."""

    def __init__(self, btf: Btf, budget: Budget) -> None:
        self.btf = btf
        self._budget = budget
        self._members: dict[int, dict[str, Found]] = {}
        self._flavours: list[tuple[str, str]] | None = None

    def find_member(self, id: int, name: str) -> Found | None:
        """The member `name` of a struct or union, in the unnamed ones within it as well."""
        known = self._members.get(id)
        if known is None:
            known = self._members[id] = {}
            self._collect(id, Found((), 0), known, set())
        return known.get(name)

    def _collect(self, id: int, outer: Found, known: dict[str, Found], met: set[int]) -> None:
        """Put the members in, the first of each name; an unnamed type met before has no more."""
        record = self.btf.type(id)
        if not isinstance(record, Struct | Union) or id in met:
            return
        if len(outer.raw) == _DEEPEST:
            raise CoreError(f"{describe(record)} is nested more than {_DEEPEST} deep")
        met.add(id)
        self._budget.spend(len(record.members))
        for index, member in enumerate(record.members):
            place = Found((*outer.raw, (id, index)), outer.bits + member.bit_offset)
            if member.name:
                known.setdefault(member.name, place)
            else:
                self._collect(strip(self.btf, member.type), place, known, met)

    def ids(self, type_: Type) -> list[int]:
        """This BTF's own types of the same kind and name as the object's, in order."""
        name = essential(type_.name)
        # `a___b` is no candidate for itself: what has three parts may be `a___b` and a flavour.
        names = [one for one in (name, *self._flavours_of(name)) if essential(one) == name]
        self._budget.spend(_LOOKUP_STEPS * len(names))
        return sorted(
            {
                id
                for one in names
                for id in self.btf.find_all(one)
                if id in self.btf.ids and same_kind(self.btf.type(id).kind, type_.kind)
            }
        )

    def _flavours_of(self, name: str) -> list[str]:
        """The names of this BTF that are `name` with a flavour, among others that nothing has.

        A string may be another one's end, so the flavoured name is looked for in both.
        """
        if self._flavours is None:
            texts = dict.fromkeys(self.btf.strings_with("___"))
            parts = [(essential(text), text) for text in texts]
            self._flavours = [(head, text[len(head) :]) for head, text in parts if head != text]
        self._budget.spend(len(self._flavours))
        return [name + tail for head, tail in self._flavours if head.endswith(name)]


@dataclass(frozen=True, slots=True)
class Candidate:
    """The type `id` of a BTF; `module` is "" for the kernel's own."""

    target: Target
    id: int
    module: str = ""


class Candidates:
    """Looks for candidates, and remembers them for each type of the object.

    A relocation that some candidates fit leaves only those for the next one of the same type, so
    that all accesses to a type are to the same one.
    """

    def __init__(self, kernel: KernelTypes, budget: Budget) -> None:
        self._kernel = kernel
        self._budget = budget
        self._vmlinux = Target(kernel.vmlinux, budget)
        self._modules: list[tuple[str, Target]] | None = None
        self._known: dict[int, tuple[Candidate, ...]] = {}

    def of(self, id: int, type_: Type) -> tuple[Candidate, ...]:
        """The candidates for the object's type `id`; `CoreError` when it has no name."""
        known = self._known.get(id)
        if known is None:
            if not type_.name:
                raise CoreError(f"{describe(type_)} has no name by which the kernel's may be found")
            known = self._known[id] = self._find(type_)
        return known

    def keep(self, id: int, fitting: tuple[Candidate, ...]) -> None:
        """From now on only these are the candidates for the object's type `id`."""
        self._known[id] = fitting

    def _find(self, type_: Type) -> tuple[Candidate, ...]:
        own = [Candidate(self._vmlinux, id) for id in self._vmlinux.ids(type_)]
        if own:
            return tuple(own)
        if self._modules is None:
            self._modules = [
                (name, Target(btf, self._budget)) for name, btf in self._kernel.modules()
            ]
        return tuple(
            [
                Candidate(target, id, name)
                for name, target in self._modules
                for id in target.ids(type_)
            ]
        )
