"""The recorder is a script of ours: a probe at each place, which prints all that a hit has.

>>> recorder = Recorder(points, view, own_pid=os.getpid())
>>> plan = compile_script(Source("recorder", recorder.script), view, options).plan
>>> Session(plan, kernel, tracefs, RecordingSink(recorder, writer))

However many system calls are recorded, two programs do it, at raw_syscalls: attaching to a
tracepoint each takes the kernel seconds. Which of their arguments are text is one of a few forms,
looked up by the call's number. Text whose page is not in memory when the call begins is read again
when it ends: the kernel has touched it by then. `@produced` counts hits in the kernel, so that what
the rings had no room for is known exactly.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from seismo.base.dataclass import dataclass
from seismo.base.errors import BpfError, NotSupported
from seismo.btf.errors import BtfNotFound
from seismo.builtin.bytes import UNREADABLE
from seismo.elf.registers import argument_registers, instruction_pointer, stack_pointer
from seismo.engine.places import system_call_places
from seismo.engine.syscall_table import ENTER, EXIT, system_call_names
from seismo.probes.arguments import BtfArguments
from seismo.probes.format import FormatField, TracepointFormat
from seismo.probes.kind import TargetError
from seismo.probes.spec import AttachPoint
from seismo.probes.table import kind_of
from seismo.probes.view import KernelView

__all__ = (
    "DEFAULT_PROBES",
    "PRODUCED",
    "SYSTEM_CALL_EXIT",
    "CallForm",
    "Form",
    "LateForm",
    "NotRecordable",
    "PlaceForm",
    "Recorder",
    "is_recordable",
)

DEFAULT_PROBES = (
    "tracepoint:syscalls:sys_enter_*",
    "tracepoint:syscalls:sys_exit_*",
    "tracepoint:sched:sched_process_fork",
    "tracepoint:sched:sched_process_exec",
    "tracepoint:sched:sched_process_exit",
)
PRODUCED = "@produced"
"""The map that counts hits."""

SYSTEM_CALL_EXIT = f"tracepoint:{EXIT}*"
"""The place of the one form that has all system calls' ends."""

_COMMON = ("nsecs(monotonic)", "cpu", "pid", "tid", "uid", "gid", "cgroup", "comm")
"""What every record begins with, behind the number of its form."""

_STACKS = ("kstack(raw)", "ustack(raw)")
_KINDS = ("tracepoint", "rawtracepoint", "kprobe", "kretprobe")
_RUN = ("begin", "end", "interval", "signal")
"""Probes of a script that need no recording: they belong to the run."""

_NEVER_RETURN = ("execve", "execveat", "exit", "exit_group", "rt_sigreturn")
"""Calls after which the caller's memory is not what it was."""

_RAW_CALLS = {
    "sys_enter": (("id", "args.id"), ("args", "args.args")),
    "sys_exit": (("id", "args.id"), ("ret", "args.ret")),
}
"""What the raw tracepoints of system calls hand over, as the tracepoints of the same name do."""

_INPUTS = ("dev_name", "dir_name", "filename", "name", "type")
"""Parameters that the kernel reads, though it declares them `char *`."""

_NO_TEXT = ("buf", "u_msg_ptr")
"""Parameters of so many bytes as another one says, though they are `const char *`."""

_NATIVE = {
    "x86_64": "(curtask.thread_info.status & 2) == 0",
    "aarch64": "(curtask.thread_info.flags & (1 << 22)) == 0",
}
"""Of a system call by the machine's own table, not by the one for 32-bit programs, whose calls the
kernel shows at no tracepoint of syscalls: TS_COMPAT in arch/x86/include/asm/thread_info.h,
TIF_32BIT in arch/arm64/include/asm/thread_info.h."""

_WORDS = (1, 2, 4, 8)

Getter: TypeAlias = tuple[str, str]
"""An argument's name, and the expression that prints it."""


class NotRecordable(BpfError):
    """A probe of a kind that recordings do not have."""


@dataclass(frozen=True, slots=True)
class PlaceForm:
    """Records of one place, with these arguments."""

    at: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CallForm:
    """Records of system calls' beginnings: number, six arguments, then the text that the arguments
    `texts` (from 0) point to, and the strings that the one at `words` does (-1: none).
    `is_late`: text that was not there is read again at the call's end."""

    texts: tuple[int, ...] = ()
    words: int = -1
    is_late: bool = False


@dataclass(frozen=True, slots=True)
class LateForm:
    """Records of the text that a thread's last call of form `of` had asked for."""

    of: int


Form: TypeAlias = PlaceForm | CallForm | LateForm


def is_recordable(probe: str) -> bool:
    """Whether an attach point, by the full name of its kind, is recorded; not what belongs to a
    run, such as BEGIN. Raises `NotRecordable` for what only a kernel can do."""
    kind = probe.partition(":")[0]
    if kind in _RUN:
        return False
    if kind not in _KINDS:
        known = ", ".join(_KINDS)
        raise NotRecordable(f"{probe} cannot be recorded\nhint: there are recordings of {known}")
    return True


