"""Which further programs a kernel takes, by what it has; where functions of the text run."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import cast

import pytest

from c_kernels import KernelOf
from seismo.audit.program.audit_object import AuditObject, sized
from seismo.audit.program.backends import (
    BACKENDS,
    NAMES_FROM_KERNEL,
    Backend,
    Needs,
    choose,
    missed,
    place_of,
    untold,
)
from seismo.audit.program.compile import audit_text
from seismo.audit.record.layout import KERNEL_EVENTS, KernelEvent
from seismo.btf.types import Struct, Type, Typedef
from seismo.c.flavour import ContextKind, flavour_of
from seismo.isa.map_types import MapType
from seismo.isa.prog_types import AttachType, ProgType
from seismo.objects.program import Program
from seismo.probes.view import KernelFunction
from seismo.spec.types import (
    MapSpec,
    ObjectSpec,
    ProgramTarget,
    RawTracepointAttach,
    TracingAttach,
)

STREAM = (
    *(KernelEvent.NET_CONNECT, KernelEvent.NET_CONNECT_FAILED),
    *(KernelEvent.NET_LISTEN, KernelEvent.NET_CLOSE),
)


class KernelWith(KernelOf):
    """A kernel with these raw tracepoints, structs and functions that can be traced."""

    def __init__(
        self, tracepoints: Sequence[str], structs: Sequence[str] = (), functions: Sequence[str] = ()
    ) -> None:
        types: list[Type] = [Typedef(f"btf_trace_{one}", 0) for one in tracepoints]
        types += [Struct(one, 8, ()) for one in structs]
        super().__init__(types)
        self._traceable = functions

    def has(self, feature: str) -> bool:
        return feature == "fentry" and bool(self._traceable)

    def function(self, name: str) -> Sequence[KernelFunction]:
        return [KernelFunction(name, is_traceable=name in self._traceable)]


def files(chosen: Sequence[Backend]) -> list[str]:
    return [one.file for one in chosen]


ALL = sorted({place for one in BACKENDS if one.needs is not Needs.FUNCTION for place in one.places})
FUNCTIONS = ("cap_capable", "commit_creds", *NAMES_FROM_KERNEL.places)


def test_the_better_of_two_is_taken() -> None:
    view = KernelWith(["inet_sock_set_state"])
    assert files(choose(view, STREAM)) == ["socket_events_btf.h"]
    view = KernelWith(ALL, functions=FUNCTIONS)
    capability = choose(view, {KernelEvent.CAPABILITY_USE})
    assert files(capability) == ["capability_events.h"]
    older = KernelWith([one for one in ALL if one != "cap_capable"], functions=FUNCTIONS)
    capability = choose(older, {KernelEvent.CAPABILITY_USE})
    assert files(capability) == ["capability_function.h"]


def test_what_tells_a_part_leaves_the_rest_to_another() -> None:
    changes = {KernelEvent.CREDENTIALS_CHANGE}
    assert files(choose(KernelWith(ALL), changes)) == ["call_events.h"]
    both = choose(KernelWith(ALL, functions=FUNCTIONS), changes)
    assert files(both) == ["credentials_function.h", "call_events.h"]
    partial = choose(KernelWith([], functions=FUNCTIONS), changes)
    assert files(partial) == ["credentials_function.h"]
    assert untold(partial, changes) == changes


def test_nothing_is_taken_that_nobody_wants() -> None:
    assert not choose(KernelWith(ALL, ["module", "filename"], FUNCTIONS), ())
    processes = {KernelEvent.PROCESS_FORK, KernelEvent.PROCESS_EXEC, KernelEvent.PROCESS_EXIT}
    assert not choose(KernelWith(ALL, ["module", "filename"], FUNCTIONS), processes)


def test_names_are_asked_for_with_system_calls() -> None:
    assert choose(KernelWith(ALL, ["filename"], FUNCTIONS), {257}) == (NAMES_FROM_KERNEL,)
    assert choose(KernelWith(ALL, [], FUNCTIONS), {257}) == ()
    assert choose(KernelWith(ALL, ["filename"], FUNCTIONS[:-1]), {257}) == ()
    assert choose(KernelWith(ALL, ["filename"]), {257}) == ()


def test_what_a_kernel_cannot_tell_is_said() -> None:
    modules = {KernelEvent.MODULE_LOAD, KernelEvent.MODULE_FREE}
    assert untold(choose(KernelWith(ALL)), KERNEL_EVENTS) == modules
    assert not untold(choose(KernelWith(ALL, ["module"])), KERNEL_EVENTS)
    assert untold(choose(KernelWith(ALL)), {KernelEvent.MODULE_LOAD, 257}) == {
        KernelEvent.MODULE_LOAD
    }


def test_each_event_but_those_of_processes_has_a_backend() -> None:
    told = {event for one in BACKENDS for event in one.events}
    assert set(KERNEL_EVENTS) - told == {
        *(KernelEvent.PROCESS_FORK, KernelEvent.PROCESS_EXEC, KernelEvent.PROCESS_EXIT)
    }


def test_each_backend_is_a_file_and_its_programs_are_at_its_places() -> None:
    parts = audit_text()
    for one in (*BACKENDS, NAMES_FROM_KERNEL):
        assert all(place in parts[one.file] or one.file == "call_events.h" for place in one.places)


def test_each_slot_of_each_cpu_has_a_record() -> None:
    text = audit_text()["maps.h"]
    slots = re.findall(r"^#define AUDIT_SLOT_\w+ (\d+)", text, re.MULTILINE)
    (count,) = re.findall(r"^#define AUDIT_SLOTS (\d+)$", text, re.MULTILINE)
    assert [int(one) for one in slots] == list(range(int(count)))
    scratch = MapSpec(name="scratch", type=MapType.ARRAY, key_size=4, value_size=8, max_entries=1)
    audit = AuditObject(spec=ObjectSpec(maps=(scratch,), programs=()), programs=(), digest="")
    (made,) = sized(audit, cpus=3).spec.maps
    assert made.max_entries == 3 * int(count)


@pytest.mark.parametrize(
    ("function", "place"),
    [
        ("raw_tracepoint__sys_exit", "sys_exit"),
        ("raw_tracepoint__sys_exit__events", "sys_exit"),
        ("raw_tracepoint__sched_process_exec__changes", "sched_process_exec"),
    ],
)
def test_raw_tracepoints_by_name(function: str, place: str) -> None:
    flavour, attach = place_of(function)
    assert (flavour.type, attach) == (ProgType.RAW_TRACEPOINT, RawTracepointAttach(place))


def test_typed_tracepoints_by_name() -> None:
    flavour, attach = place_of("tp_btf__inet_sock_set_state")
    assert attach == TracingAttach()
    assert (flavour.type, flavour.context) == (ProgType.TRACING, ContextKind.ARGUMENTS)
    assert flavour.expected_attach_type is AttachType.TRACE_RAW_TP
    assert flavour.target == ProgramTarget("btf_trace_inet_sock_set_state")


def test_functions_by_name() -> None:
    flavour, attach = place_of("kretfunc__cap_capable")
    assert attach == TracingAttach()
    assert flavour == flavour_of("kretfunc__cap_capable")


class _Counted:
    """A program as far as its misses go."""

    def __init__(self, name: str, misses: int) -> None:
        self.spec = self
        self.name = name
        self.recursion_misses = misses


def test_programs_that_were_not_run() -> None:
    programs = [cast("Program", _Counted(name, misses)) for name, misses in (("a", 0), ("b", 3))]
    assert missed(programs) == {"b": 3}
