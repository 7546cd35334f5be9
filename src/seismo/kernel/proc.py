"""The machine as procfs and sysfs tell it: CPUs, boot id, kernel release, sysctls."""

from __future__ import annotations

from seismo.base.errors import FormatError
from seismo.kernel.protocol import Kernel

__all__ = (
    "boot_id",
    "kernel_release",
    "online_cpus",
    "parse_cpu_list",
    "pmu_field",
    "pmu_type",
    "possible_cpus",
    "sysctl",
    "thread_ids",
)


def parse_cpu_list(text: str) -> tuple[int, ...]:
    """The CPUs of the kernel's list format: `0-2,5` is (0, 1, 2, 5).

    Raises `FormatError` for anything else.
    """
    cpus: list[int] = []
    offset = 0
    for part in text.strip().split(","):
        first, dash, last = part.partition("-")
        if not first.isdigit() or (dash and not last.isdigit()):
            raise FormatError(f"'{part}' is not a CPU or a range of CPUs", offset)
        cpus.extend(range(int(first), int(last or first) + 1))
        offset += len(part) + 1
    return tuple(cpus)


def possible_cpus(kernel: Kernel) -> tuple[int, ...]:
    """CPUs that may ever be there: a per-CPU map value has a slot for each."""
    return parse_cpu_list(kernel.read_file("/sys/devices/system/cpu/possible").decode())


def online_cpus(kernel: Kernel) -> tuple[int, ...]:
    """CPUs that run now: a perf event can be opened on each."""
    return parse_cpu_list(kernel.read_file("/sys/devices/system/cpu/online").decode())


def boot_id(kernel: Kernel) -> str:
    """A UUID that differs from boot to boot."""
    return kernel.read_file("/proc/sys/kernel/random/boot_id").decode().strip()


def kernel_release(kernel: Kernel) -> str:
    """What `uname -r` prints."""
    return kernel.read_file("/proc/sys/kernel/osrelease").decode().strip()


def sysctl(kernel: Kernel, name: str) -> str:
    """The value of a sysctl, `kernel.kptr_restrict` say; `SyscallError` when there is none."""
    return kernel.read_file(f"/proc/sys/{name.replace('.', '/')}").decode().strip()


def pmu_type(kernel: Kernel, name: str) -> int:
    """`perf_event_attr.type` of a PMU (`kprobe`, `uprobe`); `SyscallError` when there is none."""
    return int(kernel.read_file(f"/sys/bus/event_source/devices/{name}/type"))


def pmu_field(kernel: Kernel, name: str, field: str) -> tuple[int, int]:
    """The first and the last bit of a field of `perf_event_attr.config`: `config:32-63`.

    `SyscallError` when the PMU has no such field, `FormatError` when it is none of `config`.
    """
    text = kernel.read_file(f"/sys/bus/event_source/devices/{name}/format/{field}").decode()
    place, _, bits = text.strip().partition(":")
    first, _, last = bits.partition("-")
    if place != "config" or not first.isdigit() or not (last or first).isdigit():
        raise FormatError(f"'{text.strip()}' are no bits of config", 0)
    return int(first), int(last or first)


def thread_ids(kernel: Kernel, pid: int) -> tuple[int, ...]:
    """The threads of a process by number; `SyscallError` when there is no such process."""
    return tuple(sorted(int(name) for name in kernel.list_directory(f"/proc/{pid}/task")))
