"""`Contexts`: what a program's first register points to, made of a hit as the kernel would make it.

A tracepoint's record follows its format, a kprobe has the machine's `struct pt_regs`, a raw
tracepoint a u64 for each argument. What a hit has of a user's memory is put into memory of the
machine, and the pointers in a context lead there.

>>> contexts = Contexts(machine.memory, source.places)
>>> machine.run(contexts.context(hit, ProgType.TRACEPOINT))
>>> contexts.release()
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from seismo.base.dataclass import dataclass
from seismo.base.errors import NotSupported
from seismo.elf.registers import (
    argument_registers,
    instruction_pointer,
    register_names,
    register_offset,
    return_register,
)
from seismo.engine.hit import Hit, Value
from seismo.engine.places import Places
from seismo.engine.syscall_table import ENTER, EXIT, system_call_names
from seismo.isa.prog_types import ProgType
from seismo.probes.format import FormatField, TracepointFormat
from seismo.vm.memory import WORDS, Memory, Region

__all__ = ("Contexts",)

_WORD = 8
_ENOSYS = 38
_NUMBER = "__syscall_nr"
_RAW_ARGUMENTS = 12
"""include/linux/bpf.h: MAX_BPF_FUNC_ARGS."""

_PERF_EVENT_REST = 16
"""`struct bpf_perf_event_data` after its registers: `sample_period` and `addr`."""

_SYSTEM_CALL = {
    "x86_64": ("orig_ax", ("di", "si", "dx", "r10", "r8", "r9")),
    "aarch64": ("r8", ("r0", "r1", "r2", "r3", "r4", "r5")),
}
"""The registers of a system call's number and arguments: syscall(2)."""

_SIZES = {
    **dict.fromkeys(("bool", "char", "signed char", "unsigned char", "u8", "s8"), 1),
    **dict.fromkeys(("short", "unsigned short", "u16", "s16"), 2),
    **dict.fromkeys(("int", "unsigned int", "unsigned", "u32", "s32"), 4),
    **dict.fromkeys(("pid_t", "uid_t", "gid_t", "mode_t", "key_t"), 4),
}
"""Bytes of what arrays of no stated size are made of; all else has 8."""

