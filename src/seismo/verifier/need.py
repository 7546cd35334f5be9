"""What the rest of a program needs of what was known: the values that it depends on.

Two states need not agree in what no path from there on depends on. Each number that is known to
some degree, and each stack slot, has a `Need`, made of those of what it was computed from; it is
marked, and they with it, where the program's safety comes to depend on it. That is what
`mark_chain_precision` of kernel/bpf/verifier.c finds by going back over the instructions.
"""

from __future__ import annotations

__all__ = ("Need",)


class Need:
    """Whether something depends on one value. Of `sources` it was made, so they are needed with it.

    A state that is kept has needs of its own, made of those that it began with: a mark on them was
    left by what came after it, and not by what had come before.
    """

    __slots__ = ("is_marked", "sources")

    def __init__(self, *sources: Need | None) -> None:
        self.is_marked = False
        self.sources: tuple[Need | None, ...] = sources

    def mark(self) -> None:
        """The value is needed, and all that it was made of."""
        pending: list[Need | None] = [self]
        while pending:
            one = pending.pop()
            if one is not None and not one.is_marked:
                one.is_marked = True
                pending += one.sources
                one.sources = ()

    def carry(self, other: Need) -> None:
        """Where this is needed, now or later, so is `other`."""
        if self.is_marked:
            other.mark()
        elif other is not self:
            self.sources = (*self.sources, other)
