"""The kernel's records that scripts ask about a task, of what /proc and its tracer know.

Of a path there is what /proc says: it begins at the root of whoever traces, and no mount is on the
way. So there is one `struct mount`, and a `struct dentry` for each path, which is its name.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Mapping

from seismo.engine.live.kernel_memory import KernelMemory, Record, Tell
from seismo.engine.live.tracee import Tracee, comm_of, stat_fields, status_lines

__all__ = ("task_memory", "told_members")

_NS_PER_SECOND = 1_000_000_000
_POINTER_BYTES = 8
_SIGNAL_GROUP_EXIT = 4  # include/linux/sched/signal.h
_MINOR_BITS = 20  # include/linux/kdev_t.h, of what the kernel keeps

# include/uapi/linux/magic.h, by how /proc calls files that are in no directory.
_PIDFD, _PIDFS_MAGIC = "anon_inode:[pidfd]", 0x50494446
_MAGIC = {"pipe": 0x50495045, "socket": 0x534F434B, "anon_inode": 0x09041934}

_IDS = ("", "e", "s", "fs")
"""Of the ids of /proc/TID/status, in its order, what their members begin with."""

_NAMESPACES = {
    "mnt_ns": ("mnt_namespace", "mnt"),
    "cgroup_ns": ("cgroup_namespace", "cgroup"),
    "uts_ns": ("uts_namespace", "uts"),
    "ipc_ns": ("ipc_namespace", "ipc"),
    "pid_ns_for_children": ("pid_namespace", "pid_for_children"),
    "net_ns": ("net", "net"),
    "time_ns": ("time_namespace", "time"),
    "time_ns_for_children": ("time_namespace", "time_for_children"),
}
"""By the members of `struct nsproxy`: a structure, and how /proc/TID/ns calls it."""


def task_memory(tracees: Mapping[int, Tracee]) -> KernelMemory:
    """The records of all tasks that /proc shows; what only a tracer sees, of `tracees` alone."""
    return KernelMemory(_all_records(tracees))


def told_members() -> Iterator[tuple[str, str]]:
    """(structure, path) of each member that is told."""
    for record, told in _all_records({}).items():
        if not callable(told):
            yield from [(record, path) for path in told]


def _all_records(tracees: Mapping[int, Tracee]) -> Mapping[str, Record]:
    namespaces: dict[str, Record] = {
        record: {"ns.inum": _inode_number} for record, _ in _NAMESPACES.values()
    }
    return {**namespaces, **_RECORDS, **_Ends(tracees).records()}


class _Ends:
    """How tasks begin and end, as their tracer has seen it."""

    def __init__(self, tracees: Mapping[int, Tracee]) -> None:
        self._tracees = tracees

    def records(self) -> Mapping[str, Record]:
        """A task and a process: the members about that, and all others of a task."""
        task: dict[str, Tell] = {
            **_TASK,
            "start_boottime": self._started_ns,
            "exit_code": lambda memory, tid, name: self._one(tid).exit_code,
        }
        process: dict[str, Tell] = {
            "live.counter": lambda memory, tid, name: self._running(tid),
            "flags": self._flags,
            "group_exit_code": self._group_exit_code,
        }
        return {"task_struct": task, "signal_struct": process}

    def _started_ns(self, memory: KernelMemory, tid: int, name: str) -> int:
        """Of the first of all only /proc knows, in hundredths of a second."""
        tracee = self._tracees.get(tid)
        if tracee is not None and tracee.started_ns:
            return tracee.started_ns
        return int(stat_fields(tid)[19]) * (_NS_PER_SECOND // os.sysconf("SC_CLK_TCK"))

    def _one(self, tid: int) -> Tracee:
        found = self._tracees.get(tid)
        if found is None:
            raise OSError(errno.ESRCH, "nobody sees how this task ends")
        return found

    def _running(self, pid: int) -> int:
        return sum(not one.has_left for one in self._of(pid))

    def _flags(self, memory: KernelMemory, tid: int, name: str) -> int:
        return _SIGNAL_GROUP_EXIT * bool(self._enders(memory, tid))

    def _group_exit_code(self, memory: KernelMemory, tid: int, name: str) -> int:
        return next((one.exit_code for one in self._enders(memory, tid)), 0)

    def _enders(self, memory: KernelMemory, pid: int) -> list[Tracee]:
        """Who has ended the whole process, or has ended because it ended. Where `quick_threads` are
        counted, since Linux 5.19, the last thread does so, too: `synchronize_group_exit`."""
        is_by_last = memory.has("signal_struct", "quick_threads")
        return [one for one in self._of(pid) if one.ends_process or (one.is_last and is_by_last)]

    def _of(self, pid: int) -> list[Tracee]:
        self._one(pid)
        return [one for one in self._tracees.values() if one.pid == pid]


def _same(record: str) -> Tell:
    """Another record about the same."""
    return lambda memory, tid, name: memory.address(record, tid, name)


def _fixed(number: int) -> Tell:
    return lambda memory, tid, name: number


def _leader(tid: int) -> int:
    return int(status_lines(tid)[b"Tgid"])


def _id(line: bytes, index: int) -> Tell:
    return lambda memory, tid, name: int(status_lines(tid)[line].split()[index])


def _stat(index: int) -> Tell:
    """A number of /proc/TID/stat, counted from the task's state on."""
    return lambda memory, tid, name: int(stat_fields(tid)[index])


