"""The catalog against this kernel's tracefs: every system call that it tells of."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from seismo.audit.catalog.build import audit_catalog, shipped_catalog
from seismo.audit.record.layout import SYSCALL
from seismo.engine.syscall_table import ENTER, EXIT, system_call_names
from seismo.kernel.live import LiveKernel
from seismo.kernel.tracefs import Tracefs
from seismo.lang.syscall_names import SYSCALLS
from seismo.views import LiveView

pytestmark = pytest.mark.kernel


@pytest.fixture
def view(kernel: LiveKernel) -> Iterator[LiveView]:
    with Tracefs(kernel) as tracefs:
        yield LiveView(kernel, tracefs)


def entries(view: LiveView) -> list[str]:
    """What tracefs calls the system calls that it tells of."""
    return [one.removeprefix(ENTER) for one in view.tracepoints() if one.startswith(ENTER)]


def test_every_system_call_of_the_kernel_is_in_the_catalog(view: LiveView) -> None:
    catalog = audit_catalog(view)
    names = system_call_names(view.machine())
    numbers = {called: number for number, called in names.items()}
    told = entries(view)
    assert len(told) > 300
    assert set(told) <= set(numbers)
    for called in told:
        number = numbers[called]
        event = catalog.by_id(number)
        assert event.name == SYSCALLS[view.machine()][number]
        assert "unknown" not in event.families


def test_every_field_is_the_one_that_the_kernel_tells(view: LiveView) -> None:
    catalog = audit_catalog(view)
    numbers = {called: number for number, called in system_call_names(view.machine()).items()}
    for called in entries(view):
        number, *fields = view.tracepoint("syscalls", f"sys_enter_{called}").fields
        assert (number.name, number.offset, number.size) == ("__syscall_nr", 8, 4)
        event = catalog.by_id(numbers[called])
        assert [(one.name, one.c_type) for one in event.fields] == [
            (one.name, one.c_type) for one in fields
        ]
        assert [one.argument for one in event.fields] == list(range(len(fields)))


def test_arguments_lie_as_in_the_kernels_format(view: LiveView) -> None:
    """The record has six u64; the format has them 8 bytes each, from 16 on."""
    args = SYSCALL.field("args")
    for called in entries(view):
        fields = view.tracepoint("syscalls", f"sys_enter_{called}").fields[1:]
        places = [(one.offset - 16 + args.offset, one.size) for one in fields]
        assert places == [(8 * at, 8) for at in range(len(fields))], called
        assert 8 * len(fields) <= SYSCALL.size
        ends = view.tracepoint("syscalls", f"sys_exit_{called}").fields
        assert [(one.name, one.offset, one.size) for one in ends] == [
            *(("__syscall_nr", 8, 4), ("ret", 16, 8)),
        ]
    assert EXIT == "syscalls:sys_exit_"


def test_what_ships_has_the_same_meanings_as_what_the_kernel_tells(view: LiveView) -> None:
    """Names of arguments may differ from kernel to kernel; their number and meaning do not."""
    told = audit_catalog(view)
    shipped = shipped_catalog(view.machine())
    assert [one.name for one in told.types] == [one.name for one in shipped.types]
    for ours, theirs in zip(shipped.types, told.types, strict=True):
        assert [one.kind for one in ours.fields] == [one.kind for one in theirs.fields], ours.name
        assert [one.capture for one in ours.fields] == [one.capture for one in theirs.fields]
