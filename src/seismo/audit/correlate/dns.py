"""Answers of the domain name system (RFC 1035, 3596), read to learn which address has which name.

Only what an answer says is taken: addresses (A, AAAA), other names (CNAME) and the names of
addresses (PTR). Bytes that are no answer raise `NoAnswer`; nothing is followed beyond the message,
and names are bounded as the RFC bounds them.
"""

from __future__ import annotations

import struct
from ipaddress import IPv4Address, IPv6Address

from seismo.base.dataclass import dataclass
from seismo.base.errors import FormatError

__all__ = ("DnsAnswer", "NoAnswer", "parse_answer")

_HEADER = struct.Struct(">6H")
_QUESTION = struct.Struct(">HH")
_RECORD = struct.Struct(">HHIH")
_RESPONSE, _TRUNCATED, _RCODE = 0x8000, 0x0200, 0x000F
_IN = 1
_A, _CNAME, _PTR, _AAAA = 1, 5, 12, 28
_POINTER, _POINTER_MASK = 0xC0, 0x3FFF
_NAME_BYTES, _LABELS, _RECORDS = 255, 128, 512


class NoAnswer(FormatError):
    """These bytes are no answer of a name server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsAnswer:
    """What was asked for, and the names of each address with the seconds that they hold.

    `addresses` are (address, name, seconds): the name is the one that was asked for, aliases
    resolved. `aliases` are (alias, name). `rcode` is 3 where there is no such name. What was cut
    by the size of the message, or of what was recorded of it, is missing: `is_truncated`.
    """

    id: int
    question: str
    rcode: int
    addresses: tuple[tuple[str, str, int], ...]
    aliases: tuple[tuple[str, str], ...]
    is_truncated: bool


def parse_answer(data: bytes) -> DnsAnswer:
    """Read a message; NoAnswer if it is a question, or none at all."""
    if len(data) < _HEADER.size:
        raise NoAnswer("a message of the domain name system has 12 bytes at least", len(data))
    id, flags, questions, answers, _, _ = _HEADER.unpack_from(data)
    if not flags & _RESPONSE:
        raise NoAnswer("this is a question", 2)
    if questions > 1 or answers > _RECORDS:
        raise NoAnswer(f"{questions} questions and {answers} answers are too many", 4)
    at, question = _HEADER.size, ""
    if questions:
        question, at = _name(data, at)
        at += _QUESTION.size
    records, is_cut = _records(data, at, answers)
    aliases = tuple((name, str(to)) for kind, name, to, _ in records if kind == _CNAME)
    asked_by = {name: alias for alias, name in aliases}
    addresses: list[tuple[str, str, int]] = []
    for kind, name, value, seconds in records:
        if kind in (_A, _AAAA):
            addresses.append((value, _first(name, asked_by), seconds))
        elif kind == _PTR and (address := _reversed(name)):
            addresses.append((address, value, seconds))
    return DnsAnswer(
        id=id,
        question=question,
        rcode=flags & _RCODE,
        addresses=tuple(addresses),
        aliases=aliases,
        is_truncated=is_cut or bool(flags & _TRUNCATED),
    )


def _records(data: bytes, at: int, count: int) -> tuple[list[tuple[int, str, str, int]], bool]:
    """(type, name, value, seconds) of each record that is whole, and whether one was not."""
    found: list[tuple[int, str, str, int]] = []
    for _ in range(count):
        try:
            name, at = _name(data, at)
            kind, class_, seconds, size = _RECORD.unpack_from(data, at)
        except (NoAnswer, struct.error):
            return found, True
        at += _RECORD.size
        if at + size > len(data):
            return found, True
        value = data[at : at + size]
        if class_ == _IN:
            if kind == _A and size == 4:
                found.append((kind, name, str(IPv4Address(value)), seconds))
            elif kind == _AAAA and size == 16:
                found.append((kind, name, str(IPv6Address(value)), seconds))
            elif kind in (_CNAME, _PTR):
                found.append((kind, name, _name(data, at)[0], seconds))
        at += size
    return found, False


def _name(data: bytes, at: int) -> tuple[str, int]:
    """A name and where it ends. Pointers lead only backwards, so there is no circle, and are no
    more than labels can be: else each of many names could be a walk through the whole message."""
    labels: list[str] = []
    end = length = pointers = 0
    before = at
    while True:
        if at >= len(data):
            raise NoAnswer("a name is cut", at)
        size = data[at]
        if size & _POINTER == _POINTER:
            if at + 2 > len(data):
                raise NoAnswer("a name is cut", at)
            end = end or at + 2
            to = int.from_bytes(data[at : at + 2], "big") & _POINTER_MASK
            pointers += 1
            if to >= before or pointers > _LABELS:
                raise NoAnswer("a name points forward, or too often", at)
            before = at = to
            continue
        if size & _POINTER:
            raise NoAnswer("a label is of no known kind", at)
        at += 1
        if not size:
            return ".".join(labels).lower(), end or at
        length += size + 1
        if length > _NAME_BYTES or len(labels) >= _LABELS or at + size > len(data):
            raise NoAnswer("a name is too long, or cut", at)
        labels.append(data[at : at + size].decode("ascii", "backslashreplace"))
        at += size


def _first(name: str, asked_by: dict[str, str]) -> str:
    """The name that was asked for, whose aliases led to this one."""
    seen = {name}
    while name in asked_by and asked_by[name] not in seen:
        name = asked_by[name]
        seen.add(name)
    return name


def _reversed(name: str) -> str:
    """The address that a name below in-addr.arpa or ip6.arpa stands for; '' for another name."""
    parts = name.split(".")
    try:
        if parts[-2:] == ["in-addr", "arpa"] and len(parts) == 6:
            return str(IPv4Address(".".join(reversed(parts[:4]))))
        if parts[-2:] == ["ip6", "arpa"] and len(parts) == 34:
            return str(IPv6Address(bytes.fromhex("".join(reversed(parts[:32])))))
    except ValueError:
        return ""
    return ""
