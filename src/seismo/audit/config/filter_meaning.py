"""What filters mean: a plain evaluation, the reference for the C that `program/generate.py` makes.

>>> is_wanted(Compare(FilterField.UID, Operator.EQUAL, 0), Facts(uid=0))
True

What is in doubt is recorded: of a path of which the kernel walked nothing only the text is known,
and what it walked may be more than the file. Where that decides for an event, it counts; under a
`not`, where it would decide against one, it does not: `not path under "/tmp"` hides nothing that
calls itself /tmp/../etc/shadow, and nothing that is called ../etc/shadow from /tmp.
"""

from __future__ import annotations

import os
from ipaddress import IPv6Network, ip_address
from socket import AF_INET, AF_INET6

from seismo.audit.config.filter import (
    AllOf,
    AnyOf,
    Between,
    Compare,
    Filter,
    FilterField,
    HasBits,
    InCgroup,
    InContainer,
    InNetwork,
    Like,
    Not,
    OfEvent,
    Operator,
    Under,
    Writing,
)
from seismo.audit.config.glob import matches
from seismo.audit.record.layout import KernelEvent
from seismo.base.dataclass import dataclass
from seismo.base.errors import CompilerBug

__all__ = ("LONGEST_TEXT", "WRITING_FLAGS", "Facts", "is_wanted", "names_below")

LONGEST_TEXT = 62
"""A longer path cannot be compared with `Facts.path`: it must exist, to be known by its inode."""

WRITING_FLAGS = os.O_ACCMODE | os.O_CREAT | os.O_TRUNC
"""A file is opened in order to change it if it is opened with one of these."""

_MAPPED = bytes(10) + b"\xff\xff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """`struct audit_facts` of the kernel's programs, the ids of the cgroups above the task's, and
    the arguments of a system call."""

    path_mask: int = 0
    ret: int = 0
    cgroup: int = 0
    uid: int = 0
    gid: int = 0
    pid: int = 0
    ppid: int = 0
    type: int = 0
    handler: int = 0
    family: int = 0
    port: int = 0
    comm: bytes = b""
    address: bytes = bytes(16)
    path: bytes = b""
    cgroups: frozenset[int] = frozenset()
    args: tuple[int, ...] = (0,) * 6


def is_wanted(one: Filter, facts: Facts, *, is_negated: bool = False) -> bool:
    """Whether an event satisfies a resolved filter."""
    match one:
        case AllOf(parts):
            return all(is_wanted(part, facts, is_negated=is_negated) for part in parts)
        case AnyOf(parts):
            return any(is_wanted(part, facts, is_negated=is_negated) for part in parts)
        case Not(part):
            return not is_wanted(part, facts, is_negated=not is_negated)
        case Under():
            return _is_under(one, facts, is_negated=is_negated)
        case InNetwork(network):
            return _is_in(facts, isinstance(network, IPv6Network), network)
        case Like(pattern):
            return matches(pattern.encode(), facts.comm.partition(b"\0")[0])
        case InCgroup(_, id, _):
            return id == facts.cgroup or id in facts.cgroups
        case OfEvent(_, types):
            return facts.type in types
        case Writing(flags):
            return any(
                facts.type == type_ and (at < 0 or bool(facts.args[at] & WRITING_FLAGS))
                for type_, at in flags
            )
        case HasBits(argument, bits):
            is_call = facts.type < KernelEvent.PROCESS_FORK
            return is_call and bool(facts.args[argument] & bits)
        case Between(field, low, high):
            return low <= _number(facts, field) <= high
        case Compare(field, operator, int(value)):
            return _compared(_number(facts, field), operator, value)
        case Compare() | InContainer():
            raise CompilerBug("filter", f"'{one}' was not resolved")


def _is_under(one: Under, facts: Facts, *, is_negated: bool) -> bool:
    is_walked = one.bit >= 0 and bool(facts.path_mask >> one.bit & 1)
    if not is_negated:
        return is_walked or names_below(facts.path, one.path)
    is_sure = facts.path.startswith(b"/") or facts.type not in one.relative
    return is_walked and is_sure and facts.type not in one.several


def names_below(given: bytes, path: str) -> bool:
    """Whether a path as it was given begins with all of the components of another."""
    wanted = path.encode()
    if wanted == b"/":
        return given.startswith(b"/")
    if len(wanted) > LONGEST_TEXT or not given.startswith(wanted):
        return False
    return given[len(wanted) : len(wanted) + 1] in (b"", b"\0", b"/")


def _number(facts: Facts, field: FilterField) -> int:
    match field:
        case FilterField.UID:
            return facts.uid
        case FilterField.GID:
            return facts.gid
        case FilterField.PID:
            return facts.pid
        case FilterField.PPID:
            return facts.ppid
        case FilterField.RET:
            return facts.ret
        case FilterField.PORT:
            return facts.port


def _compared(number: int, operator: Operator, value: int) -> bool:
    match operator:
        case Operator.EQUAL:
            return number == value
        case Operator.UNEQUAL:
            return number != value
        case Operator.LESS:
            return number < value
        case Operator.LESS_EQUAL:
            return number <= value
        case Operator.GREATER:
            return number > value
        case Operator.GREATER_EQUAL:
            return number >= value


def _is_in(facts: Facts, is_wide: bool, network: object) -> bool:
    if facts.family == AF_INET:
        address = facts.address[:4]
    elif facts.family == AF_INET6:
        is_mapped = facts.address.startswith(_MAPPED)
        address = facts.address[12:] if is_mapped else facts.address
    else:
        return False
    return is_wide == (len(address) > 4) and ip_address(address) in network  # type: ignore[operator]
