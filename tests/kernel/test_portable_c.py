"""Objects of our own C compiler in the kernel: by our loader, and by libbpf."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

import seismo
from seismo.base.source import Source
from seismo.bcc.machine import machine
from seismo.ship.c_object import c_object

pytestmark = pytest.mark.kernel

TEXT = """
struct task_struct___older { volatile long state; } __attribute__((preserve_access_index));
struct task_struct___newer { unsigned int __state; } __attribute__((preserve_access_index));
struct file___never { u64 no_such_member; } __attribute__((preserve_access_index));
struct seen {
    u64 start;
    u64 spare;
    int pid, parent;
    u32 uid, level, state_is_newer, never;
    char comm[16];
    u64 type_bytes, place, group;
};
BPF_HASH(asked, u32, struct seen, 16);

SEC("raw_tp/sys_enter") int on_call(struct bpf_raw_tracepoint_args *ctx) {
    u32 tgid = bpf_get_current_pid_tgid() >> 32;
    struct seen *known = asked.lookup(&tgid);
    if (!known || known->pid)
        return 0;
    struct task_struct *task = (struct task_struct *)bpf_get_current_task();
    struct seen seen = {};
    seen.start = task->group_leader->start_boottime;
    seen.pid = task->pid;
    seen.parent = BPF_CORE_READ(task, real_parent, tgid);
    seen.uid = task->cred->uid.val;
    seen.level = task->nsproxy->pid_ns_for_children->level;
    seen.state_is_newer = bpf_core_field_exists(struct task_struct___newer, __state);
    if (bpf_core_field_exists(struct task_struct___older, state))
        seen.state_is_newer |= ((struct task_struct___older *)task)->state << 8;
    if (bpf_core_field_exists(struct file___never, no_such_member))
        seen.never = ((struct file___never *)task)->no_such_member;
    bpf_probe_read_kernel_str(seen.comm, sizeof(seen.comm), task->comm);
    seen.type_bytes = sizeof(struct task_struct);
    seen.place = offsetof(struct task_struct, cred);
    struct pid *group = task->signal->pids[PIDTYPE_TGID];
    seen.group = group->numbers[0].nr;
    asked.update(&tgid, &seen);
    return 0;
}
"""


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    own = machine()
    with own.used():
        data, warnings = c_object(Source("seen.c", TEXT), own.view)
        assert not warnings
    path = tmp_path_factory.mktemp("objects") / "seen.bpf.o"
    path.write_bytes(data)
    return path


def test_it_reads_what_this_kernel_has(path: Path) -> None:
    with seismo.Object.open(str(path)) as one:
        one.load()
        one.attach()
        table = one.maps["asked"]
        table[os.getpid()] = bytes(80)
        os.getppid()
        seen = table[os.getpid()]
    assert (seen.pid, seen.group) == (os.getpid(), os.getpid())
    assert (seen.parent, seen.uid, seen.level) == (os.getppid(), os.getuid(), 0)
    assert (seen.state_is_newer, seen.never) == (1, 0)
    own = machine()
    with own.used():
        btf = own.view.btf()
        task = btf.type(btf.find("task_struct"))
        places = {each.name: each.bit_offset // 8 for each in task.members}
    assert (seen.type_bytes, seen.place) == (task.size, places["cred"])
    with open("/proc/self/stat", encoding="utf-8") as file:
        ticks = int(file.read().rpartition(")")[2].split()[19])
    assert seen.start // (1_000_000_000 // os.sysconf("SC_CLK_TCK")) == ticks


@pytest.mark.skipif(not shutil.which("bpftool"), reason="no bpftool here")
def test_libbpf_takes_it(path: Path) -> None:
    """Loaded and pinned by bpftool, and unpinned again."""
    pinned = Path(f"/sys/fs/bpf/portable_c_{os.getpid()}")
    command = ["bpftool", "prog", "load", str(path), str(pinned)]
    done = subprocess.run(command, capture_output=True, text=True)
    try:
        assert done.returncode == 0, done.stderr
    finally:
        pinned.unlink(missing_ok=True)
