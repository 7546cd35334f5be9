"""Batches of made events, as tests of outputs and rules take them.

>>> batch = batch_of(opened("/etc/passwd", time_ns=5), call("getpid", ret=7))
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import cache

from audit_bytes import file_bytes, section, syscall
from seismo.audit.catalog.build import shipped_catalog
from seismo.audit.catalog.table import Catalog
from seismo.audit.record.batch import Batch
from seismo.audit.record.decode import Decoder
from seismo.audit.record.event import AuditEvent
from seismo.audit.record.handlers import Handlers, Owner
from seismo.audit.record.layout import Section, SectionFlag
from seismo.audit.sinks.clock import WallClock
from seismo.audit.sinks.open import Surroundings

__all__ = (
    "CLOCK",
    "batch_of",
    "call",
    "catalog",
    "event_of",
    "opened",
    "path_bytes",
    "surroundings",
)

CLOCK = WallClock(1_528_720_496_000_000_000)
"""CLOCK_MONOTONIC was 0 at 2018-06-11 12:34:56 UTC."""

_AT_FDCWD = -100


@cache
def catalog() -> Catalog:
    """Linux 6.18's, without a kernel."""
    return shipped_catalog()


def batch_of(*records: bytes, program_id: int = 0) -> Batch:
    """A batch; all records are of the handler with this id."""
    handlers = Handlers({3: (Owner(program_id=program_id),)})
    return Batch(list(records), Decoder(catalog(), handlers))


def event_of(record: bytes, program_id: int = 0) -> AuditEvent:
    """The event of a record."""
    (event,) = batch_of(record, program_id=program_id).events()
    return event


def call(
    name: str, args: Sequence[int] = (), sections: bytes = b"", **header: int | bytes
) -> bytes:
    """A system call's record."""
    return syscall(catalog()[name].id, args, sections, **header)


def opened(
    path: str | bytes, *, flags: int = 0, mode: int = 0, file: str = "", **header: int | bytes
) -> bytes:
    """openat(AT_FDCWD, path, flags, mode); `file` is the path that the kernel opened."""
    name = path if isinstance(path, bytes) else path.encode()
    sections = section(Section.STRING, name, 1, SectionFlag.ENTRY)
    if file:
        sections += section(Section.FILE, file_bytes())
        sections += section(Section.PATH, path_bytes(file), flags=SectionFlag.ABSOLUTE)
    return call("openat", (_AT_FDCWD, 0x7000, flags, mode), sections, **header)


def path_bytes(path: str) -> bytes:
    """Names as programs walk them: the last first."""
    return b"".join([name.encode() + b"\0" for name in reversed(path.strip("/").split("/"))])


def surroundings(stdout: io.BytesIO | None = None, **environ: str) -> Surroundings:
    """What sinks are opened with."""
    return Surroundings(
        catalog=catalog(), stdout=stdout or io.BytesIO(), clock=CLOCK, environ=environ
    )
