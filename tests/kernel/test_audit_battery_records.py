"""Audit's programs out of the package: they record what compiled ones record."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Mapping
from contextlib import suppress

import pytest

from audit_rig import Record, Rig, plan
from seismo.audit.program.audit_object import AuditObject
from seismo.audit.program.backends import BACKENDS, NAMES_FROM_KERNEL
from seismo.audit.program.battery import ALL_EVENTS, fitted_audit, load_battery, read_battery
from seismo.audit.program.portable import portable_variant
from seismo.audit.program.variants import best_variant, pack, variants
from seismo.audit.record.layout import Capture, KernelEvent, Section, Setting
from seismo.bcc.machine import machine
from seismo.facts import LiveFacts

pytestmark = pytest.mark.kernel

READ, WRITE, OPENAT, CHDIR, CONNECT, EXECVE = 0, 1, 257, 80, 42, 59
PLANS = {
    READ: plan((0, Capture.FD), (1, Capture.BYTES_OUT, 2)),
    WRITE: plan((0, Capture.FD), (1, Capture.BYTES_IN, 2)),
    OPENAT: plan((1, Capture.PATH_AT, 0), returned=Capture.FD_RETURNED),
    CHDIR: plan((0, Capture.PATH)),
    CONNECT: plan((0, Capture.FD), (1, Capture.SOCKADDR_IN, 2)),
    EXECVE: plan((0, Capture.PATH), (1, Capture.WORDS)),
}
EVENTS = (KernelEvent.PROCESS_EXEC, KernelEvent.PROCESS_EXIT)
_DIGITS = re.compile(rb"\d+")
_CHANGING = ("time_ns", "duration_ns", "sequence", "start_ns", "cpu", "tgid", "tid")


def _facts() -> LiveFacts:
    return LiveFacts(machine().kernel)


def _battery(*, is_whole: bool = False) -> AuditObject:
    own = machine()
    with own.used():
        wanted = ALL_EVENTS if is_whole else (0,)
        return load_battery(own.view, _facts(), wanted=wanted)


def _act() -> None:
    """Files, a directory, a socket and a program, named and read the same every time."""
    os.closerange(3, 1024)
    file = os.open("/etc/hostname", os.O_RDONLY)
    os.read(file, 64)
    os.chdir("/usr/lib")
    with suppress(FileNotFoundError):
        os.open("no such file", os.O_RDONLY)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.connect(("127.0.0.1", 9))
        os.write(one.fileno(), b"a datagram")
    os.execve("/bin/true", ["true", "an argument"], {"A": "1"})


def _seen(one: Record) -> tuple[Mapping[str, object], list[object]]:
    """What of a record does not change from run to run: not the numbers in names of sockets."""
    header = {name: value for name, value in one.header.items() if name not in _CHANGING}
    return header, [
        (each.kind, each.argument, each.flags, len(_DIGITS.sub(b"#", each.data)))
        if each.kind is Section.PATH
        else (each.kind, each.argument, each.flags, len(each.data))
        for each in one.parts
    ]


def _recorded(audit: AuditObject | None) -> list[Record]:
    rig = Rig(PLANS, events=EVENTS, flags=Setting.FD_PATHS | Setting.CONTENT)
    if audit is not None:
        rig.replace_programs(audit)
    with rig:
        rig.run(_act)
        return rig.records()


def test_it_records_what_compiled_programs_record() -> None:
    compiled, shipped = _recorded(None), _recorded(_battery())
    assert len(shipped) > 10
    assert {READ, WRITE, OPENAT, CHDIR, CONNECT, EXECVE} <= {one.type for one in shipped}
    assert [_seen(one) for one in shipped] == [_seen(one) for one in compiled]
    assert _named(shipped) == _named(compiled)


def _named(records: list[Record]) -> list[list[bytes]]:
    """The strings and paths of calls that have such."""
    calls = [one for one in records if one.type in (OPENAT, CHDIR, EXECVE)]
    return [[each.data for each in one.parts if each.kind is not Section.FILE] for one in calls]


@pytest.mark.slow
def test_it_is_what_would_be_compiled() -> None:
    """The text, and the instructions: wherever they were compiled, here they are the same."""
    own = machine()
    with own.used():
        works = [one.file for one in (*BACKENDS, NAMES_FROM_KERNEL) if one.works(own.view)]
        variant = best_variant(variants(), works)
        anew = fitted_audit(
            pack({variant: portable_variant(own.view, variant)}), own.view, _facts()
        )
        shipped = _battery(is_whole=True)
    assert shipped.digest == anew.digest
    assert {one.name: one.spec.insns for one in shipped.programs} == {
        one.name: one.spec.insns for one in anew.programs
    }


def test_sizes_are_chosen_when_it_is_loaded() -> None:
    own = machine()
    with own.used():
        archive = read_battery(own.view.machine())
        audit = fitted_audit(
            archive, own.view, _facts(), wanted=(0,), ring_bytes=1 << 16, pending=77
        )
        maps = {one.name: one.max_entries for one in audit.spec.maps}
        assert (maps["events"], maps["pending"], maps["pending_text"]) == (1 << 16, 77, 77)
        assert maps["scratch"] % own.view.possible_cpus() == 0
