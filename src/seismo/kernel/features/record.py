"""`Feature`: something that a kernel can or cannot do, found out by trying it, never by version.

>>> probe = FeatureProbe(kernel)
>>> probe.ask(RING_BUFFER)
Answer(works=True, why='', hint='')
"""

from __future__ import annotations

from collections.abc import Callable

from seismo.base.dataclass import dataclass
from seismo.base.errors import NotSupported, SyscallError
from seismo.kernel.abi import ENOTSUPP
from seismo.kernel.protocol import Kernel

__all__ = ("WORKS", "Answer", "Feature", "FeatureProbe", "refused")


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether it works, and if not why not and what to do about it."""

    works: bool
    why: str = ""
    hint: str = ""


WORKS = Answer(works=True)


def refused(error: SyscallError) -> Answer:
    """The answer that a failing system call gives."""
    why = "not supported (ENOTSUPP)" if error.errno == ENOTSUPP else ""
    return Answer(
        works=False,
        why=f"{error.call}: {why or f'{error.strerror} ({error.errno_name})'}",
        hint=error.hint,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """`probe` tries it and leaves nothing behind; `since` is the Linux version that brought it.

    Kernels carry features back and leave them out, so `since` only serves to advise.
    """

    group: str
    name: str
    since: tuple[int, int]
    probe: Callable[[Kernel], Answer]


class FeatureProbe:
    """Asks one kernel, each question once."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._answers: dict[Feature, Answer] = {}

    def ask(self, feature: Feature) -> Answer:
        """The kernel's answer; a refusal without advice is given the version to look for."""
        if feature not in self._answers:
            self._answers[feature] = self._try(feature)
        return self._answers[feature]

    def require(self, feature: Feature) -> None:
        """Raise `NotSupported`, with why and what to do, unless the feature works."""
        answer = self.ask(feature)
        if not answer.works:
            raise NotSupported(f"{feature.name} ({feature.group})", answer.why, answer.hint)

    def _try(self, feature: Feature) -> Answer:
        try:
            answer = feature.probe(self._kernel)
        except SyscallError as error:
            answer = refused(error)
        if answer.works or answer.hint:
            return answer
        major, minor = feature.since
        hint = f"Linux {major}.{minor} and newer have it, if it was configured in"
        return Answer(works=False, why=answer.why, hint=hint)
