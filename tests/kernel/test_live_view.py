"""The running kernel as compile time sees it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import record_view
from seismo.kernel.live import LiveKernel
from seismo.kernel.tracefs import Tracefs
from seismo.lang.ctype import arguments_type
from seismo.lang.types import IntType, PointerType
from seismo.probes.view import TracepointNotFound
from seismo.views import LiveView, RecordedView

pytestmark = pytest.mark.kernel


@pytest.fixture
def view(kernel: LiveKernel) -> Iterator[LiveView]:
    with Tracefs(kernel) as tracefs:
        yield LiveView(kernel, tracefs)


def test_every_tracepoint_has_typed_arguments(view: LiveView) -> None:
    names = view.tracepoints()
    assert list(names) == sorted(names)
    assert len(names) > 500
    for one in names:
        format_ = view.tracepoint(*one.split(":"))
        record = arguments_type(format_)
        for field in record.fields:
            size = next(each.size for each in format_.fields if each.name == field.name)
            assert field.offset + size <= record.size
            if isinstance(field.type, IntType):
                assert field.type.bits <= size * 8


def test_a_system_call(view: LiveView) -> None:
    record = arguments_type(view.tracepoint("syscalls", "sys_enter_openat"))
    assert str(record.field("dfd").type) == "int32"
    assert record.field("dfd").offset == 16
    assert record.field("filename").type == PointerType(IntType(8, True), "user")


def test_no_such_tracepoint(view: LiveView) -> None:
    with pytest.raises(TracepointNotFound) as caught:
        view.tracepoint("syscalls", "sys_enter_opennat")
    assert caught.value.hint == "did you mean 'syscalls:sys_enter_openat'?"


def test_a_recording_answers_as_the_kernel_does(view: LiveView, tmp_path: Path) -> None:
    names = ["sched:sched_switch", "syscalls:sys_enter_execve"]
    (tmp_path / "types").write_text("# processes\ntask_struct pid comm # two\nlist_head\n")
    record_view.record(tmp_path, names)
    recorded = RecordedView(tmp_path)
    assert list(recorded.tracepoints()) == names
    assert recorded.possible_cpus() == view.possible_cpus()
    for one in names:
        category, name = one.split(":")
        assert recorded.tracepoint(category, name) == view.tracepoint(category, name)
    assert recorded.machine() == view.machine()
    small, whole = recorded.btf(), view.btf()
    assert len(small) < 20
    for path in ("task_struct: pid", "task_struct: comm", "list_head: prev->next"):
        assert small.resolve(path).offsets == whole.resolve(path).offsets
