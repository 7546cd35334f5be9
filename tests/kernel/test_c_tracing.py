"""Programs of C at work: compiled with this kernel's types, attached, and told of this process."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from c_runs import c_loaded
from seismo.c.flavour import (
    KPROBE,
    RAW_TRACEPOINT,
    TRACEPOINT,
    Flavour,
    flavour_of,
    syscall_enter,
    syscall_exit,
)
from seismo.kernel.live import LiveKernel
from seismo.kernel.tracefs import Tracefs
from seismo.objects.attach.table import attach
from seismo.objects.map import Map
from seismo.spec.types import (
    AttachSpec,
    KprobeAttach,
    RawTracepointAttach,
    TracepointAttach,
    TracingAttach,
)
from seismo.views import LiveView

pytestmark = pytest.mark.kernel

OPENAT = {"x86_64": 257, "aarch64": 56}[os.uname().machine]
PPID = {"x86_64": 110, "aarch64": 173}[os.uname().machine]
_CALLS = 7
_MINE = """
static inline int is_mine(void) { return (u32)bpf_get_current_pid_tgid() == %d; }
"""


class Tracer:
    """Attaches functions of a text; the tables fill."""

    def __init__(self, kernel: LiveKernel) -> None:
        self.kernel = kernel

    @contextmanager
    def run(
        self, text: str, places: Mapping[str, tuple[Flavour, AttachSpec]]
    ) -> Iterator[dict[str, Map]]:
        """The text knows this thread by `is_mine()`."""
        flavours = {name: flavour for name, (flavour, _) in places.items()}
        with Tracefs(self.kernel) as tracefs:
            view = LiveView(self.kernel, tracefs)
            whole = _MINE % threading.get_native_id() + text
            with c_loaded(whole, self.kernel, flavours, view) as (loaded, _):
                links = [
                    attach(loaded.programs[name], at, self.kernel, tracefs)
                    for name, (_, at) in places.items()
                ]
                try:
                    yield dict(loaded.maps)
                finally:
                    for link in links:
                        link.close()


@pytest.fixture
def tracer(kernel: LiveKernel) -> Tracer:
    return Tracer(kernel)


def _numbers(table: Map) -> dict[int, int]:
    return {
        int.from_bytes(key, "little"): int.from_bytes(value, "little")
        for key, value in table.items()
    }


def test_a_tracepoint_reads_its_fields_and_strings(tracer: Tracer, tmp_path: Path) -> None:
    text = """
        struct name { char text[64]; };
        BPF_HASH(flags, u32, u32);
        BPF_HASH(names, u32, struct name);
        TRACEPOINT_PROBE(syscalls, sys_enter_openat) {
            if (!is_mine()) return 0;
            u32 key = 1, given = args->flags;
            struct name name = {};
            bpf_probe_read_user_str(name.text, sizeof(name.text), args->filename);
            flags.update(&key, &given);
            names.update(&key, &name);
            return 0;
        }
    """
    path = str(tmp_path / "x")
    name = "tracepoint__syscalls__sys_enter_openat"
    at = TracepointAttach("syscalls", "sys_enter_openat")
    with tracer.run(text, {name: (TRACEPOINT, at)}) as tables:
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY))
        assert _numbers(tables["flags"]) == {1: os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC}
        ((_, value),) = tables["names"].items()
    assert value.partition(b"\0")[0].decode() == path[:63]


def test_data_that_lies_behind_a_tracepoints_record(tracer: Tracer) -> None:
    text = """
        struct text { char path[32]; };
        BPF_HASH(execs, u32, struct text);
        TRACEPOINT_PROBE(sched, sched_process_exec) {
            struct task_struct *task = (struct task_struct *)bpf_get_current_task();
            if (task->real_parent->pid != %d) return 0;
            u32 pid = args->pid;
            struct text it = {};
            TP_DATA_LOC_READ_STR(&it.path, filename, sizeof(it.path));
            execs.update(&pid, &it);
            return 0;
        }
    """
    name, at = "tracepoint__sched__sched_process_exec", ("sched", "sched_process_exec")
    place = (TRACEPOINT, TracepointAttach(*at))
    with tracer.run(text % threading.get_native_id(), {name: place}) as tables:
        child = os.fork()
        if not child:
            os.execv("/bin/true", ["true"])
        os.waitpid(child, 0)
        path = tables["execs"].get(child.to_bytes(4, "little"))
    assert path.partition(b"\0")[0] == b"/bin/true"


def test_pointers_of_the_kernel_are_followed(tracer: Tracer) -> None:
    text = """
        struct seen { u32 pid; u32 tgid; u32 parent; u32 level; u64 start; char comm[16]; };
        BPF_HASH(tasks, u32, struct seen);
        RAW_TRACEPOINT_PROBE(sys_enter) {
            if (!is_mine() || ctx->args[1] != %d) return 0;
            struct task_struct *task = (struct task_struct *)bpf_get_current_task();
            struct seen it = {};
            u32 key = 0;
            it.pid = task->pid;
            it.tgid = task->tgid;
            it.parent = task->real_parent->tgid;
            it.level = task->nsproxy->pid_ns_for_children->level;
            it.start = task->group_leader->start_time;
            bpf_probe_read_kernel_str(it.comm, sizeof(it.comm), task->comm);
            tasks.update(&key, &it);
            return 0;
        }
    """
    at = RawTracepointAttach("sys_enter")
    with tracer.run(text % PPID, {"raw_tracepoint__sys_enter": (RAW_TRACEPOINT, at)}) as tables:
        os.getppid()
        value = tables["tasks"].get(bytes(4))
    pid, tgid, parent = (int.from_bytes(value[at : at + 4], "little") for at in (0, 4, 8))
    assert (pid, tgid, parent) == (threading.get_native_id(), os.getpid(), os.getppid())
    assert value[24:].partition(b"\0")[0] == Path("/proc/thread-self/comm").read_bytes().strip()


def test_the_arguments_of_a_raw_tracepoint_that_are_the_kernels(tracer: Tracer) -> None:
    text = """
        BPF_HASH(calls, u64);
        RAW_TRACEPOINT_PROBE(sys_enter) {
            struct pt_regs *regs = (struct pt_regs *)ctx->args[0];
            if (is_mine() && ctx->args[1] == %d) calls.increment(PT_REGS_PARM1(regs));
            return 0;
        }
    """
    at, close = RawTracepointAttach("sys_enter"), {"x86_64": 3, "aarch64": 57}
    name = "raw_tracepoint__sys_enter"
    number = close[os.uname().machine]
    descriptor = os.open("/", os.O_RDONLY)
    with tracer.run(text % number, {name: (RAW_TRACEPOINT, at)}) as tables:
        os.close(descriptor)
        assert _numbers(tables["calls"]) == {descriptor: 1}


SYSCALL = """
    struct name { char text[64]; };
    BPF_HASH(calls, u32, u64);
    BPF_HASH(results, u32, u64);
    BPF_HASH(names, u32, struct name);

    int syscall__openat(struct pt_regs *ctx, int dfd, const char __user *filename, int flags)
    {
        if (!is_mine()) return 0;
        u32 key = flags;
        struct name name = {};
        bpf_probe_read_user_str(name.text, sizeof(name.text), filename);
        names.update(&key, &name);
        calls.increment(key);
        return 0;
    }

    int leave(struct pt_regs *ctx)
    {
        if (!is_mine()) return 0;
        u32 key = 0;
        u64 fd = PT_REGS_RC(ctx);
        results.update(&key, &fd);
        return 0;
    }
