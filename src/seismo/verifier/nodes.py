"""The states that are kept to cut later paths, and what is known of each one's future.

Paths are explored depth first, so nodes that have something left to explore are those that the path
at hand came by. A node is done once nothing under it is left. It is complete once nothing more can
be found to be needed of it: a path under it that was cut by a node above left that open until the
node above is complete, too.
"""

from __future__ import annotations

from seismo.base.dataclass import dataclass
from seismo.verifier.state import State

__all__ = ("Node",)

_MISSES, _MISSES_PER_HIT = 3, 3
_PATIENCE = 64
"""How much longer a node is kept where rounds begin, whose numbers take a while to settle."""


@dataclass(slots=True, eq=False)
class Node:
    """A state at `index`; `left` counts what follows it and is not explored yet."""

    parent: Node | None
    index: int
    state: State
    depth: int
    left: int = 1
    above: Node | None = None
    hits: int = 0
    misses: int = 0

    @property
    def is_complete(self) -> bool:
        """Whether all that is needed of it is marked."""
        return not self.left and self.waits_for() is None

    def waits_for(self) -> Node | None:
        """The node above that must be done before this one is complete, None if there is none."""
        above = self.above
        while above is not None and not above.left:
            above = above.above
        self.above = above
        return above

    def wait(self, above: Node) -> None:
        """A path that ends in this node was cut by `above`, or by what waits for it."""
        node: Node | None = self
        while node is not None and node is not above:
            known = node.waits_for()
            if known is not None and known.depth <= above.depth:
                return
            node.above = above
            node = node.parent

    def close(self) -> None:
        """One path under it is done."""
        node: Node | None = self
        while node is not None:
            node.left -= 1
            if node.left:
                return
            node = node.parent

    def is_of_use(self, is_round: bool) -> bool:
        """Whether it cut enough paths for all those that it was compared with to no end."""
        patience = _PATIENCE if is_round else 1
        return self.misses <= patience * (_MISSES + _MISSES_PER_HIT * self.hits)
