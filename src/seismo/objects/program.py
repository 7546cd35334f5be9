"""`Program`: verified bytecode in the kernel; `load_program` puts it there.

>>> with load_program(spec, {"counts": counts}, kernel) as program:
...     program.test_run(ctx=bytes(16)).retval
"""

from __future__ import annotations

import errno
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from typing import TYPE_CHECKING

from seismo.base.bits import U32_MAX
from seismo.base.closing import Closing
from seismo.base.dataclass import dataclass, replace
from seismo.base.diagnostics import did_you_mean
from seismo.base.errors import SyscallError
from seismo.isa.encode import encode
from seismo.isa.insn import Insn
from seismo.isa.prog_types import ProgType
from seismo.kernel import bpf
from seismo.kernel.abi import BpfProgInfo, ProgLoadAttr
from seismo.kernel.bpf import LoadRefused, TestRun
from seismo.kernel.fd import Fd
from seismo.kernel.protocol import Kernel
from seismo.objects.errors import BadSpec
from seismo.objects.map import Map
from seismo.objects.verifier_log import VerifierError
from seismo.spec.types import ProgramSpec

if TYPE_CHECKING:
    from seismo.objects.object_types import ObjectTypes
    from seismo.objects.target import Targets

__all__ = (
    "Program",
    "ProgramInfo",
    "enable_stats",
    "load_program",
    "load_programs",
    "loaded_programs",
)

_FIRST_LOG_BYTES = 1 << 16
# Kernels before 5.2 take no larger log.
_LARGEST_LOG_BYTES = (1 << 24) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramInfo:
    """What the kernel says of a program; runs are counted while `enable_stats` is in force.

    `recursion_misses` are the runs that were left out because the program, or another of its kind,
    was running on that CPU. Since Linux 5.12, of kprobes since 6.7.
    """

    id: int
    name: str
    type: ProgType
    tag: str
    run_count: int
    run_time_ns: int
    recursion_misses: int
    verified_insns: int
    jited_bytes: int


class Program(Closing):
    """Owns the fd of a loaded program; links keep the program alive without it."""

    def __init__(self, kernel: Kernel, fd: Fd, spec: ProgramSpec) -> None:
        self._kernel = kernel
        self.fd = fd
        self.spec = spec

    def test_run(self, data: bytes = b"", ctx: bytes = b"", repeat: int = 1) -> TestRun:
        """Run the program once on this CPU, or `repeat` times in a row on a packet.

        Packet programs take `data` (at least 14 bytes, Linux 4.12); a raw tracepoint takes its u64
        arguments as `ctx` (Linux 5.10) and cannot repeat. Raises `SyscallError`.
        """
        fd, times = int(self.fd), repeat if repeat > 1 else 0
        return bpf.prog_test_run(self._kernel, fd, data=data, ctx=ctx, repeat=times)

    def info(self) -> ProgramInfo:
        """The program as the kernel describes it. Since Linux 4.13, runs since 5.1."""
        return _describe(bpf.prog_info(self._kernel, int(self.fd)))

    @property
    def recursion_misses(self) -> int:
        """`ProgramInfo.recursion_misses`, now."""
        return self.info().recursion_misses

    def close(self) -> None:
        self.fd.close()

    def __repr__(self) -> str:
        spec = self.spec
        return f"<Program {spec.name}: {spec.type.name}, {len(spec.insns)} instructions>"


def load_program(spec: ProgramSpec, maps: Mapping[str, Map], kernel: Kernel) -> Program:
    """Have the kernel verify and compile `spec`, its map loads bound to `maps`.

    Raises `VerifierError` when the verifier refuses it, `SyscallError` (with a hint on what is
    missing) when the kernel refuses for another reason, `BadSpec` for a map that is not in `maps`,
    `NotInKernel` or `NotSupported` for a target that cannot be traced.
    """
    (program,) = load_programs((spec,), maps, kernel)
    return program


def load_programs(
    specs: Sequence[ProgramSpec],
    maps: Mapping[str, Map],
    kernel: Kernel,
    types: ObjectTypes | None = None,
) -> tuple[Program, ...]:
    """Load all of `specs`; when one fails none is left. Raises what `load_program` raises.

    `types` is what programs of an object file refer to.
    """
    with ExitStack() as on_error, _targets(specs, kernel) as targets:
        loader = _Loader(kernel, maps, targets, types)
        programs = tuple(on_error.enter_context(loader.load(spec)) for spec in specs)
        on_error.pop_all()
    return programs


def _targets(
    specs: Sequence[ProgramSpec], kernel: Kernel
) -> AbstractContextManager[Targets | None]:
    if all(spec.target is None for spec in specs):
        return nullcontext()
    from seismo.objects.target import Targets  # noqa: PLC0415 (lazy: docs/architecture.md)

    return Targets(kernel)