class Recorder:
    """What records `points`: its `script`, and the `forms` of the script's records by number.

    Text longer than `string_bytes` is cut. The process `own_pid` is left out, or the recorder would
    record its own writing. `sees_kernel`: programs can read the kernel's memory. `formats` are
    those of the tracepoints that a reader cannot know.
    """

    def __init__(
        self,
        points: Sequence[AttachPoint],
        view: KernelView,
        *,
        own_pid: int,
        string_bytes: int = 256,
        has_stacks: bool = False,
        sees_kernel: bool = True,
    ) -> None:
        self.forms: dict[int, Form] = {}
        self.formats: list[TracepointFormat] = []
        self.calls: dict[int, tuple[str, tuple[str, ...]]] = {}
        """By a system call's number its name, and those of its parameters."""
        self._view = view
        self._sees_kernel = sees_kernel
        self._known = system_call_places(view.machine()).tracepoints
        self._numbers = {name: nr for nr, name in system_call_names(view.machine()).items()}
        self._own = f"/pid != {own_pid}/"
        common = (*_COMMON, *(_STACKS if has_stacks else ()))
        self.common_count = len(common)
        """How many values a record begins with, behind the number of its form."""
        self._common = ", ".join(common)
        self._entered: dict[int, int] = {}
        self._left: set[int] = set()
        probes = [text for point in points if (text := self._probe(point))]
        settings = f'max_strlen = {string_bytes}; str_trunc_trailer = ""; max_probes = 1000000'
        calls = list(self._system_calls())
        self.script = "\n".join([f"config = {{ {settings} }}", *calls, *probes, ""])

    def _probe(self, point: AttachPoint) -> str:
        """The probe at a place; '' for a system call, which is served with all others."""
        if point.kind == "tracepoint":
            return self._tracepoint(point)
        name = point.target[-1]
        if point.kind == "rawtracepoint":
            getters = _RAW_CALLS.get(name) or self._slots(point)
            place = f"tracepoint:raw_syscalls:{name}" if name in _RAW_CALLS else str(point)
            return self._at(f"rawtracepoint:{name}", place, getters)
        return self._at(f"{point.kind}:{name}", str(point), self._registers(point.kind))

    def _tracepoint(self, point: AttachPoint) -> str:
        category, name = point.target
        event = f"{category}:{name}"
        call = event.removeprefix(ENTER).removeprefix(EXIT)
        told = self._view.tracepoint(category, name)
        if _shape(told) != _shape(self._known.get(event)):
            self.formats.append(told)
        if call != event and call in self._numbers:
            self._add_call(call, told, is_entry=event.startswith(ENTER))
            return ""
        return self._at(f"tracepoint:{event}", f"tracepoint:{event}", tuple(_getters(told)))

    def _at(self, at: str, place: str, getters: Sequence[Getter]) -> str:
        number = self._number(PlaceForm(at, tuple([name for name, _ in getters])))
        body = self._print(number, [expression for _, expression in getters])
        return f"{place} {self._own} {{ {body} }}"

    def _slots(self, point: AttachPoint) -> Sequence[Getter]:
        """A raw tracepoint's, as far as the kernel's types tell how many there are."""
        kind = kind_of(point)
        try:
            told = kind.arguments(point, self._view) if kind.arguments else None
        except TargetError:
            return ()
        count = len(told.params) if isinstance(told, BtfArguments) else 0
        return tuple([(f"arg{number}", f"arg{number}") for number in range(count)])

    def _registers(self, kind: str) -> Sequence[Getter]:
        machine = self._view.machine()
        others = (instruction_pointer(machine), stack_pointer(machine))
        getters = [(name, f'reg("{name}")') for name in others]
        if kind == "kretprobe":
            return (("retval", "(int64)retval"), *getters)
        names = [f"arg{number}" for number in range(len(argument_registers(machine)))]
        return (*[(name, name) for name in names], *getters)

    def _number(self, form: Form) -> int:
        """The number of a form, which may be there already."""
        for number, one in self.forms.items():
            if one == form:
                return number
        number = len(self.forms) + 1
        self.forms[number] = form
        return number

    def _print(self, form: int, expressions: Sequence[str]) -> str:
        values = ", ".join((str(form), self._common, *expressions))
        return f"{PRODUCED} = count(); print(({values}));"

    def _add_call(self, name: str, told: TracepointFormat, *, is_entry: bool) -> None:
        number = self._numbers[name]
        if not is_entry:
            self._left.add(number)
            self.calls.setdefault(number, (name, ()))
            return
        parameters = told.fields[1:]
        self.calls[number] = name, tuple([one.name for one in parameters])
        texts = tuple([index for index, one in enumerate(parameters) if _is_text(one)])
        words = [index for index, one in enumerate(parameters) if _is_list(one)]
        is_late = bool(texts) and name not in _NEVER_RETURN
        form = CallForm(texts, words[0] if words else -1, is_late)
        self._entered[number] = self._number(form)

    def _system_calls(self) -> Iterator[str]:
        """The probes for all system calls, and the tables that they ask."""
        entries = [f"@enter[{number}] = {form};" for number, form in self._entered.items()]
        exits = [f"@exit[{number}] = 1;" for number in sorted(self._left)]
        forms = {number: self.forms[number] for number in sorted(set(self._entered.values()))}
        late = [
            number for number, one in forms.items() if isinstance(one, CallForm) and one.is_late
        ]
        if entries or exits:
            yield _block("BEGIN", [*entries, *exits])
        if entries:
            cases = [(f"$form == {number}", self._enter(number)) for number in forms]
            body = ["$form = @enter[args.id];", *_choice(cases)]
            yield _block(f"tracepoint:raw_syscalls:sys_enter {self._native()}", body)
        if exits or late:
            body = list(self._late(late)) if late else []
            if exits:
                number = self._number(PlaceForm(SYSTEM_CALL_EXIT, ("id", "ret")))
                left = self._print(number, ["args.id", "args.ret"])
                body.append(f"if (@exit[args.id]) {{ {left} }}")
            yield _block(f"tracepoint:raw_syscalls:sys_exit {self._native()}", body)

    def _native(self) -> str:
        """The predicate for system calls; where the kernel's types do not tell how to see a 32-bit
        program, there is taken to be none."""
        try:
            members = self._view.btf().struct("task_struct").members if self._sees_kernel else ()
        except (BtfNotFound, NotSupported):
            members = ()
        if not any(one.name == "thread_info" for one in members):
            return self._own
        return f"{self._own[:-1]} && {_NATIVE[self._view.machine()]}/"

    def _enter(self, number: int) -> str:
        form = self.forms[number]
        assert isinstance(form, CallForm)
        names = {index: f"$text{index}" for index in form.texts}
        reads = [f"{name} = {_text_at(f'args.args[{index}]')};" for index, name in names.items()]
        argv = f"argv(uptr((uint8 **)args.args[{form.words}]))"
        words = [argv] if form.words >= 0 else []
        told = self._print(number, ["args.id", "args.args", *names.values(), *words])
        missing = [
            f'({name} == "{UNREADABLE}" && args.args[{index}] != 0)'
            for index, name in names.items()
        ]
        if not form.is_late:
            return " ".join([*reads, told])
        pointers = [f"args.args[{index}]" for index in form.texts]
        kept = ", ".join([str(number), *pointers, *["(uint64)0"] * (_MOST_TEXTS - len(pointers))])
        return " ".join([*reads, told, f"if ({' || '.join(missing)}) {{ @late[tid] = ({kept}); }}"])

    def _late(self, numbers: Sequence[int]) -> Iterator[str]:
        """At a call's end: the text that was not there at its beginning."""
        cases: list[tuple[str, str]] = []
        for of in numbers:
            form = self.forms[of]
            assert isinstance(form, CallForm)
            texts = [_text_at(f"$call.{at}") for at in range(1, 1 + len(form.texts))]
            number = self._number(LateForm(of))
            cases.append((f"$call.0 == {of}", f"print(({number}, tid, {', '.join(texts)}));"))
        yield "if (has_key(@late, tid)) { $call = @late[tid]; delete(@late, tid);"
        yield from _choice(cases)
        yield "}"


