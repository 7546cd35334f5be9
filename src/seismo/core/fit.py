"""Fitting an access to the object's type to a candidate of the kernel's."""

from __future__ import annotations

from seismo.base.bits import U32_MAX
from seismo.btf.layout import strip
from seismo.btf.types import Array, Enum, Enum64, Struct, Union
from seismo.core.access import (
    ENUMERATOR_KINDS,
    MAX_STEPS,
    TYPE_KINDS,
    Access,
    Step,
    is_flexible,
)
from seismo.core.candidates import Candidate
from seismo.core.compatible import are_fields_compatible, are_types_compatible
from seismo.core.errors import CoreError
from seismo.core.match import do_types_match
from seismo.core.types import Budget, bytes_of, essential
from seismo.isa.relo_kinds import CoreKind

__all__ = ("fit",)


def fit(access: Access, candidate: Candidate, budget: Budget) -> Access | None:
    """The same access to the candidate; None when the candidate has nothing like it.

    `CoreError` or `BtfNotFound` when that cannot be said.
    """
    if access.kind in TYPE_KINDS:
        return _fit_type(access, candidate, budget)
    if access.kind in ENUMERATOR_KINDS:
        return _fit_enumerator(access, candidate)
    return _Field(candidate).fit(access)


def _fit_type(access: Access, candidate: Candidate, budget: Budget) -> Access | None:
    target = candidate.target.btf
    fits = do_types_match if access.kind is CoreKind.TYPE_MATCHES else are_types_compatible
    if not fits(access.types, access.root, target, candidate.id, budget):
        return None
    return Access(types=target, root=candidate.id, kind=access.kind)


def _fit_enumerator(access: Access, candidate: Candidate) -> Access | None:
    target = candidate.target.btf
    name = essential(access.steps[0].name)
    id = strip(target, candidate.id)
    type_ = target.type(id)
    if not isinstance(type_, Enum | Enum64):
        return None
    for index, one in enumerate(type_.values):
        if essential(one.name) == name:
            return Access(
                types=target,
                root=candidate.id,
                kind=access.kind,
                steps=(Step(id, index, one.name),),
                raw=((id, index),),
            )
    return None


class _Field:
    """The way of a field's access through a candidate's types, as far as it is gone."""

    def __init__(self, candidate: Candidate) -> None:
        self._candidate = candidate
        self._btf = candidate.target.btf
        self._id = candidate.id
        self._steps: list[Step] = []
        self._raw: list[tuple[int, int]] = []
        self._bits = 0

    def fit(self, access: Access) -> Access | None:
        for step in access.steps:
            self._id = strip(self._btf, self._id)
            has_it = self._member(access, step) if step.name else self._element(step.index)
            if not has_it:
                return None
            if len(self._raw) > MAX_STEPS:
                raise CoreError(f"the kernel's type is nested more than {MAX_STEPS} deep")
            if self._bits > U32_MAX:
                raise CoreError("the kernel has it beyond what an offset can say")
        return Access(
            types=self._btf,
            root=self._candidate.id,
            kind=access.kind,
            steps=tuple(self._steps),
            raw=tuple(self._raw),
            bits=self._bits,
        )

    def _member(self, access: Access, step: Step) -> bool:
        found = self._candidate.target.find_member(self._id, step.name)
        if found is None:
            return False
        id, index = found.raw[-1]
        mine, other = access.types.type(step.type), self._btf.type(id)
        assert isinstance(mine, Struct | Union)
        assert isinstance(other, Struct | Union)
        self._id = other.members[index].type
        self._steps.append(Step(id, index, step.name))
        self._raw += found.raw
        self._bits += found.bits
        wanted = mine.members[step.index].type
        return are_fields_compatible(access.types, wanted, self._btf, self._id)

    def _element(self, index: int) -> bool:
        holder = self._id
        if self._steps:
            array = self._btf.type(holder)
            if not isinstance(array, Array):
                return False
            if index >= array.count and not is_flexible(self._btf, self._steps[-1], array):
                return False
            self._id = strip(self._btf, array.type)
        self._steps.append(Step(self._id, index))
        self._raw.append((holder, index))
        self._bits += index * bytes_of(self._btf, self._id) * 8
        return True
