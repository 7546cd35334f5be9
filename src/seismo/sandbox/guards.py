"""The checks of a policy, put around the machine's memory and helpers."""

from __future__ import annotations

from collections import Counter

from seismo.base.bits import U32_MAX
from seismo.isa.helper_table import TABLE
from seismo.sandbox.outcome import Guard
from seismo.sandbox.policy import Policy
from seismo.vm.calls.table import DEFAULT
from seismo.vm.errors import BadAccess
from seismo.vm.memory import Buffer, Memory, Region
from seismo.vm.run import Helper, Helpers, Run

__all__ = ("Denied", "GuardedMemory", "guarded_helpers")

_CHANGES_MAP = frozenset(
    {
        *("map_delete_elem", "map_pop_elem", "map_push_elem", "map_update_elem"),
        *("ringbuf_output", "ringbuf_reserve"),
    }
)
_CHANGES_MAP_IN_R2 = frozenset({"perf_event_output", "get_stackid"})
_READS_USER = frozenset({"copy_from_user", "probe_read", "probe_read_user"})
_READS_USER_STRING = frozenset({"probe_read_str", "probe_read_user_str"})


class Denied(BadAccess):
    """What a policy does not allow; the engine adds the instruction, as to a bad access."""

    def __init__(self, guard: Guard, why: str) -> None:
        super().__init__(why)
        self.guard = guard


class GuardedMemory(Memory):
    """Memory that holds no more bytes at a time than a policy allows."""

    def __init__(self, policy: Policy) -> None:
        super().__init__()
        self._policy = policy
        self._used = 0
        self._stacks = 0

    def allocate(
        self,
        data: Buffer,
        name: str,
        *,
        is_writable: bool = True,
        is_stack: bool = False,
        thing: object = None,
    ) -> Region:
        """As `Memory.allocate`; raises Denied where that would be too much."""
        self._used += len(data)
        self._stacks += len(data) if is_stack else 0
        if self._stacks > self._policy.stack_bytes:
            limit = self._policy.stack_bytes
            raise Denied(Guard.SPACE, f"needs more than {limit} bytes of stack")
        if self._used > self._policy.memory_bytes:
            limit = self._policy.memory_bytes
            raise Denied(Guard.SPACE, f"needs more than {limit} bytes of memory")
        return super().allocate(data, name, is_writable=is_writable, is_stack=is_stack, thing=thing)

    def free(self, region: Region) -> None:
        """As `Memory.free`."""
        self._used -= region.size
        self._stacks -= region.size if region.is_stack else 0
        super().free(region)


def guarded_helpers(policy: Policy, calls: Counter[str]) -> Helpers:
    """All of the kernel's helpers by number: those that the policy allows, counted in `calls`, and
    in place of the others what stops the run."""
    seen: set[int] = set()
    return {
        number: _guarded(policy, name, DEFAULT.get(number), calls, seen)
        for number, (name, *_) in enumerate(TABLE)
        if number
    }


def _guarded(
    policy: Policy, name: str, helper: Helper | None, calls: Counter[str], seen: set[int]
) -> Helper:
    if not policy.allows(name):
        return _refusal(f"calls bpf_{name}, which the policy does not permit")
    if helper is None:
        return _refusal(f"calls bpf_{name}, which this machine does not have")
    allowed = helper

    def counted(run: Run, a: int, b: int, c: int, d: int, e: int) -> int:
        calls[name] += 1
        if name in _CHANGES_MAP:
            _check_map(policy, run, a)
        elif name in _CHANGES_MAP_IN_R2:
            _check_map(policy, run, b)
        answer = allowed(run, a, b, c, d, e)
        if policy.reads_user_once:
            _check_read(name, seen, c, b & U32_MAX, answer)
        return answer

    return counted


def _refusal(why: str) -> Helper:
    def refuse(run: Run, a: int, b: int, c: int, d: int, e: int) -> int:
        raise Denied(Guard.HELPERS, why)

    return refuse


def _check_map(policy: Policy, run: Run, address: int) -> None:
    """Values that programs may not write are read-only memory; here it is about whole entries."""
    found = run.map_at(address)
    if not policy.may_change(found.spec.name) or not found.is_writable:
        raise Denied(Guard.MAPS, f"changes map '{found.spec.name}', which is read-only for it")


def _check_read(name: str, seen: set[int], address: int, size: int, answer: int) -> None:
    """Of a string only what was found counts: the bytes behind it are another's."""
    if name in _READS_USER_STRING:
        size = max(answer, 0)
    elif name not in _READS_USER:
        return
    wanted = set(range(address, address + size))
    if seen & wanted:
        raise Denied(Guard.READS, f"reads user memory at {min(seen & wanted):#x} again")
    seen |= wanted
