"""`bcc.containers`: C text by which tools trace only the containers of a map."""

from __future__ import annotations

from typing import Any

__all__ = ("filter_by_containers",)

_CGROUPS = """
BPF_TABLE_PINNED("hash", u64, u64, cgroupset, 1024, "{path}");

static inline int _cgroup_filter(void)
{{
        u64 cgroupid = bpf_get_current_cgroup_id();
        return cgroupset.lookup(&cgroupid) == NULL;
}}
"""
_MOUNT_NAMESPACES = """
BPF_TABLE_PINNED("hash", u64, u32, mount_ns_set, 1024, "{path}");

static inline int _mntns_filter(void)
{{
        struct task_struct *task = (struct task_struct *)bpf_get_current_task();
        u64 ns_id = task->nsproxy->mnt_ns->ns.inum;
        return mount_ns_set.lookup(&ns_id) == NULL;
}}
"""
_NO_CGROUPS = "\nstatic inline int _cgroup_filter(void) {{ return 0; }}\n"
_NO_MOUNT_NAMESPACES = "\nstatic inline int _mntns_filter(void) {{ return 0; }}\n"
_BOTH = """
static inline int container_should_be_filtered(void)
{
        return _mntns_filter() || _cgroup_filter();
}
"""


def filter_by_containers(args: Any) -> str:
    """The function `container_should_be_filtered()`, for the paths of pinned maps in the options
    `cgroupmap` (of cgroup ids) and `mntnsmap` (of inodes of mount namespaces); without them it is
    0, nothing is filtered."""
    cgroups, namespaces = args.cgroupmap, args.mntnsmap
    parts = (
        (_CGROUPS if cgroups else _NO_CGROUPS).format(path=cgroups),
        (_MOUNT_NAMESPACES if namespaces else _NO_MOUNT_NAMESPACES).format(path=namespaces),
        _BOTH,
    )
    return "".join(parts)
