"""The machine that all programs of this process run on: its kernel, its tracefs, what it knows.

BCC asks much without an object (`BPF.tracepoint_exists(…)`), so there is one machine for all.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, cached_property
from typing import TYPE_CHECKING

from seismo.kernel.features.record import Feature, FeatureProbe
from seismo.kernel.live import LiveKernel
from seismo.kernel.tracefs import Tracefs
from seismo.views import LiveView

if TYPE_CHECKING:
    from seismo.bcc.symbols import SymbolCache

__all__ = ("Machine", "machine")


class Machine:
    """The running kernel. A tracefs that had to be mounted for us is there while somebody uses the
    machine, `with machine().used()`, and so long processes are followed for their symbols."""

    def __init__(self) -> None:
        self._users = 0

    @cached_property
    def kernel(self) -> LiveKernel:
        """The system calls."""
        return LiveKernel()

    @cached_property
    def _features(self) -> FeatureProbe:
        return FeatureProbe(self.kernel)

    @cached_property
    def tracefs(self) -> Tracefs:
        """The tracepoints."""
        return Tracefs(self.kernel)

    @cached_property
    def view(self) -> LiveView:
        """What compiling asks; its answers are kept for all programs."""
        return LiveView(self.kernel, self.tracefs)

    @cached_property
    def has_kprobes(self) -> bool:
        """Whether the kernel lets programs be at its functions, in one of two ways."""
        from seismo.kernel.features import attaching  # noqa: PLC0415 (lazy: docs/architecture.md)

        return self.can(attaching.KPROBE) or self.can(attaching.KPROBE_IN_TRACEFS)

    @cached_property
    def symbols(self) -> SymbolCache:
        """Names of addresses."""
        from seismo.bcc.symbols import SymbolCache  # noqa: PLC0415 (lazy: docs/architecture.md)

        return SymbolCache(self.kernel)

    def can(self, feature: Feature) -> bool:
        """Whether the kernel can do something; tried once."""
        return self._features.ask(feature).works

    @contextmanager
    def used(self) -> Iterator[Machine]:
        """The machine, whose tracefs stays mounted meanwhile."""
        self._users += 1
        try:
            yield self
        finally:
            self._users -= 1
            if not self._users:
                self.tracefs.close()
                if "symbols" in self.__dict__:
                    self.symbols.close()


@cache
def machine() -> Machine:
    """The one of this process."""
    return Machine()
