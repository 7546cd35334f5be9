"""Comparisons turned around: (a cond b) is (b MIRRORED[cond] a) and is not (a NEGATED[cond] b)."""

from __future__ import annotations

from seismo.ir.ops import Cond

__all__ = ("MIRRORED", "NEGATED")

MIRRORED = {
    Cond.EQ: Cond.EQ,
    Cond.NE: Cond.NE,
    Cond.LT: Cond.GT,
    Cond.LE: Cond.GE,
    Cond.GT: Cond.LT,
    Cond.GE: Cond.LE,
    Cond.SLT: Cond.SGT,
    Cond.SLE: Cond.SGE,
    Cond.SGT: Cond.SLT,
    Cond.SGE: Cond.SLE,
    Cond.SET: Cond.SET,
}

# `SET` has no opposite among BPF's jumps.
NEGATED = {
    Cond.EQ: Cond.NE,
    Cond.NE: Cond.EQ,
    Cond.LT: Cond.GE,
    Cond.LE: Cond.GT,
    Cond.GT: Cond.LE,
    Cond.GE: Cond.LT,
    Cond.SLT: Cond.SGE,
    Cond.SLE: Cond.SGT,
    Cond.SGT: Cond.SLE,
    Cond.SGE: Cond.SLT,
}
