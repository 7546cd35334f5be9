"""`AuditPrograms`: the programs of an `AuditObject` in the kernel, set up, attached in order.

The order of attaching: what only adds to others, what tells of processes, the end of system calls,
and at last their entry: so each entry that is counted has its end. The order of detaching is the
other way round, and between entry and end is time for what is under way to come to its end.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from struct import Struct

from seismo.audit.program.audit_object import AuditObject, AuditProgram
from seismo.audit.record.layout import PLAN, SETTINGS, Setting
from seismo.audit.tracer.errors import NotPermitted
from seismo.base.closing import Closing
from seismo.base.dataclass import dataclass, replace
from seismo.base.errors import BpfError
from seismo.kernel.pins import pin
from seismo.kernel.privilege import effective_capabilities, needed_capabilities
from seismo.kernel.protocol import Kernel
from seismo.kernel.tracefs import Tracefs
from seismo.objects.attach.table import attach
from seismo.objects.link import Link, detach_all
from seismo.objects.load import load
from seismo.objects.map import Map
from seismo.objects.program import Program
from seismo.spec.types import RawTracepointAttach

__all__ = ("AuditPrograms", "Recording", "require_privilege")

_SETTINGS = Struct("=8I")
_INITIAL_PIDNS = 0xEFFFFFFC  # include/linux/proc_ns.h: PROC_PID_INIT_INO


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """What is recorded beside the events themselves; sizes in bytes.

    `content_bytes` of contents, where `content`: at most 4096; `words_bytes` of argv and of the
    environment, where `environment`: at most 32768 together. The reader is woken when `wake_bytes`
    are in the ring; before that it looks by itself.
    """

    content: bool = False
    content_bytes: int = 4096
    environment: bool = False
    words_bytes: int = 16384
    fd_paths: bool = True
    wake_bytes: int = 65536

    def flags(self) -> int:
        """As `Setting`s."""
        flags = int(Setting.CONTENT) if self.content else 0
        flags |= int(Setting.ENVIRONMENT) if self.environment else 0
        return flags | (int(Setting.FD_PATHS) if self.fd_paths else 0)


def require_privilege(kernel: Kernel) -> None:
    """Raise `NotPermitted`, which names the capabilities that this process lacks."""
    held = effective_capabilities(kernel)
    missing = [one for one in needed_capabilities("bpf(BPF_PROG_LOAD)") if one not in held]
    if missing and "CAP_SYS_ADMIN" not in held:
        raise NotPermitted(
            "audit",
            f"this process lacks {' and '.join(missing)} (or CAP_SYS_ADMIN)",
            "run it as root, or give it the capabilities; `seismo doctor` says more",
        )


class AuditPrograms(Closing):
    """Owns maps, programs and links. `skipped` are programs that this kernel does not take, with
    why: none of them is required."""

    def __init__(
        self, audit: AuditObject, kernel: Kernel, tracefs: Tracefs, self_tgid: int
    ) -> None:
        self.skipped: dict[str, str] = {}
        self._kernel = kernel
        self._tracefs = tracefs
        self._self_tgid = self_tgid
        self._links: dict[str, tuple[int, Link]] = {}
        self._programs: dict[str, Program] = {}
        require_privilege(kernel)
        with ExitStack() as owned:
            self.maps = self._load(audit, owned)
            owned.callback(self.detach)
            self._audit = audit
            self._owned = owned.pop_all()

    @property
    def programs(self) -> Sequence[Program]:
        """Those that are loaded."""
        return tuple(self._programs.values())

    def set_plans(self, plans: bytes) -> None:
        """What is recorded of each type: the values of all keys, one behind the other."""
        size = PLAN.size
        self.maps["plans"].put_many(
            (number.to_bytes(4, sys.byteorder), plans[number * size : (number + 1) * size])
            for number in range(len(plans) // size)
        )

    def set_up(self, recording: Recording, scope_flags: int, default_slot: int) -> None:
        """Tell the programs what to record, and which kinds of scopes there are."""
        value = _SETTINGS.pack(
            self._self_tgid,
            recording.flags() | scope_flags,
            max(default_slot, 0),
            recording.content_bytes,
            recording.words_bytes,
            recording.wake_bytes,
            _INITIAL_PIDNS,
            0,
        )
        self.maps["settings"].put(bytes(4), value)

    def attach(self) -> None:
        """Attach all; NotInKernel, AttachRefused for what is required."""
        for one in sorted(self._audit.programs, key=_rank):
            if one.attach is None or one.name not in self._programs:
                continue
            try:
                program = self._programs[one.name]
                link = attach(program, one.attach, self._kernel, self._tracefs)
                self._links[one.name] = _rank(one), link
            except BpfError as error:
                if one.required:
                    raise
                self.skipped[one.name] = str(error)

    def detach_entries(self) -> None:
        """No system call is begun to be followed any more."""
        self._detach([name for name, (rank, _) in self._links.items() if rank == _ENTRY])

    def detach(self) -> None:
        """Nothing happens any more; counters stay as they are."""
        self._detach(list(self._links))

    def pin(self, directory: str) -> None:
        """Pin the maps in a directory of a bpffs, for other processes; SyscallError."""
        for name, map_ in self.maps.items():
            if name not in _PRIVATE and "." not in name:
                path = f"{directory}/{name}"
                pin(self._kernel, map_.fd, path)
                self._owned.callback(self._kernel.unlink, path)

    def close(self) -> None:
        """Detach, unpin and close; a second time does nothing."""
        self._owned.close()

    def _load(self, audit: AuditObject, owned: ExitStack) -> Mapping[str, Map]:
        required = tuple(one.spec for one in audit.programs if one.required or one.attach is None)
        loaded = owned.enter_context(load(replace(audit.spec, programs=required), self._kernel))
        self._programs |= loaded.programs
        for one in audit.programs:
            if one.name in self._programs:
                continue
            try:
                self._load_further(one, audit, loaded.maps, owned)
            except BpfError as error:
                self.skipped[one.name] = str(error)
        return loaded.maps

    def _load_further(
        self, one: AuditProgram, audit: AuditObject, maps: Mapping[str, Map], owned: ExitStack
    ) -> None:
        """A program that this kernel may refuse, with the maps that are there."""
        plain = tuple(replace(each, program_slots=()) for each in audit.spec.maps)
        spec = replace(audit.spec, maps=plain, programs=(one.spec,))
        self._programs |= owned.enter_context(load(spec, self._kernel, maps)).programs

    def _detach(self, names: Iterable[str]) -> None:
        links = [self._links.pop(name)[1] for name in names]
        detach_all(links)
        for one in links:
            one.close()


_PRIVATE = ("scratch", "stages", "pending_text", "pending_kept", "unkept")
"""Maps that are of no use to others. What has a `.` in its name no bpffs takes."""

_FURTHER, _PROCESSES, _ENDS, _ENTRY = range(4)


def _rank(one: AuditProgram) -> int:
    if not isinstance(one.attach, RawTracepointAttach):
        return _FURTHER
    return _RANKS.get(one.attach.name, _PROCESSES)


_RANKS = {"sys_enter": _ENTRY, "sys_exit": _ENDS}
assert _SETTINGS.size == SETTINGS.size
