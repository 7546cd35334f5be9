"""The list of attacks, in the order of the course."""

from __future__ import annotations

from seismo.attacks import (
    bitwise_bounds,
    double_read,
    false_alarm,
    filter_patch,
    hidden_entry,
    jump32_bounds,
    map_tampering,
    missing_null_check,
    or_null_arithmetic,
    rewritten_read,
    sign_extension,
    signed_index,
    swapped_program,
    tracer_inventory,
    unchecked_index,
)
from seismo.attacks.attack import Attack
from seismo.base.diagnostics import did_you_mean
from seismo.base.errors import BpfError

__all__ = ("ATTACKS", "UnknownAttack", "find_attack")


class UnknownAttack(BpfError):
    """A name that no attack has; the hint names the nearest one."""

    def __init__(self, name: str) -> None:
        hint = did_you_mean(name, _BY_NAME) or "`seismo attack list` names them"
        super().__init__(f"there is no attack '{name}'\nhint: {hint}")
        self.name = name


ATTACKS: tuple[Attack, ...] = (
    missing_null_check.ATTACK,
    unchecked_index.ATTACK,
    signed_index.ATTACK,
    sign_extension.ATTACK,
    jump32_bounds.ATTACK,
    bitwise_bounds.ATTACK,
    or_null_arithmetic.ATTACK,
    double_read.ATTACK,
    false_alarm.ATTACK,
    map_tampering.ATTACK,
    rewritten_read.ATTACK,
    hidden_entry.ATTACK,
    swapped_program.ATTACK,
    tracer_inventory.ATTACK,
    filter_patch.ATTACK,
)

_BY_NAME = {one.name: one for one in ATTACKS}


def find_attack(name: str) -> Attack:
    """The attack of that name; UnknownAttack with the nearest one."""
    if name not in _BY_NAME:
        raise UnknownAttack(name)
    return _BY_NAME[name]