def _namespace(record: str, kind: str) -> Tell:
    return lambda memory, tid, name: memory.address(record, tid, f"ns/{kind}")


def _process_memory(memory: KernelMemory, tid: int, name: str) -> int:
    """None of a thread of the kernel, and of a task at its end."""
    return memory.address("mm_struct", tid) if b"VmSize" in status_lines(tid) else 0


def _inode_number(memory: KernelMemory, tid: int, name: str) -> int:
    """123 of pipe:[123]."""
    if tid:
        return _file(tid, name).st_ino
    digits = name.partition(":[")[2].rstrip("]")
    if not digits.isdecimal():
        raise OSError(errno.ENOENT, "what has no number shares its inode")
    return int(digits)


def _mode(memory: KernelMemory, tid: int, name: str) -> int:
    return _file(tid, name).st_mode


def _device(memory: KernelMemory, tid: int, name: str) -> int:
    device = _file(tid, name).st_dev
    return os.major(device) << _MINOR_BITS | os.minor(device)


def _file(tid: int, name: str) -> os.stat_result:
    return os.stat(f"/proc/{tid}/{name}")


def _mount(memory: KernelMemory, tid: int, name: str) -> int:
    return memory.address("mount", member="mnt")


def _root(memory: KernelMemory, tid: int, name: str) -> int:
    return memory.address("dentry", 0, "/")


def _linked(link: str = "") -> Tell:
    """The `struct dentry` of what a link below /proc/TID leads to: `link`, or the file itself."""

    def tell(memory: KernelMemory, tid: int, name: str) -> int:
        path = os.readlink(f"/proc/{tid}/{link or name}")
        if not path.startswith("/") and path.partition(":")[0] not in _MAGIC:
            raise OSError(errno.ENOENT, "it is out of sight")
        return memory.address("dentry", 0, path)

    return tell


def _parent_directory(memory: KernelMemory, tid: int, name: str) -> int:
    """Of the root, and of what is in no directory, itself."""
    parent = os.path.dirname(name) if name.startswith("/") else name
    return memory.address("dentry", 0, parent)


def _own_name(name: str) -> str:
    """`a` of /b/a, `[eventfd]` of anon_inode:[eventfd]; the root is called as itself."""
    if name.startswith("/"):
        return os.path.basename(name) or name
    return name.partition(":")[2]


def _bytes(text: str, offset: int, size: int) -> bytes:
    """Of a string in the kernel's memory."""
    return os.fsencode(text)[offset : offset + size].ljust(size, b"\0")


def _magic(memory: KernelMemory, tid: int, name: str) -> int:
    """Which file system a file is of that is in no directory."""
    opened = os.readlink(f"/proc/{tid}/{name}") if tid else name
    if opened == _PIDFD:
        return _PIDFS_MAGIC
    kind = opened.partition(":")[0]
    if kind not in _MAGIC:
        raise OSError(errno.ENOENT, "/proc does not tell")
    return _MAGIC[kind]


def _pid_behind(memory: KernelMemory, tid: int, name: str) -> int:
    """The `struct pid` of a pidfd: of the inode, or, before Linux 6.9, of the open file."""
    if os.readlink(f"/proc/{tid}/{name}") != _PIDFD:
        raise OSError(errno.ENOENT, "there may be anything")
    return memory.address("pid", tid, name)


def _pid_of_descriptor(memory: KernelMemory, tid: int, name: str) -> int:
    with open(f"/proc/{tid}/{name.replace('fd/', 'fdinfo/')}", encoding="ascii") as file:
        for line in file:
            if line.startswith("Pid:"):
                return int(line.partition(":")[2])
    raise OSError(errno.ENOENT, "it is none of a process")


