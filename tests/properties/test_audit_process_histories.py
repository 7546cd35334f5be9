"""Any history of forks, executions and exits, in any order: the table equals a plain model."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from audit_histories import History, Who
from seismo.audit.correlate.dns import NoAnswer, parse_answer
from seismo.audit.correlate.process_table import Bounds, ProcessTable
from seismo.audit.correlate.timeline import Timeline
from seismo.audit.correlate.tracked import change_of

STEPS = st.lists(
    st.tuples(st.sampled_from(("fork", "exec", "exit", "thread")), st.integers(0, 1000)),
    max_size=60,
)


class Model:
    """What happened, by a list of all processes and what each was at the end."""

    def __init__(self) -> None:
        self.parents: dict[tuple[int, int], tuple[int, int] | None] = {}
        self.images: dict[tuple[int, int], str] = {}
        self.ends: dict[tuple[int, int], int] = {}
        self.threads: dict[tuple[int, int], int] = {}

    def ancestors(self, key: tuple[int, int]) -> list[tuple[int, int]]:
        found = []
        parent = self.parents[key]
        while parent is not None:
            found.append(parent)
            parent = self.parents[parent]
        return found


def played(steps: list[tuple[str, int]]) -> tuple[list[bytes], Model]:
    """The records of a history that begins with one shell, and the model of it. Ids are few, so
    that they are used again."""
    history, model = History(), Model()
    shell = history.process(1, 5)
    history.exec(shell, ["sh"])
    alive: list[Who] = [shell]
    model.parents[1, 5], model.images[1, 5], model.threads[1, 5] = None, "/usr/bin/sh", 1
    for at, (step, choice) in enumerate(steps):
        who = alive[choice % len(alive)]
        key = who.tgid, who.start_ns
        if step == "fork":
            used = {one.tgid for one in alive}
            child = history.fork(who, next(id for id in range(2, 100) if id not in used))
            alive.append(child)
            made = child.tgid, child.start_ns
            model.parents[made], model.images[made] = key, model.images[key]
            model.threads[made] = 1
        elif step == "exec":
            history.exec(who, [f"tool{at}"])
            model.images[key] = f"/usr/bin/tool{at}"
        elif step == "thread":
            history.thread(who, 500 + at)
            model.threads[key] += 1
        elif who is not shell:
            history.exit(who, choice % 256)
            alive.remove(who)
            model.ends[key] = choice % 256
            model.threads[key] -= 1
    return history.records, model


def compare(table: ProcessTable, model: Model) -> None:
    for key, parent in model.parents.items():
        found = table.find(*key)
        assert found.exe == model.images[key]
        assert [one.key for one in found.ancestors] == model.ancestors(key)
        assert (found.parent.key if found.parent is not None else None) == parent
        assert found.has_exited == (key in model.ends)
        assert found.exit.code == model.ends.get(key, 0)
        assert found.life.threads == model.threads[key]
    assert len(table) == len(model.parents)
    assert table.unseen_exits == 0


@given(STEPS)
@settings(max_examples=100, deadline=None)
def test_the_table_equals_the_model(steps: list[tuple[str, int]]) -> None:
    records, model = played(steps)
    table = ProcessTable()
    for record in records:
        table.apply(change_of(record))
    compare(table, model)
    assert table.guessed == 1


@given(STEPS, st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_in_whatever_order_events_come(steps: list[tuple[str, int]], random: object) -> None:
    records, model = played(steps)
    random.shuffle(records)  # type: ignore[attr-defined]
    table = ProcessTable()
    for record in records:
        table.apply(change_of(record))
    compare(table, model)


@given(STEPS, st.integers(0, 5))
@settings(max_examples=50, deadline=None)
def test_the_bound_holds_and_those_that_are_left_are_right(
    steps: list[tuple[str, int]], kept: int
) -> None:
    records, model = played(steps)
    table = ProcessTable(bounds=Bounds(exited=kept))
    for record in records:
        table.apply(change_of(record))
        table.trim()
    assert len(table) + table.forgotten == len(model.parents)
    assert table.forgotten == max(len(model.ends) - kept, 0)
    for life in table:
        found = life.at(table.now_ns)
        assert found.exe == model.images[life.key]
        # Nobody is invented, and who is left out is counted.
        assert [one.key for one in found.ancestors] == [
            key for key in model.ancestors(life.key) if key in {one.key for one in found.ancestors}
        ]
        missing = life.missing + sum(one.life.missing for one in found.ancestors)
        assert len(found.ancestors) + missing == len(model.ancestors(life.key))


@given(st.lists(st.tuples(st.integers(0, 50), st.integers()), max_size=30))
def test_a_timeline_equals_a_dictionary(entries: list[tuple[int, int]]) -> None:
    line, model = Timeline[int](), dict[int, int]()
    for time, value in entries:
        line.put(time, value)
        model[time] = value
    for time in range(-1, 52):
        earlier = [one for one in model if one <= time]
        assert line.at(time, -1) == (model[max(earlier)] if earlier else -1)
        assert line.has_at(time) is bool(earlier)
    assert line.times() == tuple(sorted(model))


@given(st.binary(max_size=200))
def test_any_bytes_are_an_answer_or_none(data: bytes) -> None:
    head = b"\0\7\x81\x80\0\1\0\3\0\0\0\0"
    for message in (data, head + data, head + b"\1a\0\0\1\0\1" + data):
        with suppress(NoAnswer):
            parse_answer(message)
