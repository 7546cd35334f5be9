"""Programs of control groups: for what the processes in them do."""

from __future__ import annotations

import errno
from typing import Final

from seismo.kernel.cgroups import find_cgroup, open_cgroup
from seismo.kernel.fd import Fd
from seismo.kernel.link import link_create
from seismo.kernel.protocol import Kernel
from seismo.objects.attach.refusal import Reasons, refusals_at
from seismo.objects.link import Link
from seismo.objects.program import Program
from seismo.spec.object_attach import CgroupAttach

__all__ = ("attach_cgroup",)

_CGROUP: Final[Reasons] = {
    errno.EINVAL: (
        "the kernel does not run such programs there",
        "the attach type must be one of the program's type, and the one that it was loaded with; "
        "it takes CONFIG_CGROUP_BPF",
    ),
    errno.EPERM: ("a cgroup above has a program that allows none below it", ""),
    errno.E2BIG: ("the cgroup has as many such programs as it takes (64)", ""),
    errno.EBADF: ("it is no cgroup of version 2", ""),
}


def attach_cgroup(program: Program, at: CgroupAttach, kernel: Kernel) -> Link:
    """Run `program` for a cgroup and all below it, beside other programs there.

    Raises `CgroupError` for a cgroup that is not there. Since Linux 5.7.
    """
    path = find_cgroup(kernel, at.path)
    place = f"{at.type.name.lower()} {path}"
    with refusals_at(place, _CGROUP), open_cgroup(kernel, path) as cgroup:
        number = link_create(kernel, int(program.fd), int(cgroup), at.type)
        return Link((Fd(kernel, number, "link", place),))
