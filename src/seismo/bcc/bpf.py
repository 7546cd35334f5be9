"""`BPF`: a program written for BCC, compiled, loaded and attached without BCC.

>>> b = BPF(text='TRACEPOINT_PROBE(sched, sched_switch) { bpf_trace_printk("hi"); return 0; }')
>>> b.trace_print()

Names are those of BCC's Python API; what they do is BCC's, but for what is said where they stand.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from seismo.base.closing import Closing
from seismo.base.errors import NotSupported
from seismo.bcc.attach_api import AttachApi
from seismo.bcc.compiled import compiled
from seismo.bcc.errors import UnknownTable
from seismo.bcc.listing import list_program, list_table
from seismo.bcc.machine import machine
from seismo.bcc.machine_api import MachineApi
from seismo.bcc.maps import Maps
from seismo.bcc.names import Name, as_text
from seismo.bcc.programs import Function, Programs, flavour_of_type
from seismo.bcc.source_text import options_for, read_source
from seismo.bcc.table.readers import Readers
from seismo.bcc.table.table import Table
from seismo.bcc.trace_api import TraceApi
from seismo.bcc.trace_pipe import TracePipe
from seismo.isa.encode import encode

if TYPE_CHECKING:
    from seismo.bcc.usdt import USDT

__all__ = (
    "BPF",
    "DEBUG_BPF",
    "DEBUG_BPF_REGISTER_STATE",
    "DEBUG_BTF",
    "DEBUG_LLVM_IR",
    "DEBUG_PREPROCESSOR",
    "DEBUG_SOURCE",
)

DEBUG_LLVM_IR = 0x1
DEBUG_BPF = 0x2
DEBUG_PREPROCESSOR = 0x4
DEBUG_SOURCE = 0x8
DEBUG_BPF_REGISTER_STATE = 0x10
DEBUG_BTF = 0x20

_STAGES = {
    "tokens": DEBUG_PREPROCESSOR,
    "ir": DEBUG_LLVM_IR,
    "asm": DEBUG_BPF | DEBUG_SOURCE,
}
"""What shows a stage of compiling."""


class BPF(AttachApi, TraceApi, MachineApi, Readers, Closing):
    """A program's text, its tables and what its functions are attached to.

    Everything is detached and closed by `cleanup` (`close`, the end of `with`), and when this
    process ends.
    """

    def __init__(
        self,
        src_file: Name = b"",
        hdr_file: Name = b"",
        text: str | bytes | None = None,
        debug: int = 0,
        cflags: Sequence[Name] = (),
        usdt_contexts: Sequence[USDT] = (),
        allow_rlimit: bool = True,
        device: Name | None = None,
        attach_usdt_ignore_pid: bool = False,
        *,
        cc: str = "",
    ) -> None:
        """Compile the text, or a file's; make the tables; attach the functions whose names say to
        what (`kprobe__`, `kretprobe__`, `tracepoint__`, `raw_tracepoint__`, `kfunc__`, `lsm__` …).

        `cflags` are a compiler's `-D`, `-U`, `-I`, `-include`. With `debug` stages are printed
        (`DEBUG_*`). `allow_rlimit` is BCC's: the limit on locked memory is raised where need be.
        With `cc="clang"` (or a path, or a command) clang compiles the text, for what our own
        compiler refuses: inline assembly, global variables, compare and swap. clang makes no safe
        reads of the kernel's memory: where `p->member` needs one, write `BPF_CORE_READ(p, member)`.
        Raises `DiagnosticsError` with every mistake in the text, `ClangError` without a clang,
        `VerifierError` with the line that the kernel refuses, and what attaching raises; then
        nothing is left behind.
        """
        _check_given(hdr_file, device)
        source = read_source(src_file, text)
        self.debug = debug
        self._tables: dict[str, Any] = {}
        self._owner = os.getpid()
        with ExitStack() as on_error:
            on_error.enter_context(machine().used())
            pipe = on_error.enter_context(TracePipe(machine().tracefs))
            plan = usdt_contexts[0].plan(usdt_contexts) if usdt_contexts else None
            options = options_for(cflags, plan.macros if plan else {}, source.text)
            program = compiled(source, options, self._show_stage, cc)
            self.unit = program.unit
            self._maps = on_error.enter_context(Maps(self.unit, program.variables))
            self._programs = Programs(self, program, self._maps.by_name, pipe.open)
            Readers.__init__(self)
            TraceApi.__init__(self, pipe)
            AttachApi.__init__(self, self._programs)
            on_error.callback(self.close_buffers)
            on_error.enter_context(self._programs)
            self._attach_named(self._programs.names)
            if plan:
                plan.attach(self._user_probes, ignores_pid=attach_usdt_ignore_pid)
            self._owned = on_error.pop_all()
        atexit.register(self._end)

    @property
    def funcs(self) -> dict[bytes, Function]:
        """The functions that are loaded, by their names."""
        return self._programs.functions

    def load_func(
        self, func_name: Name, prog_type: int, device: Name | None = None, attach_type: int = -1
    ) -> Function:
        """Load a function as a program of a type (`BPF.XDP`); `attach_type` is for types that must
        know it. Raises `UnknownFunction`, `VerifierError`."""
        flavour = flavour_of_type(as_text(func_name), prog_type, attach_type)
        return self._programs.load(func_name, flavour)

    def load_funcs(self, prog_type: int = MachineApi.KPROBE) -> list[Function]:
        """Load all functions that are not static."""
        return [self.load_func(one, prog_type) for one in self._programs.names]

    def unload_func(self, func_name: Name) -> None:
        """Close what is loaded of a function; where it is attached it goes on."""
        self._programs.unload(func_name)

    def get_table(
        self,
        name: Name,
        keytype: type[Any] | None = None,
        leaftype: type[Any] | None = None,
        reducer: Callable[[Any, Any], Any] | None = None,
    ) -> Any:
        """A table with keys and leaves of the given ctypes classes, without them those of its types
        in C; `reducer` makes one value of those of all CPUs. Raises `UnknownTable`."""
        table = as_text(name)
        if table not in self.unit.tables:
            raise UnknownTable(table, self.unit.tables)
        return Table.of(
            self,
            self.unit.tables[table],
            self._maps.by_name[table],
            losses=self._maps.losses(table),
            keytype=keytype,
            leaftype=leaftype,
            reducer=reducer,
        )

    @property
    def tables(self) -> dict[str, Any]:
        """All tables, by their names."""
        return {name: self[name] for name in self.unit.tables}

    def __getitem__(self, key: Name) -> Any:
        """The table of that name, the same each time; `UnknownTable` (a KeyError)."""
        name = as_text(key)
        if name not in self._tables:
            self._tables[name] = self.get_table(name)
        return self._tables[name]

    def __setitem__(self, key: Name, table: Any) -> None:
        self._tables[as_text(key)] = table

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str | bytes) and as_text(key) in self.unit.tables

    def __iter__(self) -> Iterator[str]:
        return iter(self.unit.tables)

    def __len__(self) -> int:
        return len(self.unit.tables)

    def dump_func(self, func_name: Name) -> bytes:
        """A function's instructions as the kernel takes them, 8 bytes a slot, maps left open."""
        return encode(self._programs.any_of(func_name).insns)

    def disassemble_func(self, func_name: Name) -> str:
        """A function's instructions as the verifier logs them, between lines of C."""
        return list_program(self._programs.any_of(func_name))

    def decode_table(self, table_name: Name, sizeinfo: bool = False) -> str:
        """What a table's keys and leaves are made of."""
        name = as_text(table_name)
        if name not in self.unit.tables:
            raise UnknownTable(name, self.unit.tables)
        return list_table(self.unit.tables[name], self._maps.by_name[name], with_sizes=sizeinfo)

    def free_bcc_memory(self) -> int:
        """There is no compiler's memory to give back; 0."""
        return 0

    def cleanup(self) -> None:
        """Detach and close everything; a second time does nothing, nor does another process that
        has this object by fork(2)."""
        if os.getpid() == self._owner:
            atexit.unregister(self._end)
            self._owned.close()

    def close(self) -> None:
        """The same."""
        self.cleanup()

    def _end(self) -> None:
        """The same as the process ends, when a second Ctrl-C must not leave half of it."""
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        self.cleanup()

    def __repr__(self) -> str:
        loaded = len(self._programs.functions)
        return f"<BPF: {len(self.unit.tables)} tables, {loaded} functions loaded>"

    def _show_stage(self, name: str, text: Callable[[], str]) -> None:
        """Print what a stage of compiling made, where `debug` asks for it."""
        if self.debug & _STAGES.get(name, 0):
            sys.stderr.write(f"; {name}\n{text()}\n")


def _check_given(hdr_file: Name, device: Name | None) -> None:
    """NotSupported for what BCC's constructor takes and ours does not."""
    if device is not None:
        raise NotSupported("offloading to a device", "programs run in the kernel alone")
    if hdr_file:
        raise NotSupported("hdr_file", "it belongs to BCC's language B, which is gone")