class _Loader:
    """What programs that are loaded together share."""

    def __init__(
        self,
        kernel: Kernel,
        maps: Mapping[str, Map],
        targets: Targets | None,
        types: ObjectTypes | None,
    ) -> None:
        self._kernel = kernel
        self._maps = maps
        self._targets = targets
        self._types = types

    def load(self, spec: ProgramSpec) -> Program:
        """The program in the kernel."""
        insns = _bind_maps(spec, self._maps)
        if self._types is not None:
            self._types.bind(spec, insns)
        code = encode(insns)
        attr = ProgLoadAttr(
            prog_type=spec.type,
            insn_cnt=len(code) // 8,
            insns=code,
            license=spec.license.encode(),
            kern_version=spec.kernel_version,
            prog_flags=spec.flags,
            prog_name=bpf.object_name(spec.name),
            expected_attach_type=spec.expected_attach_type or 0,
        )
        if self._targets is None:
            number = self._load_described(spec, attr)
        else:
            self._targets.aim(spec, attr)
            try:
                number = self._load_described(spec, attr)
            except (LoadRefused, VerifierError) as error:
                raise self._targets.explain(spec, error) from error.__cause__
        return Program(self._kernel, Fd(self._kernel, number, "program", spec.name), spec)

    def _load_described(self, spec: ProgramSpec, attr: ProgLoadAttr) -> int:
        """The program's fd; the kernel is told of its functions, if it has any."""
        if spec.functions:
            from seismo.objects.func_info import (  # noqa: PLC0415 (lazy: docs/architecture.md)
                describe_functions,
            )

            with describe_functions(self._kernel, spec, attr):
                return self._load(spec, attr)
        if self._types is not None:
            self._types.describe(spec, attr)
        return self._load(spec, attr)

    def _load(self, spec: ProgramSpec, attr: ProgLoadAttr) -> int:
        """The program's fd."""
        try:
            return bpf.prog_load(self._kernel, attr)
        except LoadRefused:
            return self._load_explained(spec, attr)

    def _load_explained(self, spec: ProgramSpec, attr: ProgLoadAttr) -> int:
        """Load again with a log, which costs the verifier time and so is not asked for at first.

        The fd, should the kernel have changed its mind (it can give up for a pending signal).
        """
        log_bytes = _FIRST_LOG_BYTES
        while True:
            try:
                return bpf.prog_load(self._kernel, attr, log_bytes)
            except LoadRefused as error:
                if error.errno == errno.ENOSPC and log_bytes < _LARGEST_LOG_BYTES:
                    log_bytes = min(log_bytes * 4, _LARGEST_LOG_BYTES)
                elif error.log:
                    raise self._refusal(spec, error.log) from error
                else:
                    raise

    def _refusal(self, spec: ProgramSpec, log: str) -> VerifierError:
        if self._types is None:
            return VerifierError(spec, log)
        error = VerifierError(spec, log, self._types.lines(spec))
        if self._types.refusal:
            error.add_note(f"it was loaded without types: {self._types.refusal}")
        return error


def loaded_programs(kernel: Kernel) -> Iterator[ProgramInfo]:
    """Every program in the kernel, anybody's; one that goes away meanwhile is left out.

    Needs CAP_SYS_ADMIN. Since Linux 4.13.
    """
    number = 0
    while number := bpf.prog_next_id(kernel, number):
        try:
            fd = Fd(kernel, bpf.prog_open(kernel, number), "program", f"id {number}")
        except SyscallError as error:
            if error.errno != errno.ENOENT:
                raise
            continue
        with fd:
            info = _describe(bpf.prog_info(kernel, int(fd)))
        yield info


def _describe(raw: BpfProgInfo) -> ProgramInfo:
    return ProgramInfo(
        id=raw.id,
        name=raw.name.decode(),
        type=ProgType(raw.type),
        tag=bytes(raw.tag).hex(),
        run_count=raw.run_cnt,
        run_time_ns=raw.run_time_ns,
        recursion_misses=raw.recursion_misses,
        verified_insns=raw.verified_insns,
        jited_bytes=raw.jited_prog_len,
    )


def enable_stats(kernel: Kernel) -> Fd:
    """Until the fd is closed the kernel counts and times the runs of all programs.

    It costs every run some 20 ns. Needs CAP_SYS_ADMIN. Since Linux 5.8.
    """
    return Fd(kernel, bpf.enable_run_time_stats(kernel), "run statistics")


def _bind_maps(spec: ProgramSpec, maps: Mapping[str, Map]) -> list[Insn]:
    insns = list(spec.insns)
    for index, name in spec.map_refs:
        if name not in maps:
            raise BadSpec(f"program {spec.name}", f"no map '{name}'", did_you_mean(name, maps))
        number = int(maps[name].fd)
        # The upper half of a load of a value's address is the offset in it.
        insns[index] = replace(insns[index], imm=insns[index].imm & ~U32_MAX | number)
    return insns
