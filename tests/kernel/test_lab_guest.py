"""What the lab promises to the tests it runs in a guest."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.guest


def _mounts() -> dict[str, str]:
    """File system type by mount point; the last mount on a place is the one seen."""
    lines = Path("/proc/self/mounts").read_text().splitlines()
    return {line.split()[1]: line.split()[2] for line in lines}


def test_the_kernel_is_the_one_asked_for() -> None:
    assert os.uname().release == os.environ["SEISMO_LAB_KERNEL"]
    assert os.environ["SEISMO_LAB_KERNEL"] in Path("/proc/version").read_text()


def test_proc_is_the_guests_own() -> None:
    assert Path("/proc/1/comm").read_text() == "sh\n"
    assert Path("/proc/sys/kernel/hostname").read_text() == "seismo-lab\n"


def test_the_file_systems_are_in_place() -> None:
    expected = {
        "/": "overlay",
        "/proc": "proc",
        "/sys": "sysfs",
        "/dev": "devtmpfs",
        "/dev/pts": "devpts",
        "/sys/kernel/tracing": "tracefs",
        "/sys/kernel/debug": "debugfs",
        "/sys/kernel/security": "securityfs",
        "/sys/fs/bpf": "bpf",
        "/sys/fs/cgroup": "cgroup2",
    }
    mounts = _mounts()
    assert {place: mounts.get(place) for place in expected} == expected


def test_kprobes_uprobes_and_tracepoints_are_event_sources() -> None:
    sources = {entry.name for entry in Path("/sys/bus/event_source/devices").iterdir()}
    assert {"kprobe", "uprobe", "tracepoint", "software"} <= sources


def test_the_kernel_has_btf() -> None:
    btf = Path("/sys/kernel/btf/vmlinux").read_bytes()
    assert btf[:2] == b"\x9f\xeb"
    assert len(btf) > 1_000_000


def test_bpf_is_a_security_module() -> None:
    modules = Path("/sys/kernel/security/lsm").read_text().split(",")
    assert "bpf" in modules


def test_no_lockdown_hides_the_functions() -> None:
    functions = Path("/sys/kernel/tracing/available_filter_functions").read_text().split("\n")
    assert "kernel_clone" in functions


def test_loopback_is_up() -> None:
    assert int(Path("/sys/class/net/lo/flags").read_text(), 16) & 1


def test_the_network_modules_are_loaded() -> None:
    loaded = {line.split()[0] for line in Path("/proc/modules").read_text().splitlines()}
    assert {"veth", "sch_ingress", "cls_bpf"} <= loaded


def test_the_root_is_writable() -> None:
    place = Path("/etc/seismo-lab-was-here")
    place.write_text("x")
    assert place.read_text() == "x"
    place.unlink()


def test_processes_of_the_host_are_not_seen() -> None:
    listing = subprocess.run(["ls", "/proc"], capture_output=True, text=True, check=True).stdout
    names = [Path(f"/proc/{pid}/comm") for pid in listing.split() if pid.isdigit()]
    assert not any(name.read_text() == "qemu-system-x86\n" for name in names if name.exists())
