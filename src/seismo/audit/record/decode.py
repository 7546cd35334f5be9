"""`Decoder`: a record's bytes to an `AuditEvent`, whose fields are decoded when they are asked for.

>>> decoder = Decoder(catalog, handlers)
>>> decoder.event(record).values["filename"]
'/etc/hostname'

What is known of a type is worked out once, when its first record comes: which registers its fields
are in and how wide they are, so that all numbers of a record are one call of `struct`.
"""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct
from typing import Any, Protocol, TypeAlias

from seismo.audit.catalog.c_types import argument_value
from seismo.audit.catalog.constants import capability_names, errno_name
from seismo.audit.catalog.model import EventField, EventType, FieldKind
from seismo.audit.catalog.structs import STRUCTS, decode_struct, variant_of
from seismo.audit.record import sections
from seismo.audit.record.event import AuditEvent, FileObject, Part, Path, SocketState
from seismo.audit.record.handlers import NO_HANDLERS, Handlers
from seismo.audit.record.layout import (
    HEADER,
    NO_ARGUMENT,
    SYSCALL,
    Capture,
    EventFlag,
    Section,
    SectionFlag,
)
from seismo.audit.record.sections import DamagedRecord
from seismo.base.errors import BpfError
from seismo.base.layout import BYTE_ORDER, Blob, Field, Int, Text

__all__ = ("Decoder", "TypeTable", "event_type_of")

_HEADER = Struct("=5QqHHHH6I16s")
_MOST_COMMS = 65536
_REGISTERS = 6
_MOST_ERRNO = 4095

Find: TypeAlias = Callable[[AuditEvent], Any]


class TypeTable(Protocol):
    """What decoding asks of a catalog."""

    def by_id(self, id: int) -> EventType:
        """The type of that number; KeyError or a `BpfError` where there is none."""
        ...


class Decoder:
    """Makes events of records; `undecodable` counts what `event_or_none` found to be none."""

    def __init__(self, catalog: TypeTable, handlers: Handlers = NO_HANDLERS) -> None:
        self.catalog = catalog
        self.handlers = handlers
        self.undecodable = 0
        self._shapes: dict[int, _Shape] = {}
        self._comms: dict[bytes, str] = {}

    def event(self, record: memoryview | bytes, handlers: Handlers | None = None) -> AuditEvent:
        """The event of a record, whose bytes it keeps; `DamagedRecord` if they are none.

        `handlers` are those of the record's time, the decoder's where they are not given.
        """
        data = record if isinstance(record, bytes) else bytes(record)
        if len(data) < HEADER.size:
            raise DamagedRecord(f"a record of {len(data)} bytes has no header", 0)
        *numbers, raw = _HEADER.unpack_from(data)
        type_ = numbers[6]
        shape = self._shapes.get(type_) or self._learn(type_)
        if len(data) == shape.end:
            parts: tuple[Part, ...] = ()
        elif len(data) > shape.end:
            parts = sections.sections_of(data, shape.end)
        else:
            raise DamagedRecord(f"a record of {shape.type.name} is cut", len(data))
        comm = self._comms.get(raw) or self._comm(raw)
        ids = (handlers or self.handlers).ids(numbers[9], type_)
        return AuditEvent((*numbers, comm, *ids), data, shape.type, parts, shape)

    def event_or_none(
        self, record: memoryview | bytes, handlers: Handlers | None = None
    ) -> AuditEvent | None:
        """The event of a record; None for a damaged one, which is counted."""
        try:
            return self.event(record, handlers)
        except DamagedRecord:
            self.undecodable += 1
            return None

    def _learn(self, number: int) -> _Shape:
        shape = self._shapes[number] = _Shape(event_type_of(self.catalog, number))
        return shape

    def _comm(self, raw: bytes) -> str:
        if len(self._comms) >= _MOST_COMMS:
            self._comms.clear()
        comm = self._comms[raw] = sections.text(raw.partition(b"\0")[0])
        return comm


def event_type_of(catalog: TypeTable, number: int) -> EventType:
    """The type of that number; DamagedRecord where the catalog has none."""
    try:
        return catalog.by_id(number)
    except (KeyError, BpfError):
        raise DamagedRecord(f"there is no type of event {number}", 48) from None


