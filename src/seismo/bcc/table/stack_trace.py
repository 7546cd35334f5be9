"""`StackTrace`: the stacks that `get_stackid` stored, by their numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import takewhile
from typing import Any

from seismo.bcc.table.mapping import MappingTable

__all__ = ("StackTrace",)


class StackTrace(MappingTable):
    """`BPF_STACK_TRACE`. Since Linux 4.6, with build ids since 4.17."""

    MAX_DEPTH = 127
    BPF_F_STACK_BUILD_ID = 1 << 5
    BPF_STACK_BUILD_ID_EMPTY = 0
    BPF_STACK_BUILD_ID_VALID = 1
    BPF_STACK_BUILD_ID_IP = 2

    def walk(self, stack_id: int, resolve: Callable[[Any], Any] | None = None) -> Iterator[Any]:
        """The addresses of a stack, the innermost first, each as `resolve` has it; `KeyMissing`
        when there is no such stack.

        Of a table with build ids they are `struct bpf_stack_build_id`s, up to the first that has
        none.
        """
        stack = self[stack_id]
        found: Iterator[Any]
        if self.flags & self.BPF_F_STACK_BUILD_ID:
            found = takewhile(_has_build_id, stack.trace)
        else:
            found = takewhile(bool, stack.ip)
        return found if resolve is None else map(resolve, found)

    def clear(self) -> None:
        """Nothing, as in BCC: programs may hold numbers of stacks that were not read yet."""


def _has_build_id(entry: Any) -> bool:
    return bool(entry.status == StackTrace.BPF_STACK_BUILD_ID_VALID)
