"""`EngineView`: what compile time asks of a kernel, answered about the places of a source.

What no source can give is refused with what it takes: a kernel that permits BPF.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from functools import cached_property

from seismo.base.diagnostics import did_you_mean
from seismo.btf.spec import Btf
from seismo.elf.binary import Binary
from seismo.elf.locate import locate
from seismo.elf.open import open_binary
from seismo.engine.places import Places
from seismo.engine.task_types import kernel_types, task_types
from seismo.kernel.cgroups import cgroup_id
from seismo.probes.debug_infos import DebugInfos, split_root
from seismo.probes.format import TracepointFormat
from seismo.probes.view import KernelFunction, SymbolNotFound, TracepointNotFound

__all__ = ("EngineView",)

_OF_PLACES = ("kprobe", "kprobe_multi", "raw_tracepoint")
_TAKES = "it takes a kernel that permits BPF"


class EngineView(DebugInfos):
    """The user engine over `places`: it runs what is on tracepoints, raw tracepoints and
    functions that are there, and nothing else of a kernel.

    Types are those of the kernel that this process is on, if it is of the same machine and lets
    them be read.
    """

    def __init__(self, places: Places) -> None:
        super().__init__()
        self._places = places

    def tracepoints(self) -> Sequence[str]:
        """Every `category:name`, sorted."""
        return self._tracepoints

    def tracepoint(self, category: str, name: str) -> TracepointFormat:
        """The arguments of a tracepoint; TracepointNotFound, with a near name or what it takes."""
        wanted = f"{category}:{name}"
        found = self._places.tracepoints.get(wanted)
        if found is None:
            siblings = [one for one in self._tracepoints if one.startswith(f"{category}:")]
            raise TracepointNotFound(wanted, did_you_mean(wanted, siblings) or self.absence())
        return found

    def possible_cpus(self) -> int:
        """How many CPUs per-CPU values are laid out for."""
        return self._places.cpus

    def btf(self) -> Btf:
        """The types of the kernel that runs here; where they cannot be read, or are of another
        machine than the places, those of what is told of tasks."""
        return self._btf

    def symbol(self, name: str) -> int:
        """SymbolNotFound: no kernel's memory is there."""
        raise SymbolNotFound(name, f"the user engine knows no address of the kernel: {_TAKES}")

    def cgroup_id(self, path: str) -> int:
        """The id of the cgroup (version 2) whose directory is `path`; SyscallError."""
        return cgroup_id(path)

    def machine(self) -> str:
        """The architecture of the places."""
        return self._places.machine

    def module_btf(self, module: str = "") -> Iterator[Btf]:
        """None: modules have no places."""
        return iter(())

    def has(self, feature: str) -> bool:
        """Whether the engine can do it, by the names of `FEATURE_NAMES`."""
        if feature in ("kprobe", "kprobe_multi"):
            return bool(self._places.functions)
        if feature == "raw_tracepoint":
            return bool(self._places.raw_tracepoints)
        return feature == "cookie"

    def refusal(self, feature: str) -> tuple[str, str]:
        """(why, hint) of what the engine cannot do."""
        hint = self.absence() if feature in _OF_PLACES else _TAKES
        return f"the user engine has no {feature.replace('_', ' ')}", hint

    def raw_tracepoints(self) -> frozenset[str]:
        """Those of which there may be hits."""
        return self._places.raw_tracepoints

    def absence(self) -> str:
        """What it takes to have other places."""
        return self._places.absence or _TAKES

    def functions(self) -> Sequence[KernelFunction]:
        """Every function of which there may be hits, sorted by name."""
        return self._functions

    def function(self, name: str) -> Sequence[KernelFunction]:
        """The function of that name, if it is one of the places."""
        is_known = name in self._places.functions
        return (KernelFunction(name, is_traceable=True),) if is_known else ()

    def blacklist(self) -> frozenset[str]:
        """None: what is not to be probed is not among the places."""
        return frozenset()

    def bpf_programs(self) -> Sequence[tuple[int, str]]:
        """None."""
        return ()

    def binary(self, name: str) -> Binary:
        """The executable or library that a path, a library's name (`libc`) or a command's means;
        BinaryNotFound with a hint."""
        if name not in self._binaries:
            root, path = split_root(name)
            found = locate(path, os.environ, root)
            self._binaries[name] = open_binary(split_root(found)[1] if root else found, root)
        return self._binaries[name]

    def process_binaries(self, pid: int) -> Sequence[str]:
        """None: programs of user space have no places."""
        return ()

    @cached_property
    def _binaries(self) -> dict[str, Binary]:
        return {}

    @cached_property
    def _tracepoints(self) -> tuple[str, ...]:
        return tuple(sorted(self._places.tracepoints))

    @cached_property
    def _functions(self) -> Sequence[KernelFunction]:
        return tuple(
            [KernelFunction(one, is_traceable=True) for one in sorted(self._places.functions)]
        )

    @cached_property
    def _btf(self) -> Btf:
        is_here = os.uname().machine == self._places.machine
        return kernel_types() if is_here else task_types()
