"""A `Manifest` as text and back, exactly: `read_text(write_text(manifest))` equals it.

The text is a line that says what it is, and JSON. How a value is written follows from the type that
its field is declared with, all the way down; so the classes that can come out are those
that a plan is made of, and no name in the text is ever looked up as code. A dataclass is an object
of what is not as its defaults have it; where several classes may stand there is `[name, object]`.
Spans refer to a table of sources, in which each text stands once.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeAlias, cast, get_args, get_origin, get_type_hints

from seismo.base.enum import Enum
from seismo.base.errors import BpfError, FormatError
from seismo.base.source import Source, Span
from seismo.isa.decode import decode
from seismo.isa.encode import encode
from seismo.isa.insn import Insn
from seismo.ship.model import Manifest
from seismo.ship.seal import HEAD, MAGIC, UNSEALED, VERSION

__all__ = ("read_text", "write_text")

_BYTE_ORDER = "little"

_Json: TypeAlias = Any
_Coder: TypeAlias = Callable[[Any], Any]


def write_text(manifest: Manifest) -> bytes:
    """The text, not sealed yet; the same manifest gives the same one."""
    writer = _Writer()
    body = writer.coder(Manifest)(manifest)
    sources = [[one.name, one.text] for one in writer.sources]
    # Escapes keep what file names and scripts may hold beside UTF-8.
    text = json.dumps({"sources": sources, "script": body}, separators=(",", ":")).encode("ascii")
    return b"%s %d %s\n%s\n" % (MAGIC, VERSION, UNSEALED, text)


def read_text(data: bytes) -> Manifest:
    """What `write_text` wrote.

    Raises `FormatError` for anything else, such as text of a newer seismo.
    """
    head = HEAD.match(data)
    if head is None:
        raise FormatError("this is no script that seismo shipped", 0)
    if head[1] != b"%d" % VERSION:
        version = head[1].decode()
        raise FormatError(
            f"a script of version {version}; this seismo reads {VERSION}", head.start(1)
        )
    text = data[head.end() :].removesuffix(b"\n")
    try:
        raw = json.loads(text)
        sources = _sources(raw)
        return cast(Manifest, _Reader(sources).coder(Manifest)(raw["script"]))
    except (ValueError, RecursionError, _Wrong, BpfError) as error:
        raise FormatError(f"the script cannot be read: {error}", head.end()) from error


class _Wrong(Exception):
    """A value that is not of the type that belongs there; the message begins with where."""


def _sources(raw: _Json) -> tuple[Source, ...]:
    if not isinstance(raw, dict) or raw.keys() != {"sources", "script"}:
        raise _Wrong("neither a script nor its sources")
    pair = _Reader(()).coder(tuple[tuple[str, str], ...])
    return tuple([Source(name, text) for name, text in pair(raw["sources"])])


class _Coders(ABC):
    """A coder for each type, made when it is first met."""

    def __init__(self) -> None:
        self._known: dict[Any, _Coder] = {}

    def coder(self, hint: Any) -> _Coder:
        """What turns values of this type into JSON, or back."""
        if hint not in self._known:
            # A type may hold itself: what is made meanwhile asks again when it runs.
            self._known[hint] = lambda value: self._known[hint](value)
            self._known[hint] = self._made(hint)
        return self._known[hint]

    def _made(self, hint: Any) -> _Coder:
        origin, arguments = get_origin(hint), get_args(hint)
        if hint == tuple[Insn, ...]:
            return self.code
        if hint == tuple[Span, ...]:
            return self.spans
        if origin is tuple and arguments[-1] is ...:
            return self.row(self.coder(arguments[0]))
        if origin is tuple:
            return self.group([self.coder(one) for one in arguments])
        if origin is Mapping:
            return self.mapping(*[self.coder(one) for one in arguments])
        if origin is UnionType:
            return self.union(arguments)
        if hint is Span:
            return self.span
        if hasattr(hint, "__seismo_fields__"):
            return self.record(hint)
        if issubclass(hint, Enum):
            return self.enum(hint)
        return {int: self.number, bool: self.flag, str: self.string, bytes: self.blob}[hint]

    @abstractmethod
    def number(self, value: Any) -> Any: ...

    @abstractmethod
    def flag(self, value: Any) -> Any: ...

    @abstractmethod
    def string(self, value: Any) -> Any: ...

    @abstractmethod
    def blob(self, value: Any) -> Any: ...

    @abstractmethod
    def code(self, value: Any) -> Any: ...

    @abstractmethod
    def span(self, value: Any) -> Any: ...

    @abstractmethod
    def spans(self, value: Any) -> Any: ...

    @abstractmethod
    def row(self, one: _Coder) -> _Coder: ...

    @abstractmethod
    def group(self, coders: Sequence[_Coder]) -> _Coder: ...

    @abstractmethod
    def mapping(self, key: _Coder, value: _Coder) -> _Coder: ...

    @abstractmethod
    def union(self, members: Sequence[Any]) -> _Coder: ...

    @abstractmethod
    def record(self, cls: Any) -> _Coder: ...

    @abstractmethod
    def enum(self, cls: Any) -> _Coder: ...


class _Writer(_Coders):
    """To JSON, collecting the sources."""

    def __init__(self) -> None:
        super().__init__()
        self.sources: list[Source] = []
        self._numbers: dict[int, int] = {}

    def number(self, value: int) -> _Json:
        return int(value)

    def flag(self, value: bool) -> _Json:
        return bool(value)

    def string(self, value: str) -> _Json:
        return value

    def blob(self, value: bytes) -> _Json:
        return value.hex()

    def code(self, insns: Sequence[Insn]) -> _Json:
        return encode(insns, _BYTE_ORDER).hex()

    def span(self, span: Span) -> _Json:
        number = self._numbers.setdefault(id(span.source), len(self.sources))
        if number == len(self.sources):
            self.sources.append(span.source)
        return [number, span.start, span.end]

    def spans(self, spans: Sequence[Span]) -> _Json:
        """Neighbours are mostly of one place: how many there are, and it."""
        runs: list[list[int]] = []
        for span in spans:
            place = self.span(span)
            if runs and runs[-1][1:] == place:
                runs[-1][0] += 1
            else:
                runs.append([1, *place])
        return runs

    def row(self, one: _Coder) -> _Coder:
        return lambda values: [one(value) for value in values]

    def group(self, coders: Sequence[_Coder]) -> _Coder:
        return lambda values: [one(value) for one, value in zip(coders, values, strict=True)]

    def mapping(self, key: _Coder, value: _Coder) -> _Coder:
        return lambda values: [[key(name), value(one)] for name, one in values.items()]

    def union(self, members: Sequence[Any]) -> _Coder:
        coders = {member: self.coder(member) for member in members if member is not NoneType}
        tagged = _records(members) if len(coders) > 1 else {}

        def write(value: Any) -> _Json:
            if value is None:
                return None
            name, body = type(value).__name__, coders[type(value)](value)
            return [name, body] if name in tagged else body

        return write

    def record(self, cls: Any) -> _Coder:
        coders = {name: self.coder(hint) for name, hint in _hints(cls).items()}
        fields = cls.__seismo_fields__

        def write(value: Any) -> _Json:
            body: dict[str, _Json] = {}
            for name, coder in coders.items():
                part = getattr(value, name)
                if not (fields[name].has_default and _is_same(part, fields[name].initial())):
                    body[name] = coder(part)
            return body

        return write

    def enum(self, cls: Any) -> _Coder:
        return lambda member: member.name


class _Reader(_Coders):
    """From JSON, of which nothing is trusted."""

    def __init__(self, sources: Sequence[Source]) -> None:
        super().__init__()
        self._sources = sources

    def number(self, raw: _Json) -> int:
        return cast(int, _checked(raw, int))

    def flag(self, raw: _Json) -> bool:
        return cast(bool, _checked(raw, bool))

    def string(self, raw: _Json) -> str:
        return cast(str, _checked(raw, str))

    def blob(self, raw: _Json) -> bytes:
        return bytes.fromhex(self.string(raw))

    def code(self, raw: _Json) -> tuple[Insn, ...]:
        return tuple(decode(self.blob(raw), _BYTE_ORDER))

    def span(self, raw: _Json) -> Span:
        words = [self.number(one) for one in _checked(raw, list)]
        if len(words) != 3 or not 0 <= words[0] < len(self._sources):
            raise _Wrong(f"{raw} is no place in a source")
        return Span(self._sources[words[0]], *words[1:])

    def spans(self, raw: _Json) -> tuple[Span, ...]:
        spans: list[Span] = []
        for run in _checked(raw, list):
            count, *place = _checked(run, list)
            spans += [self.span(place)] * min(self.number(count), _MOST_INSNS)
        return tuple(spans)

    def row(self, one: _Coder) -> _Coder:
        return lambda raw: tuple([one(value) for value in _checked(raw, list)])

    def group(self, coders: Sequence[_Coder]) -> _Coder:
        def read(raw: _Json) -> tuple[Any, ...]:
            if len(_checked(raw, list)) != len(coders):
                raise _Wrong(f"{len(raw)} values, not {len(coders)}")
            return tuple([one(value) for one, value in zip(coders, raw, strict=True)])

        return read

    def mapping(self, key: _Coder, value: _Coder) -> _Coder:
        pairs = self.row(self.group((key, value)))
        return lambda raw: dict(pairs(raw))

    def union(self, members: Sequence[Any]) -> _Coder:
        classes = _records(members)
        coders = {member: self.coder(member) for member in members if member is not NoneType}
        only = next(iter(coders.values())) if len(coders) == 1 else None

        def read(raw: _Json) -> Any:
            if raw is None and NoneType in members:
                return None
            if only is not None:
                return only(raw)
            if isinstance(raw, list) and len(raw) == 2 and self.string(raw[0]) in classes:
                return coders[classes[raw[0]]](raw[1])
            if type(raw) not in coders:
                raise _Wrong(f"{str(raw)[:40]!r} is of no type that may stand here")
            return coders[type(raw)](raw)

        return read

    def record(self, cls: Any) -> _Coder:
        coders = {name: self.coder(hint) for name, hint in _hints(cls).items()}
        needed = [name for name, one in cls.__seismo_fields__.items() if not one.has_default]

        def read(raw: _Json) -> Any:
            values: dict[str, Any] = {}
            for name, part in _checked(raw, dict).items():
                if name not in coders:
                    raise _Wrong(f"{cls.__name__} has no '{name}'")
                try:
                    values[name] = coders[name](part)
                except _Wrong as error:
                    raise _Wrong(f"{cls.__name__}.{name}: {error}") from error
            for name in needed:
                if name not in values:
                    raise _Wrong(f"{cls.__name__} without its '{name}'")
            return cls(**values)

        return read

    def enum(self, cls: Any) -> _Coder:
        def read(raw: _Json) -> Any:
            if self.string(raw) not in cls.__members__:
                raise _Wrong(f"'{raw}' is no {cls.__name__}")
            return cls[raw]

        return read


_MOST_INSNS = 1 << 20  # the kernel takes no more: include/linux/bpf.h, BPF_COMPLEXITY_LIMIT_INSNS


@cache
def _hints(cls: Any) -> Mapping[str, Any]:
    """The types of a class's fields."""
    hints = get_type_hints(cls)
    return {name: hints[name] for name in cls.__seismo_fields__}


def _records(members: Sequence[Any]) -> dict[str, Any]:
    """Those of the members that are dataclasses, by name."""
    return {one.__name__: one for one in members if hasattr(one, "__seismo_fields__")}


def _is_same(value: Any, default: Any) -> bool:
    return type(value) is type(default) and value == default


def _checked(raw: _Json, kind: type[Any]) -> Any:
    if type(raw) is not kind:
        raise _Wrong(f"{str(raw)[:40]!r} is no {kind.__name__}")
    return raw
