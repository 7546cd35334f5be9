"""`Policy`: what a program may do in the sandbox, and how much of it.

>>> Policy(helpers=frozenset({"map_lookup_elem"}), steps=1000).allows("probe_write_user")
False
"""

from __future__ import annotations

from seismo.base.dataclass import dataclass
from seismo.isa.helpers import helper_id, helper_name
from seismo.vm.calls.table import DEFAULT
from seismo.vm.run import MAX_FRAMES, STACK_BYTES

__all__ = ("HARMLESS", "POWERFUL", "Policy", "with_helpers")

POWERFUL = frozenset(
    {
        *("copy_from_user", "copy_from_user_task"),
        *("probe_read", "probe_read_kernel", "probe_read_kernel_str"),
        *("probe_read_str", "probe_read_user", "probe_read_user_str"),
        *("override_return", "probe_write_user", "send_signal", "send_signal_thread"),
    }
)
"""Helpers that reach memory which is not the program's, or other processes: only by permission."""

HARMLESS = frozenset(map(helper_name, DEFAULT)) - POWERFUL
"""The machine's other helpers: they see and change what the run was given, and nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What one run may do.

    `helpers` are names without `bpf_`. `steps` are instructions. `memory_bytes` is what may be
    there at a time of stacks, context, map values in use and reserved records; `stack_bytes` is how
    much of it are stacks, 512 bytes a function; `map_bytes` is what all maps may come to hold.
    `writable_maps` are the maps that the program may change (None: all). `reads_user_once` stops a
    run that reads a byte of user memory again, which may have changed meanwhile.

    `is_isolated` runs the program in a process of its own, which may use `seconds` of processor
    time and `process_bytes` more memory than the machine itself, and open no file.
    """

    helpers: frozenset[str] = HARMLESS
    steps: int = 1_000_000
    memory_bytes: int = 1 << 20
    stack_bytes: int = MAX_FRAMES * STACK_BYTES
    map_bytes: int = 64 << 20
    may_write_context: bool = False
    writable_maps: frozenset[str] | None = None
    reads_user_once: bool = False
    is_isolated: bool = False
    seconds: int = 10
    process_bytes: int = 256 << 20

    def allows(self, helper: str) -> bool:
        """Whether the program may call a helper of that name."""
        return helper in self.helpers

    def may_change(self, name: str) -> bool:
        """Whether the program may change the map of that name."""
        return self.writable_maps is None or name in self.writable_maps


def with_helpers(names: frozenset[str]) -> frozenset[str]:
    """The harmless helpers and these, with or without `bpf_`; NotFound for what is no helper."""
    plain = {name.removeprefix("bpf_") for name in names}
    for name in plain:
        helper_id(name)
    return HARMLESS | plain
