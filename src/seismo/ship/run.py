"""From a shipped file to a plan that this machine can run, with what the machine tells live."""

from __future__ import annotations

import time

from seismo.elf.errors import BinaryNotFound, ElfError
from seismo.elf.file import ElfFile
from seismo.elf.open import map_file
from seismo.facts import LiveFacts
from seismo.kernel.protocol import Kernel
from seismo.kernel.tracefs import Tracefs
from seismo.plan import Plan
from seismo.ship.fit import fit
from seismo.ship.model import DoesNotFit, RunFacts, Shipped

__all__ = ("build_id_of", "live_plan")


def live_plan(
    shipped: Shipped,
    kernel: Kernel,
    tracefs: Tracefs,
    *,
    btf: str = "",
    command_pid: int = 0,
    namespace: tuple[int, int] | None = None,
) -> Plan:
    """The plan for the running kernel, begun now.

    `btf` is a file with the kernel's types, for one that has none itself; `namespace` the (device,
    inode) of the PID namespace, None for the initial one. Raises what `fit` raises, and
    `DoesNotFit` where a program that the script looks into is another one here.
    """
    for path, build_id in shipped.manifest.files:
        _check_file(path, build_id)
    facts = LiveFacts(kernel, btf)
    device, inode = namespace or (0, 0)
    started_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    run = RunFacts(
        possible_cpus=facts.possible_cpus(),
        started_ns=started_ns,
        tai_offset_ns=time.clock_gettime_ns(time.CLOCK_TAI) - started_ns,
        command_pid=command_pid,
        pid_namespace_device=device,
        pid_namespace_inode=inode,
    )
    return fit(shipped, facts, tracefs.format_text, run)


def build_id_of(path: str) -> str:
    """What tells this build of a program from all others, in hexadecimal; '' if nothing does.

    Raises `BinaryNotFound` or `ElfError`.
    """
    return ElfFile(map_file(path), path).build_id.hex()


def _check_file(path: str, build_id: str) -> None:
    try:
        found = build_id_of(path)
    except (BinaryNotFound, ElfError) as error:
        raise DoesNotFit(f"the script looks into {path}: {error}") from error
    if found != build_id:
        raise DoesNotFit(
            f"{path} is not the one that the script was built for: its build id is "
            f"{found or 'none'}, not {build_id or 'none'}\nhint: build the script here"
        )