_MOST_TEXTS = 3
"""As many as request_key(2) and mount(2) have."""


def _block(head: str, lines: Sequence[str]) -> str:
    inside = "\n".join([f"    {line}" for line in lines])
    return f"{head}\n{{\n{inside}\n}}"


def _choice(cases: Sequence[tuple[str, str]]) -> Iterator[str]:
    for index, (condition, body) in enumerate(cases):
        yield f"{'else ' if index else ''}if ({condition}) {{ {body} }}"


def _text_at(pointer: str) -> str:
    return f"str(uptr((uint8 *){pointer}))"


def _shape(told: TracepointFormat | None) -> Sequence[tuple[str, str, int, int]]:
    """What two formats must agree in; system calls' arguments may be declared differently."""
    return [(one.name, one.c_type, one.offset, one.size) for one in told.fields] if told else ()


def _is_text(parameter: FormatField) -> bool:
    if parameter.c_type == "const char *":
        return parameter.name not in _NO_TEXT
    return parameter.c_type == "char *" and parameter.name in _INPUTS


def _is_list(parameter: FormatField) -> bool:
    return parameter.c_type == "const char *const *" and parameter.name == "argv"


def _getters(told: TracepointFormat) -> Iterator[Getter]:
    """What is printed of a tracepoint: numbers, text and arrays of numbers."""
    is_call = told.category == "syscalls"
    for one in told.fields:
        access = f"args.{one.name}"
        kind, _, sizes = one.c_type.partition("[")
        if (is_call and _is_text(one)) or one.c_type in ("__data_loc char[]", "__rel_loc char[]"):
            yield one.name, f"str({access})"
        elif one.c_type.startswith(("__data_loc", "__rel_loc")):
            continue
        elif one.c_type.endswith("*"):
            yield one.name, f"(uint64){access}"
        elif one.size in _WORDS if not sizes else _is_plain(kind):
            yield one.name, access


def _is_plain(kind: str) -> bool:
    """Whether an array of these can be printed."""
    return "struct" not in kind and "union" not in kind
