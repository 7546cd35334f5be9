"""A condition as a graph of tests, in which nothing is asked that is known already.

Each node is a test and where to go from it. Nodes that are the same are one node, so a protocol's
ports are tested in one place, whatever protocol led there:

    port 80   ->   udp? -yes-> source port is 80? ...      tcp? -yes-^

>>> graph = Graph()
>>> root = graph.add(condition)
>>> root = graph.simplify(root)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from seismo.base.dataclass import dataclass
from seismo.cbpf.filter.conditions import Always, And, Condition, Constant, Not, Or, Test
from seismo.cbpf.filter.conditions import test as make_test
from seismo.isa.opcode import JumpOp

__all__ = ("ACCEPT", "REJECT", "Graph", "Node")

REJECT, ACCEPT = 0, 1
"""The two nodes that are no tests: their numbers."""

Facts: TypeAlias = frozenset[tuple[Test, bool]]
"""Tests that were made on all ways to a place, and what came out."""


@dataclass(frozen=True, slots=True)
class Node:
    """A test and the numbers of the nodes to go to; both are less than its own number."""

    test: Test
    yes: int
    no: int


class Graph:
    """Nodes by number; those that a node goes to come before it."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self._numbers: dict[Node, int] = {}

    def node(self, number: int) -> Node:
        return self.nodes[number - 2]

    def add(self, condition: Condition, yes: int = ACCEPT, no: int = REJECT) -> int:
        """The number of the node at which to begin asking `condition`."""
        # Chains lean to either side: the left is followed here, the right by recursion.
        while True:
            match condition:
                case Always():
                    return yes if condition.holds else no
                case Test():
                    return self._number(Node(condition, yes, no))
                case Not():
                    condition, yes, no = condition.inner, no, yes
                case And():
                    yes = self.add(condition.right, yes, no)
                    condition = condition.left
                case Or():
                    no = self.add(condition.right, yes, no)
                    condition = condition.left

    def simplify(self, root: int) -> int:
        """The root of a graph that is the same for every packet, and asks nothing twice."""
        while (better := self._simplify_once(root)) != root:
            root = better
        return root

    def reachable(self, root: int) -> list[int]:
        """The tests on the ways from `root`, each before those it goes to."""
        found = {root}
        for number in range(root, ACCEPT, -1):
            if number in found:
                found.update((self.node(number).yes, self.node(number).no))
        return sorted((one for one in found if one > ACCEPT), reverse=True)

    def _number(self, node: Node) -> int:
        """The node's number, that of an equal one if there is one; none is needed for a test that
        makes no difference."""
        if node.yes == node.no:
            return node.yes
        if node not in self._numbers:
            self.nodes.append(node)
            self._numbers[node] = len(self.nodes) + 1
        return self._numbers[node]

    def _simplify_once(self, root: int) -> int:
        order = self.reachable(root)
        edges = self._skip_known(order)
        renumbered = {REJECT: REJECT, ACCEPT: ACCEPT}
        for number in reversed(order):
            if number in edges:
                yes, no = edges[number]
                new = Node(self.node(number).test, renumbered[yes], renumbered[no])
                renumbered[number] = self._number(new)
        return renumbered[root]

    def _skip_known(self, order: Sequence[int]) -> Mapping[int, tuple[int, int]]:
        """Where to go from each test that is still reached, past those whose outcome is known."""
        facts: dict[int, Facts] = {order[0]: frozenset()} if order else {}
        edges: dict[int, tuple[int, int]] = {}
        repeated = self._repeated(order)
        for number in order:
            if number not in facts:
                continue
            node, known = self.node(number), facts.pop(number)
            ends = []
            for target, outcome in ((node.yes, True), (node.no, False)):
                is_useful = node.test in repeated or (outcome and node.test.op == JumpOp.JEQ)
                here = known | {(node.test, outcome)} if is_useful else known
                end = self._skip(target, here)
                if end > ACCEPT:
                    facts[end] = facts[end] & here if end in facts else here
                ends.append(end)
            edges[number] = (ends[0], ends[1])
        return edges

    def _repeated(self, order: Sequence[int]) -> set[Test]:
        """The tests that more than one node makes."""
        counts = Counter(self.node(number).test for number in order)
        return {test for test, count in counts.items() if count > 1}

    def _skip(self, number: int, known: Facts) -> int:
        """The first node from `number` on whose outcome is not known."""
        while number > ACCEPT:
            node = self.node(number)
            outcome = _outcome(node.test, known)
            if outcome is None:
                break
            number = node.yes if outcome else node.no
        return number


def _outcome(test: Test, known: Facts) -> bool | None:
    """What comes out of a test, None where that is open.

    Only tests of the same value tell something: it was read from the packet then, so leaving the
    test out leaves no reading out.
    """
    for outcome in (True, False):
        if (test, outcome) in known:
            return outcome
    for other, outcome in known:
        is_number = outcome and other.op == JumpOp.JEQ and isinstance(other.right, Constant)
        if is_number and other.left == test.left and isinstance(test.right, Constant):
            decided = make_test(test.op, other.right, test.right)
            return isinstance(decided, Always) and decided.holds
    return None
