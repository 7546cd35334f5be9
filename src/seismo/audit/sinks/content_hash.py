"""What an event says as one number: equal events have equal hashes.

FNV-1a of 64 bits over the little-endian bytes of, in this order: `program_id` (8), `tgid` (8),
`ret` (8), the event's name with its NUL, and each argument in the order of the type's fields:
numbers as 8 bytes, texts up to their first NUL and with one, words each so, anything else (buffers,
structs, addresses) not at all. The times, the thread and the CPU are no part of it.

>>> fnv64a(b"hello")
11831194018420276491
"""

from __future__ import annotations

from typing import Any

from seismo.audit.record.event import AuditEvent

__all__ = ("content_bytes", "content_hash", "fnv64a", "group_hash")

_BASIS = 0xCBF29CE484222325
_PRIME = 0x100000001B3
_MASK = (1 << 64) - 1


def fnv64a(data: bytes) -> int:
    """The 64 bit FNV-1a hash (draft-eastlake-fnv) of the bytes."""
    value = _BASIS
    for byte in data:
        value = (value ^ byte) * _PRIME & _MASK
    return value


def content_hash(event: AuditEvent) -> int:
    """The hash of an event of one process: the same call with the same result has the same."""
    head = [_number(event.program_id), _number(event.tgid), _number(event.ret)]
    return fnv64a(b"".join(head) + content_bytes(event))


def group_hash(event: AuditEvent) -> int:
    """The same without program, process and result: equal for what several processes do alike."""
    return fnv64a(content_bytes(event))


def content_bytes(event: AuditEvent) -> bytes:
    """The event's name and arguments as they are hashed."""
    values = event.values
    parts = [event.type.name.encode() + b"\0"]
    parts += [_bytes_of(values.get(field.name)) for field in event.type.fields]
    return b"".join(parts)


def _bytes_of(value: Any) -> bytes:
    match value:
        case int():
            return _number(value)
        case str():
            return value.encode("utf-8", "surrogateescape").split(b"\0")[0] + b"\0"
        case tuple() if all(isinstance(one, str) for one in value):
            return b"".join(map(_bytes_of, value))
    return b""


def _number(value: int) -> bytes:
    return (value & _MASK).to_bytes(8, "little")