class _Shape:
    """Where the fields of one type are; fills its events."""

    def __init__(self, type_: EventType) -> None:
        self.type = type_
        self.end = HEADER.size + type_.fixed.size
        self._names: tuple[str, ...] = ()
        self._finds: list[tuple[str, Find]] = []
        self._parts: list[tuple[str, frozenset[int], int]] = []
        if type_.is_syscall:
            self._numbers = self._of_registers()
        else:
            self._numbers = self._of_fixed_part()
        self._makers: dict[str, Callable[[AuditEvent], Any]] = {
            "args": self._args,
            "values": self._values,
            "files": _files,
            "sockets": _sockets,
            "directories": _directories,
            "changed": _changed,
            "contents": _contents,
            "kernel_names": _kernel_names,
            "walks": _walks,
            "errno": _errno,
            "unreadable": lambda event: self._flagged(event, SectionFlag.FAULTED),
            "truncated": lambda event: self._flagged(event, SectionFlag.TRUNCATED),
        }

    def fill(self, event: AuditEvent, name: str) -> Any:
        return self._makers[name](event)

    def _of_registers(self) -> Struct:
        """All fields that are numbers come out of one `unpack`, the others out of sections."""
        by_argument: dict[int, EventField] = {}
        for field in self.type.fields:
            if field.argument >= 0 and field.kind not in _SECTIONS_OF:
                by_argument.setdefault(field.argument, field)
        codes = [
            _padded(_code(by_argument[at])) if at in by_argument else "8x"
            for at in range(_REGISTERS)
        ]
        self._names = tuple(by_argument[at].name for at in sorted(by_argument))
        for field in self.type.fields:
            if field.argument < 0 or by_argument.get(field.argument) is not field:
                self._add_find(field)
        return Struct("=" + "".join(codes))

    def _of_fixed_part(self) -> Struct:
        """Fields are those of the fixed part by their names, else sections."""
        wanted = {field.name: field for field in self.type.fields}
        codes, names, at = "", list[str](), 0
        for member in self.type.fixed.fields:
            if member.name not in wanted:
                continue
            codes += f"{member.offset - at}x{_member_code(member)}"
            at = member.end
            names.append(member.name)
            if (convert := _converted(member, wanted[member.name])) is not None:
                self._finds.append((member.name, _from_member(member, convert)))
        self._names = tuple(names)
        for field in self.type.fields:
            if field.name not in names:
                self._add_find(field)
        return Struct(f"={codes}")

    def _add_find(self, field: EventField) -> None:
        kinds = frozenset({field.section}) if field.section else _SECTIONS_OF.get(field.kind)
        if kinds is None:
            # A second field of the same register, or one of the header.
            self._finds.append((field.name, _from_register(field)))
            return
        argument = field.argument if field.argument >= 0 else -1
        self._parts.append((field.name, kinds, argument))
        read = _reader(field, _size_argument(self.type, field))
        self._finds.append((field.name, _from_section(field, kinds, argument, read)))

    def _args(self, event: AuditEvent) -> tuple[int, ...]:
        if not self.type.is_syscall:
            return ()
        return _ARGS.unpack_from(event.data, HEADER.size)

    def _values(self, event: AuditEvent) -> dict[str, Any]:
        found = self._numbers.unpack_from(event.data, HEADER.size)
        values = dict(zip(self._names, found, strict=True))
        if not self._finds:
            return values
        for name, find in self._finds:
            values[name] = find(event)
        if len(values) == len(self.type.fields):
            return {one.name: values[one.name] for one in self.type.fields}
        return values

    def _flagged(self, event: AuditEvent, flag: int) -> tuple[str, ...]:
        """Names of the fields whose section has the flag."""
        if not event.sections:
            return ()
        return tuple(
            name
            for name, kinds, argument in self._parts
            if (part := _part(event, kinds, argument)) is not None and part[2] & flag
        )


_FILLED = (Capture.BYTES_OUT, Capture.IOVEC_OUT)
_ARGS = Struct("=6Q")
assert _ARGS.size == SYSCALL.size

