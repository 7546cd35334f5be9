"""`Attachments`: what a run is attached to, what it could not be, and what the kernel missed there.

>>> attachments = Attachments(plan, programs, kernel, attach)
>>> attachments.attach(sink)
>>> attachments.report_misses(sink)
>>> attachments.detach()
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from seismo.base.errors import NotSupported, SyscallError
from seismo.kernel.errors import NotInKernel
from seismo.kernel.protocol import Kernel
from seismo.objects.link import Link, detach_all
from seismo.objects.program import Program
from seismo.output.sink import Sink
from seismo.plan import Attachment, Plan
from seismo.spec.types import AttachSpec, BreakpointAttach

__all__ = ("Attach", "Attachments")

Attach: TypeAlias = Callable[[Program, AttachSpec], Link]
"""What attaches a program, and raises what `objects.attach` raises."""

_REFUSALS = (SyscallError, NotInKernel, NotSupported)


class Attachments:
    """Owns the links of a plan's attachments."""

    def __init__(
        self, plan: Plan, programs: Mapping[str, Program], kernel: Kernel, attach: Attach
    ) -> None:
        self._plan = plan
        self._programs = programs
        self._kernel = kernel
        self._attach = attach
        self._links: list[tuple[Attachment, Link]] = []
        self.refused: list[tuple[Attachment, BaseException]] = []

    @property
    def links(self) -> list[Link]:
        """All of them, in the order in which they were made."""
        return [link for _, link in self._links]

    def attach(self, sink: Sink) -> None:
        """Attach everything; of the places that wildcards found, those that can be. The others are
        told of, unless the script ignores missing probes.

        Raises what `objects.attach` raises, for a place that the script names, or when none of the
        found ones can be attached to; nothing when missing probes are no error to the script.
        """
        missing = self._plan.settings.missing_probes
        for one in self._plan.attachments:
            program = self._programs[one.program]
            try:
                link = self._attach(program, one.at)
            except _REFUSALS as error:
                if missing == "error" and not one.may_fail:
                    raise
                self.refused.append((one, error))
            else:
                self._links.append((one, link))
        if missing != "ignore":
            self._tell_refused(sink, is_error=missing == "error")

    def _tell_refused(self, sink: Sink, *, is_error: bool) -> None:
        for one, error in self.refused:
            if not one.may_fail:
                sink.warning(f"{one.probe}: {error}")
        wild = [refusal for refusal in self.refused if refusal[0].may_fail]
        if not wild:
            return
        (first, error), found = wild[0], sum(one.may_fail for one in self._plan.attachments)
        if is_error and len(wild) == found:
            raise error
        sink.warning(
            f"{len(wild)} of {found} places that wildcards found could not be attached to; "
            f"{first.probe}: {error}"
        )

    def report_misses(self, sink: Sink) -> None:
        """Say where the kernel could not run a program, while everything is still attached."""
        for place, count in self._missed().items():
            sink.warning(f"{place}: {_runs(count)} missed")
        for name, program in self._programs.items():
            count = program.recursion_misses
            if count:
                place = next((one.probe for one, _ in self._links if one.program == name), name)
                if place:
                    sink.warning(f"{place}: {_runs(count)} missed, because it was running already")

    def _missed(self) -> dict[str, int]:
        counts: dict[str, int] = {}
        for one, link in self._links:
            missed = link.missed(self._kernel)
            if missed and one.probe:
                counts[one.probe] = counts.get(one.probe, 0) + missed
        return counts

    def unwatch(self, address: int) -> None:
        """Detach the watchpoints at `address`."""
        detach_all(
            [
                link
                for one, link in self._links
                if isinstance(one.at, BreakpointAttach) and one.at.address == address
            ]
        )

    def detach(self) -> None:
        """Detach everything; what the kernel missed is not known any more afterwards."""
        detach_all(self.links)

    def close(self) -> None:
        """Detach and give up everything; a second time does nothing."""
        self.detach()
        for link in self.links:
            link.close()


def _runs(count: int) -> str:
    return "1 run" if count == 1 else f"{count} runs"
