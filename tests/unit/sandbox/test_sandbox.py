"""The sandbox: what it lets by, what stops a run, and that nothing of a run is left outside."""

from __future__ import annotations

import errno
import os
import signal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from insn_strategies import any_insn
from seismo.base.source import Source, Span
from seismo.isa.errors import NotFound
from seismo.isa.helper_table import TABLE
from seismo.isa.insn import Insn
from seismo.isa.map_types import MapType
from seismo.isa.parse import parse_listing
from seismo.isa.prog_types import ProgType
from seismo.sandbox.child import LostChild, run_in_child
from seismo.sandbox.outcome import Change, Guard, Outcome, Stop
from seismo.sandbox.policy import HARMLESS, POWERFUL, Policy, with_helpers
from seismo.sandbox.sandbox import Sandbox
from seismo.sandbox.wire import outcome_of, packed
from seismo.spec.types import MapSpec, ProgramSpec
from seismo.vm.environment import Environment
from seismo.vm.machine import Machine
from seismo.vm.memory import Memory

COUNTS = MapSpec(
    name="counts",
    type=MapType.HASH,
    key_size=4,
    value_size=8,
    max_entries=4,
    contents=((bytes(4), bytes(8)),),
)
RING = MapSpec(name="ring", type=MapType.RINGBUF, key_size=0, value_size=0, max_entries=4096)

PUT = """
*(u32 *)(r10 -4) = 7
*(u64 *)(r10 -16) = 9
r2 = r10
r2 += -4
r3 = r10
r3 += -16
r1 = map[fd:0]
r4 = 0
call bpf_map_update_elem#2
exit
"""
STORE = """
*(u32 *)(r10 -4) = 0
r2 = r10
r2 += -4
r1 = map[fd:0]
call bpf_map_lookup_elem#1
*(u64 *)(r0 +0) = 5
r0 = 0
exit
"""
READ = """
r6 = r1
r1 = r10
r1 += -8
r2 = 8
r3 = 4096
call bpf_probe_read_user#112
r1 = r10
r1 += -8
r2 = 8
r3 = 4100
call bpf_probe_read_user#112
exit
"""
ENDLESS = "goto pc-1\nexit"


def program(text: str, *names: str) -> ProgramSpec:
    """A program whose n-th load of a map is the n-th name."""
    insns = parse_listing(text)
    loads = [index for index, insn in enumerate(insns) if insn.is_map_load]
    return ProgramSpec(
        name="tried",
        type=ProgType.RAW_TRACEPOINT,
        insns=insns,
        map_refs=tuple(zip(loads, names, strict=True)),
    )


def stop_of(outcome: Outcome) -> Stop:
    assert outcome.stop is not None, str(outcome)
    assert outcome.r0 is None
    return outcome.stop


