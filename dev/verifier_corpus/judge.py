"""Two verdicts on a program: the running kernel's, and ours."""

from __future__ import annotations

import errno
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

from seismo.base.dataclass import dataclass, field, replace
from seismo.base.errors import NotSupported, SyscallError
from seismo.facts import LiveFacts
from seismo.kernel.abi import BpfAttr, Cmd, ProgLoadAttr
from seismo.kernel.bpf import LoadRefused
from seismo.kernel.live import LiveKernel
from seismo.kernel.proc import possible_cpus
from seismo.kernel.protocol import Kernel
from seismo.objects.map import Map
from seismo.objects.program import load_program
from seismo.objects.verifier_log import VerifierError
from seismo.spec.types import ProgramSpec
from seismo.verifier.check import Options, Types, Verdict, verify
from verifier_corpus.pen import MAPS
from verifier_corpus.table import Case

__all__ = ("Bench", "Judgement", "bench")

_BUDGET = 20_000
"""The kernel gives up at a million instructions, for which Python takes minutes: no program of the
corpus that ends needs as many as this."""
_OWNED = "tails"


class _QuietKernel(LiveKernel):
    """The kernel without its logs: to write that of a million instructions, and to do it again for
    want of room, takes it half a minute."""

    def bpf(self, cmd: Cmd, attr: BpfAttr) -> int:
        if isinstance(attr, ProgLoadAttr) and attr.log_level:
            raise SyscallError("bpf(BPF_PROG_LOAD)", errno.ENOSPC)
        return super().bpf(cmd, attr)


@dataclass(frozen=True, slots=True)
class Judgement:
    """A case, and what both say of it. `verdict` is None where ours does not know the rules, and
    says so in `unknown`; `log` is the kernel's where the two are apart and it refuses."""

    case: Case
    is_accepted_by_kernel: bool
    verdict: Verdict | None
    unknown: str = ""
    log: str = field(default="", repr=False)
    summary: str = ""

    @property
    def is_accepted(self) -> bool:
        """Whether we accept it."""
        return self.verdict is not None and self.verdict.is_accepted

    @property
    def is_agreed(self) -> bool:
        """Both accept, or both refuse."""
        return self.verdict is not None and self.is_accepted == self.is_accepted_by_kernel


@dataclass(frozen=True, slots=True)
class Bench:
    """Where programs are judged: the kernel, maps in it, and what our verifier is told of it."""

    maps: Mapping[str, Map]
    options: Options
    types: Types

    def judge(self, case: Case) -> Judgement:
        """What both say; the program is loaded and let go, never run."""
        unknown = ""
        verdict: Verdict | None = None
        try:
            verdict = verify(case.spec, MAPS, options=self.options, types=self.types)
        except NotSupported as error:
            unknown = str(error).splitlines()[0]
        found = Judgement(case, self._loads(case.spec), verdict, unknown)
        if found.is_agreed or found.is_accepted_by_kernel:
            return found
        log, summary = self.complaint(case.spec)
        return replace(found, log=log, summary=summary)

    def complaint(self, spec: ProgramSpec) -> tuple[str, str]:
        """The kernel's log and its complaint, empty where it accepts."""
        try:
            self._load(spec, LiveKernel())
        except VerifierError as error:
            return error.log, error.summary
        return "", ""

    def _loads(self, spec: ProgramSpec) -> bool:
        try:
            self._load(spec, _QuietKernel())
        except LoadRefused:
            return False
        return True

    def _load(self, spec: ProgramSpec, kernel: Kernel) -> None:
        with ExitStack() as stack:
            maps = self.maps
            if any(name == _OWNED for _, name in spec.map_refs):
                # An array of programs is of one program type, that of the first that uses it.
                fresh = stack.enter_context(Map.create(kernel, MAPS[_OWNED]))
                maps = {**maps, _OWNED: fresh}
            load_program(spec, maps, kernel).close()


@contextmanager
def bench(kernel: Kernel) -> Iterator[Bench]:
    """The running kernel, with the maps that the corpus names."""
    options = Options(budget=_BUDGET, cpus=len(possible_cpus(kernel)))
    types = Types(LiveFacts(kernel).btf())
    with ExitStack() as stack:
        maps = {name: stack.enter_context(Map.create(kernel, one)) for name, one in MAPS.items()}
        yield Bench(maps, options, types)
