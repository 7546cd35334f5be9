"""`Numbers`: the system calls of a machine that tell a tracer something about the task itself."""

from __future__ import annotations

from seismo.elf.registers import register_offset, return_register
from seismo.engine.syscall_table import system_call_names

__all__ = ("Numbers",)

# include/uapi/linux/audit.h
_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

_IDENTITIES = (
    *("setuid", "setgid", "setreuid", "setregid", "setresuid", "setresgid", "setns", "unshare"),
)


class Numbers:
    """Those of `machine`, as uname(2) calls it; `arch` is what calls by them are told with.
    `by_name` has all, by the names of their tracepoints."""

    def __init__(self, machine: str) -> None:
        """NotSupported for a machine that is neither x86_64 nor aarch64."""
        self._names = system_call_names(machine)
        self.by_name = {name: number for number, name in self._names.items()}
        self.arch = _ARCHITECTURES[machine]
        self._result, self._result_bytes = register_offset(machine, return_register(machine))
        self.prctl = self.by_name["prctl"]
        self.sigaction = self.by_name["rt_sigaction"]
        self.sigreturn = self.by_name["rt_sigreturn"]
        self.execs = self._of("execve", "execveat")
        self.exit = self.by_name["exit"]
        self.exits = self._of("exit", "exit_group")
        self.identities = self._of(*_IDENTITIES)

    def name(self, number: int) -> str:
        """What its tracepoints are called after; '' if there are none."""
        return self._names.get(number, "")

    def result(self, registers: bytes) -> int:
        """What a system call leaves in a task's registers."""
        data = registers[self._result : self._result + self._result_bytes]
        return int.from_bytes(data, "little", signed=True)

    def _of(self, *names: str) -> frozenset[int]:
        return frozenset([self.by_name[name] for name in names])