def _of_pseudo_file(record: str) -> Tell:
    """A record about a file that is in no directory; there is none about a path."""

    def tell(memory: KernelMemory, tid: int, name: str) -> int:
        if name.startswith("/"):
            raise OSError(errno.ENOENT, "it may be another file by now")
        return memory.address(record, 0, name)

    return tell


def _text(memory: KernelMemory, tid: int, name: str, offset: int, size: int) -> bytes:
    return _bytes(_own_name(name), offset, size)


def _file_system(memory: KernelMemory, tid: int, name: str, offset: int, size: int) -> bytes:
    """What the file system that a file is in is called: proc_pid_mountinfo(5)."""
    device = _file(tid, name).st_dev
    number = f"{os.major(device)}:{os.minor(device)}"
    with open(f"/proc/{tid}/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
        for line in file:
            mount, _, kind = line.partition(" - ")
            if mount.split()[2] == number:
                return _bytes(kind.split()[0], offset, size)
    raise OSError(errno.ENOENT, "it is mounted nowhere here")


def _descriptors(memory: KernelMemory, tid: int, name: str, offset: int, size: int) -> bytes:
    """An array of `struct file *`."""
    number, rest = divmod(offset, _POINTER_BYTES)
    if rest or size != _POINTER_BYTES:
        raise OSError(errno.EFAULT, "not a descriptor's place")
    is_open = os.path.lexists(f"/proc/{tid}/fd/{number}")
    file = memory.address("file", tid, f"fd/{number}") if is_open else 0
    return file.to_bytes(_POINTER_BYTES, "little")


_TASK: Mapping[str, Tell] = {
    "pid": lambda memory, tid, name: tid,
    "tgid": lambda memory, tid, name: _leader(tid),
    "comm": lambda memory, tid, name: comm_of(tid),
    "real_parent": lambda memory, tid, name: memory.address(
        "task_struct", int(stat_fields(tid)[1])
    ),
    "group_leader": lambda memory, tid, name: memory.address("task_struct", _leader(tid)),
    "signal": lambda memory, tid, name: memory.address("signal_struct", _leader(tid)),
    "cred": _same("cred"),
    "real_cred": _same("cred"),
    "mm": _process_memory,
    "fs": _same("fs_struct"),
    "files": _same("files_struct"),
    "nsproxy": _same("nsproxy"),
}

_RECORDS: Mapping[str, Record] = {
    "cred": {
        **{f"{start}uid.val": _id(b"Uid", index) for index, start in enumerate(_IDS)},
        **{f"{start}gid.val": _id(b"Gid", index) for index, start in enumerate(_IDS)},
    },
    # proc_pid_stat(5): arg_start is its 48th field, the state its third.
    "mm_struct": {
        **{name: _stat(45 + n) for n, name in enumerate(("arg_start", "arg_end"))},
        "exe_file": lambda memory, tid, name: memory.address("file", tid, "exe"),
    },
    "nsproxy": {member: _namespace(*which) for member, which in _NAMESPACES.items()},
    "fs_struct": {
        "pwd.mnt": _mount,
        "pwd.dentry": _linked("cwd"),
        "root.mnt": _mount,
        "root.dentry": _linked("root"),
    },
    "files_struct": {"fdt": _same("fdtable")},
    "fdtable": {
        "max_fds": lambda memory, tid, name: int(status_lines(tid)[b"FDSize"]),
        "fd": _same("descriptors"),
    },
    "descriptors": _descriptors,
    "file": {
        "f_path.mnt": _mount,
        "f_path.dentry": _linked(),
        "f_inode": _same("inode"),
        "private_data": _pid_behind,
    },
    "inode": {
        "i_ino": _inode_number,
        "i_mode": _mode,
        "i_sb": _same("super_block"),
        "i_private": _pid_behind,
    },
    "pid": {"numbers[0].nr": _pid_of_descriptor},
    "super_block": {"s_dev": _device, "s_magic": _magic, "s_type": _same("file_system_type")},
    "file_system_type": {"name": _same("text_of_type")},
    "text_of_type": _file_system,
    "mount": {
        "mnt.mnt_root": _root,
        "mnt_parent": lambda memory, tid, name: memory.address("mount"),
        "mnt_mountpoint": _root,
    },
    "dentry": {
        "d_parent": _parent_directory,
        "d_hash.pprev": _fixed(1),
        "d_name.name": _same("text"),
        "d_name.len": lambda memory, tid, name: len(os.fsencode(_own_name(name))),
        "d_inode": _of_pseudo_file("inode"),
        "d_sb": _of_pseudo_file("super_block"),
    },
    "text": _text,
}
