"""`Actions`: what user space does with each record, decided once for each event of a plan.

>>> actions = Actions(plan, maps, sink, reading, on_exit=codes.append, on_unwatch=addresses.append)
>>> actions(record)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from seismo.base.layout import U32, Layout
from seismo.events.decode import Decode, DecodeError, Reading, decoder, layout_decoder
from seismo.events.formatter import Formatter
from seismo.events.kinds import Action, EventLayout
from seismo.events.symbolic import time_text
from seismo.events.value import Value
from seismo.output.sink import Sink
from seismo.plan import Plan
from seismo.runtime.commands import CommandFailed, file_text, shell_text
from seismo.runtime.maps import ScriptMaps
from seismo.runtime.rings import Record

__all__ = ("Actions", "MakeRender", "Render", "as_text")

Render: TypeAlias = Callable[[Sequence[Value]], str]
"""What makes a printf's text of its arguments."""

MakeRender: TypeAlias = Callable[[EventLayout], Render]

_Act: TypeAlias = Callable[[Record], object]


def as_text(event: EventLayout) -> Render:
    """A printf as its format says."""
    return Formatter(event.text, [field.type for field in event.arguments]).render


class Actions:
    """Acts on records; `render` says how a printf becomes text."""

    def __init__(
        self,
        plan: Plan,
        maps: ScriptMaps,
        sink: Sink,
        reading: Reading,
        *,
        on_exit: Callable[[int], object],
        on_unwatch: Callable[[int], object],
        render: MakeRender = as_text,
    ) -> None:
        self._maps = maps
        self._sink = sink
        self._reading = reading
        self._on_exit = on_exit
        self._on_unwatch = on_unwatch
        self._render = render
        self._cat_bytes = plan.settings.max_cat_bytes
        self._decode_id = layout_decoder(Layout.of("record", [("id", U32)]))
        self._acts = {number: self._act(event) for number, event in plan.events.items()}

    def __call__(self, record: Record) -> None:
        """Do what the record asks for; DecodeError for one that no program can have sent."""
        (number,) = self._decode_id(record)
        act = self._acts.get(number)
        if act is None:
            raise DecodeError(f"a record has the unknown event id {number}", 0)
        act(record)

    def _act(self, event: EventLayout) -> _Act:
        decode = decoder(event, self._reading)
        match event.action:
            case Action.PRINTF | Action.ERRORF | Action.WARNF | Action.CAT | Action.SYSTEM:
                return self._act_on_text(event, decode)
            case Action.PRINT_MAP | Action.PRINT_AND_CLEAR | Action.CLEAR | Action.ZERO:
                return self._act_on_map(event, decode)
            case Action.RUNTIME_ERROR | Action.HELPER_ERROR:
                return self._act_on_error(event, decode)
            case Action.PRINT_VALUE:
                return lambda record: self._sink.value(decode(record)[0], event)
            case Action.TIME:
                now = self._reading.resolver.wall_now_ns
                return lambda _: self._sink.time(time_text(event.text, now()))
            case Action.JOIN:
                return lambda record: self._sink.join(event.text.join(decode(record)[0]))
            case Action.UNWATCH:
                return lambda record: self._on_unwatch(decode(record)[0])
            case Action.EXIT:
                return lambda record: self._on_exit(decode(record)[0])

    def _act_on_text(self, event: EventLayout, decode: Decode) -> _Act:
        """What begins with a format and its arguments."""
        sink, span = self._sink, event.span
        text = (self._render if event.action is Action.PRINTF else as_text)(event)
        match event.action:
            case Action.ERRORF:
                return lambda record: sink.errorf(text(decode(record)), span)
            case Action.WARNF:
                return lambda record: sink.warnf(text(decode(record)), span)
            case Action.CAT:
                return lambda record: self._cat(text(decode(record)), event)
            case Action.SYSTEM:
                return lambda record: self._system(text(decode(record)), event)
            case _:
                return lambda record: sink.printf(text(decode(record)), event)

    def _act_on_map(self, event: EventLayout, decode: Decode) -> _Act:
        name, sink, maps = event.text, self._sink, self._maps
        match event.action:
            case Action.CLEAR:
                return lambda _: maps.clear(name)
            case Action.ZERO:
                return lambda _: maps.zero(name)
            case Action.PRINT_AND_CLEAR:
                show = maps.print_and_clear
            case _:
                show = maps.print

        def act(record: Record) -> None:
            top, div = decode(record)
            show(name, sink, top=top, div=div)

        return act

    def _act_on_error(self, event: EventLayout, decode: Decode) -> _Act:
        sink, text, span = self._sink, event.text, event.span
        if event.action is Action.HELPER_ERROR:
            return lambda record: sink.helper_error(text, decode(record)[0], span)
        return lambda _: sink.runtime_error(text, span)

    def _cat(self, path: str, event: EventLayout) -> None:
        try:
            self._sink.cat(file_text(path, self._cat_bytes))
        except CommandFailed as error:
            self._sink.runtime_error(f"cat: {error}", event.span)

    def _system(self, command: str, event: EventLayout) -> None:
        """What the command writes beside its output must come behind what was printed before."""
        self._sink.flush(is_last=True)
        try:
            self._sink.system(shell_text(command))
        except CommandFailed as error:
            self._sink.runtime_error(f"system: {error}", event.span)
