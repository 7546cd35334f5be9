"""Debian's kernel packages and its static busybox: found, downloaded and unpacked by apt and dpkg.

Nothing is installed and no root is needed. What was unpacked once is used without the network.

>>> fetch_kernel("6.12", Path(".lab"))
Kernel(version='6.12', release='6.12.117+deb12-amd64', root=PosixPath('.lab/6.12/kernel'))
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from lab.errors import LabUnavailable

__all__ = ("Kernel", "fetch_busybox", "fetch_kernel", "newest_package")


@dataclass(frozen=True, slots=True)
class Kernel:
    """An unpacked kernel package: `version` as asked for, `release` as `uname -r` says it."""

    version: str
    release: str
    root: Path

    @property
    def image(self) -> Path:
        """The bootable kernel."""
        return self.root / "boot" / f"vmlinuz-{self.release}"

    @property
    def modules(self) -> Path:
        """The directory that `uname -r` names below `lib/modules`."""
        return self.root / "lib" / "modules" / self.release


def fetch_kernel(version: str, lab: Path) -> Kernel:
    """The newest general-purpose amd64 kernel of a series such as `6.12`.

    Raises `LabUnavailable` where apt cannot answer or knows no such kernel.
    """
    root = lab / version / "kernel"
    if not root.exists():
        _unpack(newest_package(version, _package_names(version)), root)
    release = next((root / "boot").glob("vmlinuz-*")).name.removeprefix("vmlinuz-")
    return Kernel(version, release, root)


def fetch_busybox(lab: Path) -> Path:
    """A busybox that needs no libraries."""
    root = lab / "busybox"
    if not root.exists():
        _unpack("busybox-static", root)
    return next(root.rglob("bin/busybox"))


def newest_package(version: str, names: Iterable[str]) -> str:
    """The newest signed, non-cloud, non-realtime package of a series; raises `LabUnavailable`."""
    pattern = re.compile(rf"linux-image-{re.escape(version)}\.\d[\w.+~]*(-\d+)?-amd64")
    fitting = [name for name in names if pattern.fullmatch(name)]
    if not fitting:
        raise LabUnavailable(
            f"apt knows no linux-image-{version}.*-amd64\nhint: run `apt-get update` as root"
        )
    return max(fitting, key=lambda name: [int(number) for number in re.findall(r"\d+", name)])


def _package_names(version: str) -> list[str]:
    listing = _run(["apt-cache", "search", "--names-only", f"^linux-image-{re.escape(version)}"])
    return [line.split(" ")[0] for line in listing.splitlines()]


def _unpack(package: str, target: Path) -> None:
    """Downloads and unpacks beside the target, then renames: what exists is always whole."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".unpack-") as scratch:
        _run(["apt-get", "download", "-qq", package], cwd=Path(scratch))
        tree = Path(scratch) / "tree"
        (archive,) = Path(scratch).glob("*.deb")
        _run(["dpkg-deb", "-x", str(archive), str(tree)])
        tree.rename(target)


def _run(command: list[str], cwd: Path | None = None) -> str:
    if shutil.which(command[0]) is None:
        raise LabUnavailable(
            f"{command[0]} is not on this machine: the lab needs a Debian or alike"
        )
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise LabUnavailable(f"`{' '.join(command)}` failed:\n{done.stderr.strip()}")
    return done.stdout
