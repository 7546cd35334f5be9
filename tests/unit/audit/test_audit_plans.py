"""The plans that the kernel's programs follow, made of the catalog."""

from __future__ import annotations

import struct

import pytest

from seismo.audit.catalog.build import shipped_catalog
from seismo.audit.catalog.model import EventField, EventType, FieldKind
from seismo.audit.program.plans import plan_bytes, plan_of
from seismo.audit.record.layout import PLAN, SYSCALL, TYPES, Capture, KernelEvent, Shape
from seismo.base.layout import Array

CATALOG = shipped_catalog()
PLANS = plan_bytes(CATALOG)


def plan(name: str) -> tuple[int, int, tuple[int, ...], tuple[int, ...]]:
    """(flags, returned, captures, parameters), read by the layout."""
    start = CATALOG[name].id * PLAN.size

    def numbers(field: str) -> tuple[int, ...]:
        one = PLAN.field(field)
        count = one.type.count if isinstance(one.type, Array) else 1
        return struct.unpack_from(f"={count}B", PLANS, start + one.offset)

    return numbers("flags")[0], numbers("returned")[0], numbers("captures"), numbers("parameters")


def test_there_is_a_plan_for_every_number() -> None:
    assert len(PLANS) == TYPES * PLAN.size == 2560 * 16


def test_a_plain_call_is_nothing_but_numbers() -> None:
    none = (0,) * 6
    assert plan("getpid") == (Shape.NO_CAPTURE, 0, none, none)
    assert plan("lseek")[0] == 0
    assert plan("mprotect") == (Shape.NO_CAPTURE, 0, none, none)
    assert plan("syscall_511") == (Shape.NO_CAPTURE, 0, none, none)


def test_an_open_has_its_path_and_what_was_opened() -> None:
    captures = (0, int(Capture.PATH_AT), 0, 0, 0, 0)
    assert plan("openat") == (0, Capture.FD_RETURNED, captures, (0,) * 6)
    captures = (0, int(Capture.PATH_AT), 0, int(Capture.PATH_AT), 0, 0)
    assert plan("renameat2") == (0, 0, captures, (0, 0, 0, 2, 0, 0))


def test_parameters_stand_at_their_arguments() -> None:
    fd, address = int(Capture.FD), int(Capture.SOCKADDR_IN)
    assert plan("connect") == (0, 0, (fd, address, 0, 0, 0, 0), (0, 2, 0, 0, 0, 0))
    assert plan("sendto") == (
        0,
        0,
        (fd, int(Capture.BYTES_IN), 0, 0, address, 0),
        (0, 2, 0, 0, 5, 0),
    )
    assert plan("pipe2")[2:] == ((int(Capture.NUMBERS_OUT), 0, 0, 0, 0, 0), (2, 0, 0, 0, 0, 0))
    statbuf = plan("newfstatat")
    assert (statbuf[2][2], statbuf[3][2]) == (int(Capture.STRUCT_OUT), 144)


@pytest.mark.parametrize("name", ["exit", "exit_group", "compat:exit", "compat:exit_group"])
def test_what_never_returns_is_told_at_the_entry(name: str) -> None:
    assert plan(name)[0] == Shape.NO_RETURN | Shape.NO_CAPTURE
    assert CATALOG[name].never_returns


def test_nothing_else_never_returns() -> None:
    assert sum(one.never_returns for one in CATALOG.types) == 4


def test_only_descriptors_that_are_returned_are_looked_up() -> None:
    for one in CATALOG.types:
        if one.is_syscall:
            is_fd = one.returns is FieldKind.FD
            assert (plan_of(one)[1] == Capture.FD_RETURNED) is is_fd, one.name
    for name in ("open", "socket", "accept4", "dup3", "memfd_create", "pidfd_open", "fsmount"):
        assert plan(name)[1] == Capture.FD_RETURNED
    for name in ("fcntl", "bpf", "landlock_create_ruleset", "read"):
        assert plan(name)[1] == Capture.NONE


def test_the_kernels_events_need_no_plan() -> None:
    start = KernelEvent.PROCESS_FORK * PLAN.size
    assert not any(PLANS[start:])
    assert PLANS[start:] == bytes((TYPES - KernelEvent.PROCESS_FORK) * PLAN.size)


def test_a_plan_follows_the_layouts_offsets() -> None:
    event = EventType(
        id=1,
        name="it",
        families=(),
        fields=(EventField(name="fd", kind=FieldKind.INT, argument=5, capture=None),),
        fixed=SYSCALL,
        doc="",
    )
    assert plan_of(event) == bytes([Shape.NO_CAPTURE]) + bytes(15)
    offsets = {one.name: one.offset for one in PLAN.fields}
    assert offsets == {"flags": 0, "returned": 1, "captures": 2, "parameters": 8, "content": 14}
