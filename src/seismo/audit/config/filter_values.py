"""Values of filters: what may be compared with what; read from expressions and mappings alike."""

from __future__ import annotations

import errno
import re
from ipaddress import IPv4Network, IPv6Network, ip_network

from seismo.audit.config.filter import (
    AllOf,
    AnyOf,
    Between,
    Compare,
    Filter,
    FilterField,
    HasBits,
    InCgroup,
    InContainer,
    InNetwork,
    Like,
    Not,
    OfEvent,
    Operator,
    Under,
)
from seismo.audit.config.glob import BadPattern, steps_of
from seismo.base.diagnostics import Diagnostics, did_you_mean
from seismo.base.source import Span

__all__ = (
    "ARGUMENTS",
    "FAILED",
    "FIELDS",
    "LONGEST_COMM",
    "SUCCEEDED",
    "address_test",
    "bits_test",
    "cgroup_test",
    "comm_name_test",
    "comm_test",
    "container_test",
    "event_test",
    "number_test",
    "path_test",
    "unknown_field",
)

ARGUMENTS = ("arg0", "arg1", "arg2", "arg3", "arg4", "arg5")
FIELDS = (
    *("uid", "gid", "pid", "ppid", "comm", "path", "address", "port", "ret", "cgroup"),
    *("container", "event", *ARGUMENTS),
)
LONGEST_COMM = 15
"""TASK_COMM_LEN without the NUL: the kernel cuts longer names."""

FAILED = Between(FilterField.RET, -4095, -1)
SUCCEEDED = Not(FAILED)

_LIMITS = {
    **dict.fromkeys(
        (FilterField.UID, FilterField.GID, FilterField.PID, FilterField.PPID), (0, 0xFFFF_FFFF)
    ),
    FilterField.PORT: (0, 0xFFFF),
    FilterField.RET: (-(1 << 63), (1 << 63) - 1),
}
_ERRNOS = {name: -number for number, name in errno.errorcode.items()}
_NAMED = (FilterField.UID, FilterField.GID)
_NUMBER = re.compile(r"[-+]?(?:0x[0-9a-fA-F]{1,30}|0o[0-7]{1,30}|[0-9]{1,30})")
_RANGE = re.compile(r"(-?[0-9]{1,30})(?:\.\.|-)(-?[0-9]{1,30})")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.$-]*")
_MAPPED_BITS = 96
_CONTAINER = re.compile(r"[0-9a-f]{1,64}")
_ADDRESS = re.compile(r"(?:\[(?P<v6>[^\]]*)\](?P<bits>/\d+)?|(?P<rest>[^:]*))(?::(?P<port>.*))?")

NEVER = AnyOf(())
"""What a value becomes that was complained of."""


def unknown_field(name: str, span: Span, diagnostics: Diagnostics) -> None:
    """A word that is no field."""
    hint = did_you_mean(name, (*FIELDS, "failed", "succeeded", "writing"))
    known = f"the fields are {', '.join(FIELDS)}"
    message = f"events have no '{name}' to filter by"
    diagnostics.error(span, message, f"{hint}; {known}" if hint else known)


def number_test(
    field: FilterField, operator: Operator, text: str, span: Span, diagnostics: Diagnostics
) -> Filter:
    """`uid == 0`, `uid == 1000..1999`, `ret == ENOENT`, `ret == failed`."""
    if field is FilterField.RET and text in ("failed", "succeeded"):
        one = FAILED if text == "failed" else SUCCEEDED
        return _equal_or_not(one, operator, text, span, diagnostics)
    if match := _RANGE.fullmatch(text):
        low, high = int(match[1]), int(match[2])
        if high < low:
            diagnostics.error(span, f"nothing is between {low} and {high}", "the lower comes first")
        _check(field, low, span, diagnostics)
        _check(field, high, span, diagnostics)
        return _equal_or_not(Between(field, low, high), operator, text, span, diagnostics)
    value = _number(field, text, span, diagnostics)
    if value is None:
        return NEVER
    if isinstance(value, str) and operator not in (Operator.EQUAL, Operator.UNEQUAL):
        message = f"'{field.value}' can be more or less than a number, not than the name '{value}'"
        diagnostics.error(span, message, "write == or !=")
    return Compare(field, operator, value)


def _equal_or_not(
    one: Filter, operator: Operator, text: str, span: Span, diagnostics: Diagnostics
) -> Filter:
    if operator not in (Operator.EQUAL, Operator.UNEQUAL):
        diagnostics.error(span, f"'{operator.value}' needs a number, not '{text}'", "write ==")
    return Not(one) if operator is Operator.UNEQUAL else one


def _number(
    field: FilterField, text: str, span: Span, diagnostics: Diagnostics
) -> int | str | None:
    if _NUMBER.fullmatch(text):
        number = int(text, 10 if text.lstrip("+-").isdigit() else 0)
        _check(field, number, span, diagnostics)
        return number
    if field is FilterField.RET:
        name = text.removeprefix("-")
        if name in _ERRNOS:
            return _ERRNOS[name]
        hint = did_you_mean(name, _ERRNOS) or "a number, ENOENT and the like, failed, succeeded"
        diagnostics.error(span, f"'{text}' is neither a number nor an error's name", hint)
        return None
    if field in _NAMED and _NAME.fullmatch(text):
        return text
    what = "a number or a name" if field in _NAMED else "a number"
    diagnostics.error(span, f"'{field.value}' is {what}, not '{text}'")
    return None


