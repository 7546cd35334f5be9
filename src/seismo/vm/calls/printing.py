"""Formats of `bpf_trace_printk` and `bpf_snprintf` (the kernel's bpf_bprintf_prepare)."""

from __future__ import annotations

import errno
import re
from collections.abc import Sequence

from seismo.base.bits import to_signed, truncate
from seismo.vm.calls.probe import fetch_string
from seismo.vm.errors import Errno
from seismo.vm.run import Run

__all__ = ("bprintf",)

_SPEC = rb"%(?:(%)|([-+ #0]*)(\d*)(?:(p[ku]s|px|pK|p(?![a-zA-Z]))|(l{0,2})([diuxX])|(c)|(s)))"
_PLAIN = rb"[^%\x80-\xff]+"
_LONGEST_STRING = 511
_BITS = {b"": 32, b"l": 64, b"ll": 64}


def bprintf(run: Run, form: bytes, arguments: Sequence[int]) -> bytes:
    """The text; Errno (EINVAL) for a format that the kernel refuses, and for arguments that are not
    as many as it asks for. A string that cannot be read is empty."""
    given = iter(arguments)
    parts: list[bytes] = []
    at = 0
    pattern = re.compile(rb"%s|%s" % (_SPEC, _PLAIN))
    while at < len(form):
        match = pattern.match(form, at)
        if match is None:
            raise Errno(errno.EINVAL)
        at = match.end()
        if match[1] or not match[0].startswith(b"%"):
            parts.append(b"%" if match[1] else match[0])
            continue
        argument = next(given, None)
        if argument is None:
            raise Errno(errno.EINVAL)
        parts.append(_one(run, match, argument))
    if next(given, None) is not None:
        raise Errno(errno.EINVAL)
    return b"".join(parts)


def _one(run: Run, match: re.Match[bytes], argument: int) -> bytes:
    """One conversion."""
    _, flags, width, pointer, length, kind, char, _ = match.groups()
    if pointer in (b"p", b"px", b"pK"):
        return b"%016x" % argument
    if char:
        text = bytes([argument & 0xFF])
    elif kind:
        bits = _BITS[length]
        number = to_signed(argument, bits) if kind in b"di" else truncate(argument, bits)
        text = b"%" + flags + width + (b"d" if kind in b"diu" else kind)
        return bytes(text % number)
    else:
        text = _string(run, argument, is_user=pointer == b"pus")
    pad = int(width or b"0")
    return text.ljust(pad) if b"-" in flags else text.rjust(pad)


def _string(run: Run, address: int, *, is_user: bool) -> bytes:
    try:
        return fetch_string(run, address, _LONGEST_STRING, is_user=is_user)
    except OSError:
        return b""
