"""`RecordingSink`: takes the records of a `Recorder` out of a session, and writes hits."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

from seismo.base.dataclass import dataclass
from seismo.builtin.bytes import UNREADABLE
from seismo.engine.hit import Hit
from seismo.engine.hit import Value as Argument
from seismo.engine.record import (
    PRODUCED,
    SYSTEM_CALL_EXIT,
    CallForm,
    LateForm,
    PlaceForm,
    Recorder,
)
from seismo.engine.recording import Accounts, RecordingWriter
from seismo.engine.syscall_table import ENTER, EXIT
from seismo.events.kinds import EventLayout, FaultSite, MapView
from seismo.events.value import Row, Value
from seismo.output.capture import CaptureSink
from seismo.vm.environment import Task

__all__ = ("RecordingSink",)

_HELD_MOST = 1 << 16
"""How many hits wait for text that one of them still lacks."""


@dataclass(slots=True, eq=False)
class _Held:
    """A hit that waits for its turn: `missing` of its `texts` have still to be read."""

    hit: Hit
    arguments: dict[str, Argument]
    texts: Sequence[str]
    missing: set[str]


class RecordingSink(CaptureSink):
    """Writes to `writer`; `finish` when the session has finished.

    A hit that lacks text waits for it, and the hits after it wait for their turn. `warnings` are
    what the session had to say.
    """

    def __init__(self, recorder: Recorder, writer: RecordingWriter) -> None:
        super().__init__()
        self._recorder = recorder
        self._writer = writer
        self._held: deque[_Held] = deque()
        self._lacking: dict[int, _Held] = {}
        self._produced = 0
        self._unread = 0
        self._common = recorder.common_count

    def value(self, value: Value, event: EventLayout) -> None:
        assert isinstance(value, tuple), "the recorder prints nothing else"
        number, *values = value
        assert isinstance(number, int), "the number of a form"
        match self._recorder.forms[number]:
            case PlaceForm() as form:
                self._place(form, values)
            case CallForm() as form:
                self._call(form, values)
            case LateForm():
                self._complete(values)
        self._release()

    def map(self, view: MapView, rows: Sequence[Row]) -> None:
        if view.name == PRODUCED and rows:
            (_, count), *_ = rows
            assert isinstance(count, int), "it is a count()"
            self._produced = count

    def fault(self, site: FaultSite, count: int, message: str) -> None:
        if site.kind != "string":
            self.warnings.append(message)

    def finish(self) -> Accounts:
        """Write what is still held, and the accounts, which are exact."""
        for held in self._held:
            self._give_up(held)
        self._release()
        recorded = self._writer.count
        accounts = Accounts(
            produced=self._produced,
            recorded=recorded,
            lost=self._produced - recorded,
            unread=self._unread,
        )
        self._writer.end(accounts)
        return accounts

    def _place(self, form: PlaceForm, values: Sequence[Any]) -> None:
        data = values[self._common :]
        at, names = form.at, form.names
        if at == SYSTEM_CALL_EXIT:
            (name, _), (_, *data) = self._recorder.calls[data[0]], data
            at, names = f"tracepoint:{EXIT}{name}", ("ret",)
        arguments = dict(zip(names, map(_argument, data), strict=True))
        self._hold(_Held(self._hit(at, values, arguments), arguments, (), set()))

    def _call(self, form: CallForm, values: Sequence[Any]) -> None:
        number, registers, *texts = values[self._common :]
        name, parameters = self._recorder.calls[number]
        arguments: dict[str, Argument] = dict(zip(parameters, registers, strict=False))
        names = [parameters[index] for index in form.texts]
        missing = {one for one in names if arguments[one]}
        words = texts.pop() if form.words >= 0 else ()
        if words and registers[form.words]:
            arguments[parameters[form.words]] = words
        held = _Held(
            self._hit(f"tracepoint:{ENTER}{name}", values, arguments), arguments, names, missing
        )
        _fill(held, texts)
        if not form.is_late:
            self._give_up(held)
        thread = held.hit.task.tid
        if former := self._lacking.pop(thread, None):
            # Its call has ended, and the record of that was lost; or another thread is called so.
            self._give_up(former)
        if missing:
            self._lacking[thread] = held
        self._hold(held)

    def _complete(self, values: Sequence[Any]) -> None:
        """The text that a thread's call had lacked; the record of the call may have been lost."""
        thread, *texts = values
        if held := self._lacking.pop(thread, None):
            _fill(held, texts)
            self._give_up(held)

    def _hit(self, at: str, values: Sequence[Any], arguments: dict[str, Argument]) -> Hit:
        ns, cpu, pid, tid, uid, gid, cgroup, comm, *stacks = values[: self._common]
        kernel_stack, user_stack = map(_addresses, stacks or ("", ""))
        return Hit(
            at=at,
            ns=ns,
            cpu=cpu,
            task=Task(
                pid=pid,
                tid=tid,
                uid=uid,
                gid=gid,
                comm=comm.encode("utf-8", "surrogateescape"),
                cgroup_id=cgroup,
            ),
            arguments=arguments,
            kernel_stack=kernel_stack,
            user_stack=user_stack,
        )

    def _hold(self, held: _Held) -> None:
        self._held.append(held)
        if len(self._held) > _HELD_MOST:
            self._give_up(self._held[0])

    def _give_up(self, held: _Held) -> None:
        """What is missing stays a pointer."""
        self._unread += len(held.missing)
        held.missing.clear()

    def _release(self) -> None:
        while self._held and not self._held[0].missing:
            self._writer.hit(self._held.popleft().hit)


def _fill(held: _Held, texts: Sequence[str]) -> None:
    for name, text in zip(held.texts, texts, strict=True):
        if name in held.missing and text != UNREADABLE:
            held.arguments[name] = text
            held.missing.remove(name)


def _argument(value: Any) -> Argument:
    """A bool is a number."""
    return int(value) if isinstance(value, bool) else value


def _addresses(text: str) -> tuple[int, ...]:
    """Those of a raw stack, a line each."""
    return tuple([int(line, 16) for line in text.split()])