def _check(field: FilterField, number: int, span: Span, diagnostics: Diagnostics) -> None:
    low, high = _LIMITS[field]
    if not low <= number <= high:
        diagnostics.error(span, f"'{field.value}' is never {number}", f"it is {low} to {high}")


def comm_test(pattern: str, span: Span, diagnostics: Diagnostics) -> Filter:
    """The thread's name by a pattern."""
    try:
        steps = steps_of(pattern.encode())
    except BadPattern as error:
        diagnostics.error(span, f"'{pattern}': {error}")
        return NEVER
    if not steps:
        diagnostics.error(span, "no thread is without a name", "leave the comm out, or write '*'")
    if sum(not one.is_star for one in steps) > LONGEST_COMM:
        diagnostics.error(
            span,
            f"no thread is called '{pattern}': names have at most {LONGEST_COMM} bytes",
            f"the kernel cuts it: '{pattern[:LONGEST_COMM]}'",
        )
    return Like(pattern)


def comm_name_test(name: str, span: Span, diagnostics: Diagnostics) -> Filter:
    """The thread's name, as it is."""
    if "*" in name or "?" in name:
        diagnostics.error(span, f"'{name}' is a pattern, and '==' compares names", "write 'like'")
    return comm_test(re.sub(r"([*?\[\\])", r"\\\1", name), span, diagnostics)


def path_test(path: str, span: Span, diagnostics: Diagnostics) -> Filter:
    """A file, or a directory and what is below it."""
    if not path.startswith("/"):
        message = f"'{path}' does not begin with '/'"
        diagnostics.error(span, message, "a filter names a directory or file by its absolute path")
    elif any(part in (".", "..") for part in path.split("/")):
        diagnostics.error(span, f"'{path}' has a '.' or '..' in it", "write where it leads")
    elif "*" in path or "?" in path:
        hint = "write the directory: it stands for all that is below it"
        diagnostics.error(span, f"'{path}' is a pattern; paths are filtered by directories", hint)
    elif "\0" in path:
        diagnostics.error(span, "no path has a NUL in it")
    return Under("/" + "/".join(part for part in path.split("/") if part))


def address_test(text: str, span: Span, diagnostics: Diagnostics) -> Filter:
    """`10.0.0.0/8`, `::1`, and with a port `10.0.0.1:80`, `[fe80::]/10:443`, `*:53`."""
    match = None if text.count(":") > 1 and "[" not in text else _ADDRESS.fullmatch(text)
    if match is None:
        host, port = text, None
    else:
        host = (match["v6"] or "") + (match["bits"] or "") if "[" in text else match["rest"]
        port = match["port"]
    parts: list[Filter] = []
    if host != "*" or port is None:
        try:
            parts.append(InNetwork(_network(host)))
        except ValueError as error:
            hint = (
                "a network's address ends in zeros: its host bits are set"
                if "host bits" in str(error)
                else "10.0.0.0/8, 192.0.2.1:443, fe80::/10, [::1]:53, *:53"
            )
            diagnostics.error(span, f"'{text}' is no address or network", hint)
    if port is not None:
        parts.append(number_test(FilterField.PORT, Operator.EQUAL, port, span, diagnostics))
    return parts[0] if len(parts) == 1 else AllOf(tuple(parts))


def _network(text: str) -> IPv4Network | IPv6Network:
    """The network; of one of IPv4's that is written as IPv6's what it is, as of addresses.
    ValueError, also for a scope (`fe80::1%eth0`), which addresses of events do not have."""
    found = ip_network(text)
    if "%" in text:
        raise ValueError(text)
    mapped = found.network_address.ipv4_mapped if isinstance(found, IPv6Network) else None
    if mapped is None or found.prefixlen < _MAPPED_BITS:
        return found
    return IPv4Network((int(mapped), found.prefixlen - _MAPPED_BITS))


def cgroup_test(path: str, span: Span, diagnostics: Diagnostics) -> Filter:
    """A cgroup of version 2 and those below it."""
    if not path.startswith("/"):
        message = f"'{path}' does not begin with '/'"
        diagnostics.error(span, message, "as /proc/PID/cgroup names it: /system.slice/cron.service")
    elif any(part in (".", "..") for part in path.split("/")):
        diagnostics.error(span, f"'{path}' has a '.' or '..' in it", "write where it leads")
    return InCgroup("/" + "/".join(part for part in path.split("/") if part))


def container_test(id: str, span: Span, diagnostics: Diagnostics) -> Filter:
    """A container by the beginning of its id."""
    if not _CONTAINER.fullmatch(id):
        hint = "the id's first digits: 12 of them are usual"
        diagnostics.error(span, f"'{id}' is no container's id", hint)
    return InContainer(id)


def bits_test(argument: int, text: str, span: Span, diagnostics: Diagnostics) -> Filter:
    """Bits of an argument, one of which must be set."""
    is_number = _NUMBER.fullmatch(text) is not None
    bits = int(text, 10 if text.isdigit() else 0) if is_number else 0
    if not 0 < bits < 1 << 64:
        diagnostics.error(span, f"'{text}' is no number with bits in it", "such as 0x4, or 4")
        return NEVER
    return HasBits(argument, bits)


def event_test(words: tuple[str, ...]) -> Filter:
    """Events by names and families; whether there are such is known to the catalog."""
    return OfEvent(words)
