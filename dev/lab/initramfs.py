"""The guest's first root: busybox, the modules that reach the host's files, and `init.sh`."""

from __future__ import annotations

from pathlib import Path

from lab.cpio import Entry, archive
from lab.fetch import Kernel
from lab.modules import ModuleTree

__all__ = ("MODULES", "initramfs")

MODULES = (
    "virtio_pci",
    "netfs",
    "9pnet",
    "9pnet_virtio",
    "9p",
    "overlay",
    "veth",
    "sch_ingress",
    "cls_bpf",
)
"""Loaded in every guest; the first six are the way to the root, the others serve network tests."""

_DIRECTORIES = ("bin", "dev", "lower", "modules", "new", "proc", "scratch", "sys")


def initramfs(kernel: Kernel, busybox: Path) -> bytes:
    """The cpio archive that `init.sh` starts from; module files are numbered in loading order."""
    modules = ModuleTree(kernel.modules).closure(MODULES)
    return archive(
        [
            *(Entry.directory(name) for name in _DIRECTORIES),
            Entry.file("bin/busybox", busybox.read_bytes(), mode=0o755),
            Entry.file("init", (Path(__file__).parent / "init.sh").read_bytes(), mode=0o755),
            *(
                Entry.file(f"modules/{position:02}-{name}.ko", image)
                for position, (name, image) in enumerate(modules.items())
            ),
        ]
    )