_SECTIONS_OF: dict[FieldKind, frozenset[int]] = {
    FieldKind.PATH: frozenset({Section.STRING}),
    FieldKind.TEXT: frozenset({Section.STRING}),
    FieldKind.BYTES: frozenset({Section.BYTES, Section.IOVEC}),
    FieldKind.WORDS: frozenset({Section.WORDS}),
    FieldKind.SOCKADDR: frozenset({Section.SOCKADDR}),
    FieldKind.SOCKET: frozenset({Section.SOCKET}),
    FieldKind.NUMBERS: frozenset({Section.NUMBERS}),
    FieldKind.STRUCT: frozenset({Section.STRUCT}),
    FieldKind.CREDENTIALS: frozenset({Section.CREDENTIALS}),
    FieldKind.NAMESPACES: frozenset({Section.NAMESPACES}),
}
"""Kinds of fields that are no numbers, and the sections that have their values."""

_WALKED = frozenset({Section.PATH, Section.DIRECTORY, Section.CWD, Section.EXE, Section.CGROUP})
_TEXTS = frozenset({Section.STRING, Section.CHANGED_STRING, Section.KERNEL_STRING})


def _code(field: EventField) -> str:
    """How `struct` unpacks a register so that it comes to the same as `argument_value`."""
    highest = argument_value(field, _ALL_BITS)
    if highest >= 0:
        return "BHIQ"[(highest.bit_length() // 8).bit_length() - 1]
    sizes = (size for size in range(4) if argument_value(field, 1 << (8 << size) - 1) < 0)
    return "bhiq"[next(sizes)]


_ALL_BITS = (1 << 64) - 1


def _padded(code: str) -> str:
    """A number in a register of eight bytes."""
    rest = 8 - Struct(f"={code}").size
    return (f"{code}{rest}x" if BYTE_ORDER == "little" else f"{rest}x{code}") if rest else code


def _member_code(member: Field) -> str:
    type_ = member.type
    if isinstance(type_, Int):
        codes = "bhiq" if type_.signed else "BHIQ"
        return codes[type_.size.bit_length() - 1]
    return f"{type_.size}s"


def _converted(member: Field, field: EventField) -> Callable[[bytes], Any] | None:
    """What is to be made of a member's bytes; None where the number is the value."""
    if field.kind is FieldKind.CAPABILITIES and isinstance(member.type, Int):
        return lambda data: capability_names(int.from_bytes(data, BYTE_ORDER))
    if isinstance(member.type, Text):
        return lambda data: sections.text(data.partition(b"\0")[0])
    if isinstance(member.type, Blob):
        return _BLOBS.get(field.kind, bytes)
    return None


_BLOBS: dict[FieldKind, Callable[[bytes], Any]] = {
    FieldKind.SOCKET: sections.socket_state,
    FieldKind.CREDENTIALS: sections.credentials,
    FieldKind.NAMESPACES: sections.namespaces,
}


def _from_member(member: Field, convert: Callable[[bytes], Any]) -> Find:
    start, end = HEADER.size + member.offset, HEADER.size + member.end
    return lambda event: convert(event.data[start:end])


def _from_register(field: EventField) -> Find:
    """A number out of a register; of a field without one, what the header calls so."""
    name, argument = field.name, field.argument
    if not 0 <= argument < _REGISTERS:
        return lambda event: getattr(event, name) if hasattr(event, name) else None
    number = Struct(f"={_padded(_code(field))}")
    at = HEADER.size + 8 * argument
    return lambda event: number.unpack_from(event.data, at)[0]


def _from_section(
    field: EventField, kinds: frozenset[int], argument: int, read: Callable[[AuditEvent, Part], Any]
) -> Find:
    """The value that a section has; None if there is none, or it could not be read."""
    is_filled = field.capture is not None and field.capture.kind in _FILLED

    def find(event: AuditEvent) -> Any:
        part = _part(event, kinds, argument)
        if part is None and is_filled and event.ret == 0:
            return b""  # nothing was read, of which there is no section
        if part is None or part[2] & SectionFlag.FAULTED:
            return None
        return read(event, part)

    return find


def _size_argument(type_: EventType, field: EventField) -> int:
    """Which argument says how large the program's struct is, behind which is its other memory; -1
    where the kernel knows: sizes beside masks of signals are the mask's."""
    if field.kind is not FieldKind.STRUCT or field.table in ("sigset", "timespec"):
        return -1
    if field.capture is None or field.capture.kind is not Capture.STRUCT_IN:
        return -1
    sizes = [one.argument for one in type_.fields if one.kind is FieldKind.SIZE]
    return field.argument + 1 if field.argument + 1 in sizes else -1


def _reader(field: EventField, size_argument: int) -> Callable[[AuditEvent, Part], Any]:
    """How the bytes of the field's section become its value."""
    table, is_path = field.table, field.kind is FieldKind.PATH

    def read(event: AuditEvent, part: Part) -> Any:
        kind, argument, flags, _, start, end = part
        data = event.data[start:end]
        if kind in _TEXTS:
            return sections.text(data)
        if kind in _WALKED:
            return sections.path(data, flags).text
        if kind == Section.FILE and is_path:
            return event.files[_key(argument)].path.text
        if kind in (Section.STRUCT, Section.FILE):
            size = event.args[size_argument] if size_argument >= 0 else -1
            return _struct(table, event, data, size)
        return _READ.get(kind, bytes)(data)

    return read


def _struct(table: str, event: AuditEvent, data: bytes, size: int) -> dict[str, Any]:
    """The members of a struct that are within `size`, where that is not -1; of one that is not
    known, its bytes as `data`."""
    name = variant_of(table, event.args[0] if event.args else 0)
    return dict(decode_struct(name, data, size)) if name in STRUCTS else {"data": data}


_READ: dict[int, Callable[[bytes], Any]] = {
    Section.WORDS: sections.words,
    Section.ENVIRONMENT: sections.words,
    Section.SOCKADDR: sections.socket_address,
    Section.SOCKET: sections.socket_state,
    Section.NUMBERS: sections.numbers,
    Section.CREDENTIALS: sections.credentials,
    Section.NAMESPACES: sections.namespaces,
}


def _part(event: AuditEvent, kinds: frozenset[int], argument: int) -> Part | None:
    """The first section of those kinds, of an argument where that is not -1."""
    for part in event.sections:
        if part[0] in kinds and argument in (-1, part[1]):
            return part
    return None


def _key(argument: int) -> int:
    """How `files` and the like call an argument: the returned descriptor is -1."""
    return -1 if argument == NO_ARGUMENT else argument


def _good(event: AuditEvent, kind: int) -> list[Part]:
    """The sections of a kind that could be read."""
    return [
        part for part in event.sections if part[0] == kind and not part[2] & SectionFlag.FAULTED
    ]


def _files(event: AuditEvent) -> dict[int, FileObject]:
    walked = {
        part[1]: sections.path(event.data[part[4] : part[5]], part[2])
        for part in _good(event, Section.PATH)
    }
    return {
        _key(part[1]): sections.file_object(event.data[part[4] : part[5]], walked.get(part[1]))
        for part in _good(event, Section.FILE)
    }


def _sockets(event: AuditEvent) -> dict[int, SocketState]:
    return {
        _key(part[1]): sections.socket_state(event.data[part[4] : part[5]])
        for part in _good(event, Section.SOCKET)
    }


def _directories(event: AuditEvent) -> dict[int, Path]:
    return {
        _key(part[1]): sections.path(event.data[part[4] : part[5]], part[2])
        for part in _good(event, Section.DIRECTORY)
    }


def _changed(event: AuditEvent) -> dict[int, str]:
    return {
        _key(part[1]): sections.text(event.data[part[4] : part[5]])
        for part in _good(event, Section.CHANGED_STRING)
    }


def _kernel_names(event: AuditEvent) -> dict[int, str]:
    return {
        _key(part[1]): sections.text(event.data[part[4] : part[5]])
        for part in _good(event, Section.KERNEL_STRING)
    }


def _contents(event: AuditEvent) -> dict[int, bytes]:
    return {
        _key(part[1]): event.data[part[4] : part[5]]
        for kind in (Section.BYTES, Section.IOVEC)
        for part in _good(event, kind)
    }


def _walks(event: AuditEvent) -> dict[int, Path]:
    return {
        part[0]: sections.path(event.data[part[4] : part[5]], part[2])
        for part in event.sections
        if part[0] in (Section.CWD, Section.EXE, Section.CGROUP)
        and not part[2] & SectionFlag.FAULTED
    }


def _errno(event: AuditEvent) -> str:
    if event.flags & EventFlag.NO_RETURN or not -_MOST_ERRNO <= event.ret < 0:
        return ""
    return errno_name(event.ret)