"""


def test_a_system_call_without_kprobes(tracer: Tracer) -> None:
    places = {
        "syscall__openat": (syscall_enter(OPENAT), RawTracepointAttach("sys_enter")),
        "leave": (syscall_exit(OPENAT), RawTracepointAttach("sys_exit")),
    }
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    with tracer.run(SYSCALL, places) as tables:
        for _ in range(_CALLS):
            descriptor = os.open("/proc/self", flags)
            os.close(descriptor)
        os.getppid()
        assert _numbers(tables["calls"]) == {flags: _CALLS}
        assert _numbers(tables["results"]) == {0: descriptor}
        ((_, name),) = tables["names"].items()
    assert name.partition(b"\0")[0] == b"/proc/self"


def test_the_only_register_of_a_system_calls_function(tracer: Tracer) -> None:
    text = """
        BPF_HASH(flags, u32);
        int enter(struct pt_regs *ctx)
        {
            if (!is_mine()) return 0;
            struct pt_regs *regs = (struct pt_regs *)PT_REGS_PARM1(ctx);
            u32 key = PT_REGS_PARM3(regs);
            flags.increment(key);
            return 0;
        }
    """
    places = {"enter": (syscall_enter(OPENAT), RawTracepointAttach("sys_enter"))}
    with tracer.run(text, places) as tables:
        os.close(os.open("/", os.O_RDONLY | os.O_DIRECTORY))
        assert _numbers(tables["flags"]) == {os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC: 1}


@pytest.mark.guest
def test_a_kprobe_gets_arguments_from_registers(tracer: Tracer) -> None:
    text = """
        BPF_HASH(sizes, u64);
        BPF_HASH(results, u64);
        int kprobe__vfs_read(struct pt_regs *ctx, struct file *file, char __user *buf, size_t count)
        {
            if (is_mine() && S_ISREG(file->f_inode->i_mode)) sizes.increment(count);
            return 0;
        }
        int kretprobe__vfs_read(struct pt_regs *ctx)
        {
            if (is_mine()) results.increment(PT_REGS_RC(ctx));
            return 0;
        }
    """
    # The entry last: attaching reads files, too.
    places = {
        "kretprobe__vfs_read": (KPROBE, KprobeAttach("vfs_read", is_return=True)),
        "kprobe__vfs_read": (KPROBE, KprobeAttach("vfs_read")),
    }
    with open("/etc/passwd", "rb", buffering=0) as file, tracer.run(text, places) as tables:
        file.read(11)
        assert _numbers(tables["sizes"]) == {11: 1}
        assert _numbers(tables["results"])[11] == 1


@pytest.mark.guest
def test_a_kprobe_at_a_system_call_gets_the_calls_arguments(tracer: Tracer) -> None:
    prefix = {"x86_64": "__x64_sys_", "aarch64": "__arm64_sys_"}[os.uname().machine]
    function = f"{prefix}openat"
    places = {
        "leave": (KPROBE, KprobeAttach(function, is_return=True)),
        "syscall__openat": (KPROBE, KprobeAttach(function)),
    }
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    with tracer.run(SYSCALL, places) as tables:
        descriptor = os.open("/proc/self", flags)
        os.close(descriptor)
        assert _numbers(tables["calls"]) == {flags: 1}
        assert _numbers(tables["results"]) == {0: descriptor}
        ((_, name),) = tables["names"].items()
    assert name.partition(b"\0")[0] == b"/proc/self"


@pytest.mark.guest
def test_functions_of_the_kernel_by_their_types(tracer: Tracer) -> None:
    text = """
        BPF_HASH(sizes, u64);
        BPF_HASH(results, u64);
        KFUNC_PROBE(vfs_read, struct file *file, char *buf, size_t count)
        {
            if (is_mine() && S_ISREG(file->f_inode->i_mode)) sizes.increment(count);
            return 0;
        }
        KRETFUNC_PROBE(vfs_read, struct file *file, char *buf, size_t count, loff_t *pos, int got)
        {
            if (is_mine()) results.increment(got);
            return 7;
        }
    """
    names = ("kfunc__vfs_read", "kretfunc__vfs_read")
    places = {name: (flavour_of(name), TracingAttach()) for name in names}
    with open("/etc/passwd", "rb", buffering=0) as file, tracer.run(text, places) as tables:
        file.read(11)
        assert _numbers(tables["sizes"]) == {11: 1}
        assert _numbers(tables["results"]) == {11: 1}