_QUALIFIERS = re.compile(r"\b(const|__data_loc|__rel_loc)\b|[*]|\[.*\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """A field, and how many bytes each of its elements has. `is_dynamic`: it holds where in the
    record the contents are, counted from `origin`, and how many bytes. `is_inside`: its contents
    are in the record and not pointed to."""

    name: str
    offset: int
    size: int
    element: int
    is_dynamic: bool
    is_inside: bool
    is_text: bool
    origin: int


class Contexts:
    """Makes contexts in `memory`; what was made lives until `release`."""

    def __init__(self, memory: Memory, places: Places) -> None:
        """NotSupported where the machine of `places` is neither x86_64 nor aarch64."""
        self._memory = memory
        self._places = places
        self._made: list[Region] = []
        self._forms: dict[str, tuple[_Place, ...]] = {}
        self._machine = places.machine
        self._registers_size = _WORD * len(register_names(places.machine))
        self._numbers = {name: nr for nr, name in system_call_names(places.machine).items()}

    def context(self, hit: Hit, program_type: ProgType) -> Region:
        """The context of a program of that type at the hit's place.

        Arguments that the hit does not have are 0, but for the number of a system call, which its
        name tells. At rawtracepoint:sys_enter and sys_exit they are those of the tracepoints
        raw_syscalls:sys_enter and sys_exit, at other raw tracepoints arg0 and so on.

        NotSupported for types of programs that the user engine does not run.
        """
        match program_type:
            case ProgType.TRACEPOINT:
                data = self._record(hit)
            case ProgType.RAW_TRACEPOINT:
                data = self._slots(hit)
            case ProgType.KPROBE:
                data = self._registers(hit)
            case ProgType.PERF_EVENT:
                data = self._registers(hit) + bytes(_PERF_EVENT_REST)
            case _:
                hint = "it takes a kernel that permits BPF"
                raise NotSupported(
                    f"programs of type {program_type.name.lower()}",
                    "the user engine does not run them",
                    hint,
                )
        return self._keep(data, "ctx")

    def release(self) -> None:
        """End the lives of all contexts, and of what their pointers lead to."""
        for region in self._made:
            self._memory.free(region)
        self._made.clear()

    def _keep(self, data: bytes | bytearray, name: str) -> Region:
        region = self._memory.allocate(data, name, is_writable=False)
        self._made.append(region)
        return region

    def _record(self, hit: Hit) -> bytearray:
        """The kernel keeps programs from the first 8 bytes, where perf has something of its own:
        kernel/trace/bpf_trace.c, `tp_prog_is_valid_access`."""
        event = hit.at.partition(":")[2]
        form = self._forms.get(event)
        if form is None:
            form = self._forms[event] = _form(self._places.tracepoints[event])
        record = bytearray(max([one.offset + one.size for one in form], default=_WORD))
        for one in form:
            value = hit.arguments.get(one.name)
            if value is None:
                value = self._number(event) if one.name == _NUMBER else 0
            if one.is_dynamic:
                contents = self._contents(value, one)
                place = len(record) - one.origin | len(contents) << 16
                record[one.offset : one.offset + 4] = place.to_bytes(4, "little")
                record += contents
            elif one.is_inside:
                contents = self._contents(value, one)[: one.size]
                record[one.offset : one.offset + len(contents)] = contents
            else:
                _put(record, one.offset, self._word(value, one.element), one.size)
        return record

    def _number(self, event: str) -> int:
        """-1 is the kernel's own for no system call."""
        prefix = ENTER if event.startswith(ENTER) else EXIT
        return self._numbers.get(event.removeprefix(prefix), -1)

    def _slots(self, hit: Hit) -> bytearray:
        event = hit.at.rpartition(":")[2]
        values: Sequence[Value]
        if event in ("sys_enter", "sys_exit"):
            registers = self._keep(self._system_call(hit, event), "pt_regs")
            told = "id" if event == "sys_enter" else "ret"
            values = (registers.base, hit.arguments.get(told, 0))
        else:
            names = [f"arg{number}" for number in range(_RAW_ARGUMENTS)]
            values = [hit.arguments.get(one, 0) for one in names]
        return self._words(values, _WORD)

    def _system_call(self, hit: Hit, event: str) -> bytearray:
        """The registers of a task in a system call."""
        number, registers = _SYSTEM_CALL[self._machine]
        data = bytearray(self._registers_size)
        arguments = hit.arguments.get("args", ())
        given = arguments if isinstance(arguments, tuple) else (arguments,)
        for name, value in zip(registers, given, strict=False):
            self._set(data, name, value)
        self._set(data, number, hit.arguments.get("id", 0))
        result = return_register(self._machine)
        if event == "sys_exit":
            self._set(data, result, hit.arguments.get("ret", 0))
        elif self._machine == "x86_64":
            # What the entry code leaves there: arch/x86/entry/entry_64.S, PUSH_AND_CLEAR_REGS.
            self._set(data, result, -_ENOSYS)
        return data

    def _registers(self, hit: Hit) -> bytearray:
        data = bytearray(self._registers_size)
        called = {f"arg{n}": one for n, one in enumerate(argument_registers(self._machine))}
        called["retval"] = return_register(self._machine)
        if hit.kernel_stack:
            self._set(data, instruction_pointer(self._machine), hit.kernel_stack[0])
        for name, value in hit.arguments.items():
            self._set(data, called.get(name, name), value)
        return data

    def _set(self, registers: bytearray, name: str, value: Value) -> None:
        offset, size = register_offset(self._machine, name)
        _put(registers, offset, self._word(value, _WORD), size)

    def _word(self, value: Value, element: int) -> int:
        """The number itself, or the address of memory that holds the contents."""
        if isinstance(value, int):
            return value
        if isinstance(value, tuple):
            is_list = any(not isinstance(one, int) for one in value)
            data = self._words((*value, 0), _WORD) if is_list else self._words(value, element)
            return self._keep(data, "user memory").base
        return self._keep(_encoded(value) + b"\0", "user memory").base

    def _words(self, values: Sequence[Value], size: int) -> bytearray:
        data = bytearray(size * len(values))
        for index, value in enumerate(values):
            _put(data, size * index, self._word(value, _WORD), size)
        return data

    def _contents(self, value: Value, place: _Place) -> bytes | bytearray:
        """What stands in the record itself. Text ends in a zero byte, where it is cut, too."""
        if isinstance(value, tuple):
            return self._words(value, place.element)
        if isinstance(value, int):
            return b"" if place.is_dynamic and not value else self._words((value,), place.element)
        data = _encoded(value)
        if not place.is_text:
            return data
        if place.is_dynamic:
            return data + b"\0"
        return data[: place.size - 1] if isinstance(value, str) else data


def _form(tracepoint: TracepointFormat) -> tuple[_Place, ...]:
    return tuple(map(_place, tracepoint.fields))


def _place(field: FormatField) -> _Place:
    is_dynamic = field.c_type.startswith(("__data_loc", "__rel_loc"))
    is_array = field.c_type.endswith("]") and not is_dynamic
    base = " ".join(_QUALIFIERS.sub(" ", field.c_type).split()).removeprefix("__")
    element = _SIZES.get(base, _WORD)
    if is_array:
        count = field.c_type.rpartition("[")[2].rstrip("]")
        element = field.size // int(count) if count.isdigit() and int(count) else element
    return _Place(
        name=field.name,
        offset=field.offset,
        size=field.size,
        element=element,
        is_dynamic=is_dynamic,
        is_inside=is_array or field.size not in WORDS,
        is_text=base == "char",
        # A __rel_loc counts from its own end: include/trace/stages/stage1_struct_define.h.
        origin=field.offset + field.size if field.c_type.startswith("__rel_loc") else 0,
    )


def _encoded(value: str | bytes) -> bytes:
    return value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value


def _put(data: bytearray, offset: int, value: int, size: int) -> None:
    data[offset : offset + size] = (value & (1 << 8 * size) - 1).to_bytes(size, "little")
