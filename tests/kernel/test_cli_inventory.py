"""`seismo prog|map|link|btf list|show|dump`: what this test has put into the kernel is there."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from live_command import tracing

from kernel_release import is_since

pytestmark = pytest.mark.kernel

# Since Linux 6.6 a link tells what its perf event is.
AT_TRACEPOINT = "tracepoint:sched_switch" if is_since(6, 6) else "perf_event"
SCRIPT = """
    BEGIN { @seen[7, "x"] = 5; @seen[8, "y"] = 6; }
    tracepoint:sched:sched_switch /pid == 0xffffffff/ { @never = count(); }
    rawtracepoint:sched_switch /pid == 0xffffffff/ { @never = count(); }
"""


def said(*arguments: str, status: int = 0) -> tuple[str, str]:
    """(standard output, standard error) of a command."""
    command = [sys.executable, "-m", "seismo", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == status, done.stderr
    return done.stdout, done.stderr


@pytest.fixture
def tracer() -> Iterator[int]:
    """The pid of a process that has two programs attached."""
    with tracing("-e", SCRIPT) as running:
        yield running.pid


def mine(what: str, pid: int) -> list[dict[str, Any]]:
    """Those records of `list` that the process holds."""
    records = json.loads(said(what, "list", "--json")[0])
    return [one for one in records if pid in [who["pid"] for who in one["pids"]]]


def test_programs_are_listed_with_where_they_are(tracer: int) -> None:
    found = {one["type"]: one for one in mine("prog", tracer)}
    attached = {kind: found[kind]["attached"] for kind in ("tracepoint", "raw_tracepoint")}
    assert attached == {
        "tracepoint": [AT_TRACEPOINT],
        "raw_tracepoint": ["rawtracepoint:sched_switch"],
    }
    text = said("prog", "show", str(found["tracepoint"]["id"]))[0]
    first, *facts = text.splitlines()
    assert first.startswith(f"{found['tracepoint']['id']}: tracepoint  name ")
    assert f"\tattached {AT_TRACEPOINT}" in facts
    assert facts[-1].startswith("\tpids ")
    assert facts[-1].endswith(f"({tracer})")


@pytest.mark.skipif(not shutil.which("bpftool"), reason="bpftool is not installed")
@pytest.mark.parametrize("what", ["prog", "map", "link"])
def test_bpftool_says_the_same(what: str, tracer: int) -> None:
    for one in mine(what, tracer):
        command = ["bpftool", "-j", what, "show", "id", str(one["id"])]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
        theirs = json.loads(done.stdout)
        shared = one.keys() & theirs.keys() - {"pids", "name"}
        assert len(shared) > 2
        assert {key: one[key] for key in shared} == {key: theirs[key] for key in shared}


def test_entries_of_a_map_are_dumped(tracer: int) -> None:
    (seen,) = [one for one in mine("map", tracer) if one["name"] == "_seen"]
    text = said("map", "dump", str(seen["id"]))[0]
    assert text.splitlines()[-1] == "Found 2 elements"
    entries = json.loads(said("map", "dump", "id", str(seen["id"]), "-j")[0])
    assert sorted(one["value"] for one in entries) == [5, 6]


def test_a_ring_has_no_entries(tracer: int) -> None:
    (ring,) = [one for one in mine("map", tracer) if one["name"] == "events"]
    errors = said("map", "dump", str(ring["id"]), status=1)[1]
    assert errors == f"error: map {ring['id']} is a ringbuf, which has no entries to look up\n"


def test_code_is_dumped(tracer: int) -> None:
    (program,) = [
        one for one in mine("prog", tracer) if one["attached"] == ["rawtracepoint:sched_switch"]
    ]
    lines = said("prog", "dump", str(program["id"]))[0].splitlines()
    assert any("call bpf_get_current_pid_tgid#" in line for line in lines)
    assert lines[-1].endswith("(95) exit")
    slots = int(lines[-1].split(":")[0]) + 1
    assert slots * 8 == program["bytes_xlated"]
    head, *rows = said("prog", "dump", str(program["id"]), "--jited")[0].splitlines()
    assert head.endswith(f", {program['bytes_jited']} bytes")
    code = bytes.fromhex(" ".join(row.split(":")[1] for row in rows))
    assert len(code) == program["bytes_jited"]


def test_links_say_where_they_are(tracer: int) -> None:
    found = mine("link", tracer)
    assert {one["at"] for one in found} == {
        AT_TRACEPOINT,
        "rawtracepoint:sched_switch",
    }
    programs = {one["id"] for one in mine("prog", tracer)}
    assert {one["prog_id"] for one in found} <= programs
    text = said("link", "show", str(found[0]["id"]))[0]
    assert f"\tat {found[0]['at']}" in text.splitlines()


def test_the_kernels_types_are_listed() -> None:
    (vmlinux,) = [one for one in json.loads(said("btf", "list", "-j")[0]) if one.get("name")][:1]
    assert (vmlinux["name"], vmlinux["kernel"]) == ("vmlinux", True)
    assert vmlinux["size"] == os.stat("/sys/kernel/btf/vmlinux").st_size


def test_what_is_not_there_is_an_error() -> None:
    for arguments, expected in (
        (["prog", "show", "id", "4294967295"], "no BPF program of id '4294967295'"),
        (["prog", "dump", "tag", "0000000000000000"], "no BPF program of tag '0000000000000000'"),
        (["map", "show", "name", "no such"], "no map of name 'no such'"),
        (["map", "dump", "pinned", "/nowhere"], "No such file or directory"),
        (["link", "show", "name", "x"], "'name x' does not say which"),
        (["map", "show", "first"], "'first' does not say which"),
    ):
        assert expected in said(*arguments, status=1)[1]
