"""Types of the records that `task_records` tells, for where a kernel's own cannot be read.

They hold the members that are told, and nothing else: so a script that asks for another is refused
when it is compiled. Where members lie is nobody else's matter, so it is no kernel's layout.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from seismo.base.bits import align_up
from seismo.btf.spec import Btf
from seismo.btf.types import (
    Array,
    FuncProto,
    Int,
    IntEncoding,
    Member,
    Param,
    Ptr,
    Struct,
    Type,
    Typedef,
)
from seismo.btf.write import write

__all__ = ("kernel_types", "task_types")

_VMLINUX = "/sys/kernel/btf/vmlinux"
_POINTER_BYTES = 8

_NUMBERS = (
    Int("char", 1, IntEncoding.SIGNED),
    Int("_Bool", 1, IntEncoding.BOOL),
    Int("unsigned short", 2),
    Int("int", 4, IntEncoding.SIGNED),
    Int("unsigned int", 4),
    Int("long", 8, IntEncoding.SIGNED),
    Int("unsigned long", 8),
)

_RECORDS = """
struct proc_ns_operations { char *name; }
struct ns_common { struct proc_ns_operations *ops; unsigned int inum; }
struct mnt_namespace { struct ns_common ns; }
struct cgroup_namespace { struct ns_common ns; }
struct uts_namespace { struct ns_common ns; }
struct ipc_namespace { struct ns_common ns; }
struct pid_namespace { struct ns_common ns; }
struct net { struct ns_common ns; }
struct time_namespace { struct ns_common ns; }
struct nsproxy {
    struct mnt_namespace *mnt_ns; struct cgroup_namespace *cgroup_ns;
    struct uts_namespace *uts_ns; struct ipc_namespace *ipc_ns;
    struct pid_namespace *pid_ns_for_children; struct net *net_ns;
    struct time_namespace *time_ns; struct time_namespace *time_ns_for_children;
}
struct upid { int nr; }
struct pid { struct upid numbers[1]; }
struct kuid { unsigned int val; }
struct cred {
    struct kuid uid; struct kuid euid; struct kuid suid; struct kuid fsuid;
    struct kuid gid; struct kuid egid; struct kuid sgid; struct kuid fsgid;
}
struct file_system_type { char *name; }
struct super_block { unsigned int s_dev; unsigned long s_magic; struct file_system_type *s_type; }
struct inode {
    unsigned short i_mode; unsigned long i_ino; struct super_block *i_sb; void *i_private;
}
struct proc_inode { struct pid *pid; struct inode vfs_inode; }
struct hlist_bl_node { struct hlist_bl_node **pprev; }
struct qstr { unsigned int len; char *name; }
struct dentry {
    struct hlist_bl_node d_hash; struct dentry *d_parent; struct qstr d_name;
    struct inode *d_inode; struct super_block *d_sb;
}
struct vfsmount { struct dentry *mnt_root; }
struct mount { struct mount *mnt_parent; struct dentry *mnt_mountpoint; struct vfsmount mnt; }
struct path { struct vfsmount *mnt; struct dentry *dentry; }
struct file { struct path f_path; struct inode *f_inode; void *private_data; }
struct fdtable { unsigned int max_fds; struct file **fd; }
struct files_struct { struct fdtable *fdt; }
struct fs_struct { struct path root; struct path pwd; }
struct mm_struct { unsigned long arg_start; unsigned long arg_end; struct file *exe_file; }
struct atomic { int counter; }
struct signal_struct { struct atomic live; unsigned int flags; int group_exit_code; }
struct task_struct {
    struct mm_struct *mm; int exit_code; int pid; int tgid; struct task_struct *real_parent;
    struct task_struct *group_leader; unsigned long start_boottime; struct cred *real_cred;
    struct cred *cred; char comm[16]; struct fs_struct *fs; struct files_struct *files;
    struct nsproxy *nsproxy; struct signal_struct *signal;
}
struct linux_binprm { char *filename; }
struct pt_regs { }
struct __kernel_timespec { long tv_sec; long tv_nsec; }
struct open_how { unsigned long flags; unsigned long mode; unsigned long resolve; }
struct mount_attr {
    unsigned long attr_set; unsigned long attr_clr; unsigned long propagation;
    unsigned long userns_fd;
}
struct clone_args {
    unsigned long flags; unsigned long pidfd; unsigned long child_tid; unsigned long parent_tid;
    unsigned long exit_signal; unsigned long stack; unsigned long stack_size; unsigned long tls;
    unsigned long set_tid; unsigned long set_tid_size; unsigned long cgroup;
}
"""
"""What others are made of stands before them. Those from `__kernel_timespec` on are in the memory
of processes, laid out as system calls take them. Of `proc_ns_operations`, `proc_inode` and
`linux_binprm` nothing is told: functions of the language and the raw tracepoints name them."""

_RAW_TRACEPOINTS = """
sched_process_fork { struct task_struct *parent; struct task_struct *child; }
sched_process_exec { struct task_struct *p; int old_pid; struct linux_binprm *bprm; }
sched_process_exit { struct task_struct *p; _Bool group_dead; }
sys_enter { struct pt_regs *regs; long id; }
sys_exit { struct pt_regs *regs; long ret; }
"""
"""include/trace/events/sched.h, syscalls.h: their TP_PROTO."""

_BLOCK = re.compile(r"(?:struct )?(\w+) \{([^}]*)\}")
_DECLARATION = re.compile(r"\s*((?:struct )?[\w ]+?) (\**)(\w+)(?:\[(\d+)\])?;")


def kernel_types() -> Btf:
    """Those of the kernel that runs here; where they cannot be read, `task_types`."""
    try:
        return Btf.open(_VMLINUX)
    except OSError:
        return task_types()


@cache
def task_types() -> Btf:
    """What is told of tasks, of a kernel of 64 bits."""
    return Btf.from_bytes(write(_Types().all))


class _Types:
    """Numbers, structures, the raw tracepoints' prototypes, and what these point to."""

    def __init__(self) -> None:
        self.all: list[Type] = list(_NUMBERS)
        self._ids = {"void": 0, **{one.name: number for number, one in enumerate(self.all, 1)}}
        blocks = _BLOCK.findall(_RECORDS)
        for name, _ in blocks:
            self._ids[f"struct {name}"] = self._add(Struct(name, 0))
        for name, body in blocks:
            self.all[self._ids[f"struct {name}"] - 1] = self._struct(name, body)
        for name, body in _BLOCK.findall(_RAW_TRACEPOINTS):
            self._add_prototype(name, body)

    def _add(self, type_: Type) -> int:
        self.all.append(type_)
        return len(self.all)

    def _struct(self, name: str, body: str) -> Struct:
        members: list[Member] = []
        end = widest = 0
        for member, id_ in self._declared(body):
            size, alignment = self._extent(id_)
            start = align_up(end, alignment)
            members.append(Member(member, id_, 8 * start))
            end, widest = start + size, max(widest, alignment)
        return Struct(name, align_up(end, widest or 1), tuple(members))

    def _add_prototype(self, name: str, body: str) -> None:
        """The kernel has each behind a pointer of its tracepoint's name, its data before all."""
        told = [Param(parameter, id_) for parameter, id_ in self._declared(body)]
        proto = self._add(FuncProto(0, (Param("__data", self._of("void", "*")), *told)))
        self._add(Typedef(f"btf_trace_{name}", self._add(Ptr(proto))))

    def _declared(self, body: str) -> Iterable[tuple[str, int]]:
        for base, stars, name, count in _DECLARATION.findall(body):
            yield name, self._of(base, stars, int(count or 0))

    def _of(self, base: str, stars: str, count: int = 0) -> int:
        """The id of a type; an array's, where there is a count."""
        if count:
            return self._add(Array(self._of(base, stars), self._ids["unsigned int"], count))
        called = base + stars
        if called not in self._ids:
            self._ids[called] = self._add(Ptr(self._of(base, stars[1:])))
        return self._ids[called]

    def _extent(self, id_: int) -> tuple[int, int]:
        """Size and alignment."""
        match self.all[id_ - 1]:
            case Int(size=size):
                return size, size
            case Array(type=element, count=count):
                size, alignment = self._extent(element)
                return size * count, alignment
            case Struct(members=members, size=size):
                return size, max([self._extent(one.type)[1] for one in members], default=1)
            case _:
                return _POINTER_BYTES, _POINTER_BYTES