@pytest.fixture(params=[False, True], ids=["here", "in a child"])
def is_isolated(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def test_an_outcome_says_all_that_a_run_did(is_isolated: bool) -> None:
    outcome = Sandbox(Policy(is_isolated=is_isolated)).run(program(PUT, "counts"), (COUNTS,), b"ab")
    assert outcome == Outcome(
        r0=0,
        steps=10,
        calls=(("map_update_elem", 1),),
        context=b"ab",
        changes=(Change("counts", b"\7\0\0\0", None, b"\x09" + bytes(7)),),
    )


def test_records_lines_and_signals_are_told_and_not_sent(is_isolated: bool) -> None:
    text = """
    *(u64 *)(r10 -8) = 26984
    r1 = map[fd:0]
    r2 = r10
    r2 += -8
    r3 = 8
    r4 = 0
    call bpf_ringbuf_output#130
    r1 = r10
    r1 += -8
    r2 = 8
    call bpf_trace_printk#6
    r1 = 9
    call bpf_send_signal#109
    exit
    """
    policy = Policy(helpers=with_helpers(frozenset({"bpf_send_signal"})), is_isolated=is_isolated)
    outcome = Sandbox(policy).run(program(text, "ring"), (RING,))
    assert outcome.records == (("ring", b"hi" + bytes(6)),)
    assert outcome.printed == (b"hi",)
    assert outcome.signals == (signal.SIGKILL,)


@pytest.mark.parametrize(
    ("text", "policy", "guard", "slot", "why"),
    [
        ("r0 = *(u64 *)(r1 +0)\nexit", Policy(), Guard.MEMORY, 0, "reads 8 bytes at ctx+0, past"),
        ("*(u8 *)(r1 +0) = 1\nexit", Policy(), Guard.MEMORY, 0, "which is read-only"),
        ("*(u8 *)(r10 +0) = 1\nexit", Policy(), Guard.MEMORY, 0, "above the frame"),
        ("call bpf_probe_write_user#36\nexit", Policy(), Guard.HELPERS, 0, "does not permit"),
        (
            "call bpf_skb_vlan_pop#19\nexit",
            Policy(helpers=frozenset({"skb_vlan_pop"})),
            Guard.HELPERS,
            0,
            "this machine does not have",
        ),
        (ENDLESS, Policy(steps=7), Guard.STEPS, 0, "has made 7 steps"),
        ("call pc-1\nexit", Policy(stack_bytes=1024), Guard.SPACE, 0, "1024 bytes of stack"),
        ("call pc-1\nexit", Policy(memory_bytes=600), Guard.SPACE, 0, "600 bytes of memory"),
        ("exit", Policy(stack_bytes=256), Guard.SPACE, -1, "256 bytes of stack"),
        ("r10 = 0\nexit", Policy(), Guard.FORM, 0, "r10 cannot be written"),
        ("r0 = 0\n" + ENDLESS, Policy(steps=1), Guard.STEPS, 1, "has made 1 steps"),
    ],
)
def test_what_stops_a_run(text: str, policy: Policy, guard: Guard, slot: int, why: str) -> None:
    stop = stop_of(Sandbox(policy).run(program(text), (), b"four"))
    assert (stop.guard, stop.slot) == (guard, slot)
    assert why in stop.why


def test_a_bad_access_has_an_address() -> None:
    stop = stop_of(Sandbox(Policy()).run(program("r1 = 16\nr0 = *(u64 *)(r1 +0)\nexit")))
    assert (stop.address, stop.insn) == (16, "r0 = *(u64 *)(r1 +0)")


def test_the_place_in_the_script() -> None:
    source = Source("a.bt", "BEGIN {\n  oops\n}\n")
    spans = (Span(source, 0, 5), Span(source, 10, 14))
    spec = program("r0 = *(u64 *)(r1 +0)\nexit")
    with_spans = ProgramSpec(name="p", type=spec.type, insns=spec.insns, spans=spans[::-1])
    assert stop_of(Sandbox(Policy()).run(with_spans)).place == "a.bt:2:3: oops"


def test_a_context_may_be_written_where_the_policy_says_so() -> None:
    outcome = Sandbox(Policy(may_write_context=True)).run(
        program("*(u8 *)(r1 +1) = 120\nr0 = 0\nexit"), (), b"abc"
    )
    assert (outcome.r0, outcome.context) == (0, b"axc")


@pytest.mark.parametrize(("text", "guard"), [(PUT, Guard.MAPS), (STORE, Guard.MEMORY)])
def test_maps_that_may_not_be_changed(text: str, guard: Guard) -> None:
    policy = Policy(writable_maps=frozenset({"another"}))
    outcome = Sandbox(policy).run(program(text, "counts"), (COUNTS,))
    assert stop_of(outcome).guard is guard
    assert outcome.changes == ()
    allowed = Policy(writable_maps=frozenset({"counts"}))
    assert Sandbox(allowed).run(program(text, "counts"), (COUNTS,)).has_ended


def test_rings_that_may_not_be_written() -> None:
    reserve = "r1 = map[fd:0]\nr2 = 8\nr3 = 0\ncall bpf_ringbuf_reserve#131\nexit"
    policy = Policy(writable_maps=frozenset())
    stop = stop_of(Sandbox(policy).run(program(reserve, "ring"), (RING,)))
    assert (stop.guard, stop.slot) == (Guard.MAPS, 4)


def test_maps_that_would_take_too_much() -> None:
    stop = stop_of(Sandbox(Policy(map_bytes=47)).run(program(PUT, "counts"), (COUNTS,)))
    assert (stop.guard, stop.why) == (
        Guard.SPACE,
        "has maps of 48 bytes, and the policy permits 47",
    )
    assert Sandbox(Policy(map_bytes=48)).run(program(PUT, "counts"), (COUNTS,)).has_ended


def test_runs_know_nothing_of_one_another() -> None:
    sandbox = Sandbox(Policy())
    first = sandbox.run(program(PUT, "counts"), (COUNTS,))
    assert sandbox.run(program(PUT, "counts"), (COUNTS,)) == first


def test_user_memory_is_read_once() -> None:
    outside = Environment(read_user=lambda at, size: bytes(size))
    reading = with_helpers(frozenset({"probe_read_user"}))
    assert Sandbox(Policy(helpers=reading), outside).run(program(READ)).r0 == 0
    policy = Policy(helpers=reading, reads_user_once=True)
    stop = stop_of(Sandbox(policy, outside).run(program(READ)))
    assert (stop.guard, stop.slot) == (Guard.READS, 10)
    assert stop.why == "reads user memory at 0x1004 again"
    apart = READ.replace("4100", "4104")
    assert Sandbox(policy, outside).run(program(apart)).r0 == 0


def test_the_lists_of_helpers() -> None:
    assert not HARMLESS & POWERFUL
    assert {"map_lookup_elem", "ktime_get_ns", "ringbuf_submit"} <= HARMLESS
    assert with_helpers(frozenset({"bpf_probe_read", "probe_read"})) - HARMLESS == {"probe_read"}
    with pytest.raises(NotFound, match="no helper is called 'probe_raed'"):
        with_helpers(frozenset({"probe_raed"}))


def test_processor_time_of_a_child_ends() -> None:
    policy = Policy(is_isolated=True, seconds=1, steps=1 << 60)
    stop = stop_of(Sandbox(policy).run(program(ENDLESS)))
    assert (stop.guard, stop.why) == (Guard.TIME, "has used 1 seconds of processor time")


def test_memory_of_a_child_ends() -> None:
    policy = Policy(process_bytes=1 << 20)
    outcome = run_in_child(policy, lambda: Outcome(context=bytes(1 << 28)))
    assert stop_of(outcome).guard is Guard.SPACE


def test_a_child_opens_nothing() -> None:
    def work() -> Outcome:
        try:
            os.close(os.open("/dev/null", os.O_RDONLY))
        except OSError as error:
            return Outcome(r0=error.errno)
        return Outcome(r0=0)

    assert run_in_child(Policy(), work).r0 == errno.EMFILE


def test_a_child_that_is_lost() -> None:
    def work() -> Outcome:
        os._exit(5)

    with pytest.raises(LostChild, match="ended with status 5"):
        run_in_child(Policy(), work)


NUMBERS = st.integers(0, (1 << 64) - 1)
STOPS = st.builds(
    Stop,
    st.sampled_from(list(Guard)),
    st.text(),
    st.integers(-1, 99),
    st.text(),
    NUMBERS,
    st.text(),
)


@given(
    st.builds(
        Outcome,
        r0=st.none() | NUMBERS,
        stop=st.none() | STOPS,
        steps=NUMBERS,
        calls=st.lists(st.tuples(st.text(), NUMBERS)).map(tuple),
        context=st.binary(),
        changes=st.lists(
            st.builds(Change, st.text(), st.binary(), st.none() | st.binary(), st.binary())
        ).map(tuple),
        records=st.lists(st.tuples(st.text(), st.binary())).map(tuple),
        printed=st.lists(st.binary()).map(tuple),
        signals=st.lists(st.integers(1, 64)).map(tuple),
    )
)
def test_outcomes_survive_the_pipe(outcome: Outcome) -> None:
    assert outcome_of(packed(outcome)) == outcome


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(any_insn(), min_size=1, max_size=12), st.binary(max_size=16))
def test_any_instructions_have_an_outcome(insns: list[Insn], context: bytes) -> None:
    """Whatever the program is, it ends or is stopped: nothing is raised, and no step too many."""
    refs = tuple((index, "counts") for index, insn in enumerate(insns) if insn.is_map_load)
    spec = ProgramSpec(name="any", type=ProgType.RAW_TRACEPOINT, insns=tuple(insns), map_refs=refs)
    every = frozenset(row[0] for row in TABLE)
    outcome = Sandbox(Policy(helpers=every, steps=50)).run(spec, (COUNTS,), context)
    assert outcome.has_ended != (outcome.r0 is None)
    assert outcome.steps <= 50


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(any_insn().filter(lambda insn: not insn.is_call), min_size=1, max_size=12))
def test_what_is_not_stopped_computes_what_the_machine_does(insns: list[Insn]) -> None:
    insns = [insn for insn in insns if not insn.is_map_load] + list(parse_listing("exit"))
    spec = ProgramSpec(name="any", type=ProgType.RAW_TRACEPOINT, insns=tuple(insns))
    outcome = Sandbox(Policy(steps=50, may_write_context=True)).run(spec, (), bytes(16))
    if outcome.stop is not None:
        return
    context = bytearray(16)
    memory = Memory()
    machine = Machine(spec, memory=memory, budget=50)
    assert machine.run(memory.allocate(context, "ctx")).r0 == outcome.r0
    assert bytes(context) == outcome.context
