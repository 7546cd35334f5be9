"""`mountsnoop`: who mounts and unmounts what."""

from __future__ import annotations

from seismo.tools.system.mount_calls import mount_call
from seismo.tools.tool import Area, Column, Rows, Tool, columns
from seismo.tools.words import errno_name

__all__ = ("TOOL",)

TOOL = Tool(
    name="mountsnoop",
    area=Area.SYSTEM,
    summary="Show every mount and unmount: process, mount namespace, error, the call.",
    about="""A row for each mount and umount when it returns, and for the calls that newer programs
mount by: fsopen, fspick, fsconfig, fsmount, move_mount, open_tree, mount_setattr, and pivot_root.
MNT_NS is the number of the mount namespace, as in /proc/PID/ns/mnt. CALL is the call as C has it,
flags by name, with its result: a descriptor, 0, or an error. Paths of mount points are whole: a
relative one has the directory before it that it was relative to. What the kernel mounts by itself
(automounts) is not seen.""",
    kernel="Linux 5.8: the tracepoints of system calls.",
    user_engine=True,
    scripts=("mountsnoop",),
    rows=Rows((*columns("pid comm mnt_ns"), Column("err", errno_name), Column("call", mount_call))),
    example="""examples:
  seismo mountsnoop                         on the machine, until Ctrl-C
  seismo mountsnoop --with container        with the container that does it
  seismo mountsnoop -c 'podman run alpine'  how a container gets its file systems

    PID     COMM             MNT_NS     ERR      CALL
    9102    mount            4026531841 -        mount("tmpfs", "/mnt", "tmpfs", MS_NODEV, "") = 0
    9103    umount           4026531841 EBUSY    umount("/srv", 0) = -EBUSY
""",
)
