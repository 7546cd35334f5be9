"""`Link`: an attachment; closing it detaches."""

from __future__ import annotations

from seismo.api.errors import WrongState, WrongType
from seismo.base.closing import Closing
from seismo.kernel import bpf
from seismo.kernel.protocol import Kernel
from seismo.objects import link as objects
from seismo.objects.attach.iterator import IterLink

__all__ = ("Link",)


class Link(Closing):
    """Keeps `program` (its name) attached until it is closed, or its object is.

    A pinned link stays attached after that, until `unpin`, and without this process.
    """

    def __init__(self, program: str, link: objects.Link, kernel: Kernel) -> None:
        self.program = program
        self.link = link
        self._kernel = kernel
        self._pins: list[str] = []

    def pin(self, path: str) -> None:
        """Keep it attached under `path` on a bpffs. Since Linux 5.7.

        `WrongState` for what is attached in another way than by one bpf_link, such as a filter of
        clsact or, before Linux 5.15, a kprobe.
        """
        links = [one for one in self.link.attached if one.kind == "link"]
        if len(links) != 1 or len(self.link.attached) != 1:
            raise WrongState(f"the attachment of '{self.program}' cannot be pinned: it is no link")
        bpf.obj_pin(self._kernel, int(links[0]), path)
        self._pins.append(path)

    def unpin(self, path: str = "") -> None:
        """Take the pin at `path` away; without one those that were made here."""
        for one in [path] if path else self._pins:
            self._kernel.unlink(one)
        self._pins = [one for one in self._pins if path and one != path]

    def read(self) -> bytes:
        """What an iterator writes on one way over its objects; `WrongType` for anything else."""
        if not isinstance(self.link, IterLink):
            raise WrongType(f"program '{self.program}' is no iterator")
        return b"".join(self.link.read())

    def missed(self) -> int:
        """How many hits the kernel has missed here (Linux 6.7); 0 where none are counted."""
        return self.link.missed(self._kernel)

    def close(self) -> None:
        """Detach; a second time does nothing."""
        self.link.close()

    def __repr__(self) -> str:
        return f"<Link of {self.program}>"
