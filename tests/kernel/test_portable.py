"""Portable scripts on the kernel that compiled them, and with what another one would have."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pytest

from seismo.base.dataclass import replace
from seismo.base.source import Source
from seismo.btf.layout import find_member, size_of
from seismo.btf.spec import Btf
from seismo.btf.types import Kind
from seismo.builtin.options import LowerOptions
from seismo.compiler import Inputs, compile_script
from seismo.isa.insn import Insn
from seismo.isa.opcode import CLASS_MASK, Class
from seismo.isa.relo_kinds import CoreKind
from seismo.kernel.live import LiveKernel
from seismo.kernel.tracefs import Tracefs
from seismo.objects.load import load
from seismo.output.text import TextSink
from seismo.plan import Plan
from seismo.session import Session
from seismo.spec.relocations import CoreField, CoreType, Relocation, RunValue, TracepointField
from seismo.tools.table import find_tool
from seismo.views import LiveView

pytestmark = pytest.mark.kernel

_SILENT = "config = { print_maps_on_exit = false }\n"

BODIES = {
    "members": "print(curtask.comm); print((curtask.tgid, curtask.real_parent.pid))",
    "inner members": "print((curtask.cred.uid.val, curtask.mm.arg_start < curtask.mm.arg_end))",
    "signs": "print(curtask.prio - 200); print(curtask.exit_code)",
    "bits": "print(curtask.in_iowait); print(curtask.sched_reset_on_fork)",
    "elements": "$i = 7; $s = curtask.signal; print(($s.rlim[7].rlim_cur, $s.rlim[$i].rlim_cur))",
    "characters": "$i = 1; print((curtask.comm[0], curtask.comm[$i]))",
    "whole structs": "print(curtask.signal.rlim[3]); print((curtask.fs.pwd, curtask.cred.uid))",
    "pointers": "$p = (struct path *)4096; $q = $p + 2; print($q - $p); $q--; print($q)",
    "a map of pointers": "@p = (struct path *)4096; @p++; print(@p); @p += 2; print(@p); clear(@p)",
    "constants": "print((sizeof(struct path), PIDTYPE_TGID + 1, offsetof(struct mount, mnt)))",
    "symbols": 'print(kaddr("vfs_read"))',
    "ids": "print((pid, tid, pid(init), ncpus, cpid, has_cpid))",
    "sums": "@n = count(); @n = count(); print((uint64)@n); clear(@n)",
    "paths": "print(path(curtask.fs.pwd)); print(fd_path(0)); print(container)",
}


@pytest.fixture
def view(kernel: LiveKernel) -> Iterator[LiveView]:
    with Tracefs(kernel) as tracefs:
        yield LiveView(kernel, tracefs)


def compiled(view: LiveView, script: str, *, is_portable: bool = True) -> Plan:
    options = LowerOptions(possible_cpus=view.possible_cpus(), is_portable=is_portable)
    return compile_script(Source("case.bt", _SILENT + script), view, options).plan


def printed(plan: Plan, kernel: LiveKernel, act: Callable[[], object] = tuple) -> str:
    stream, errors = BytesIO(), BytesIO()
    with Tracefs(kernel) as tracefs:
        sink = TextSink(stream, errors, is_quiet=True)
        with Session(plan, kernel, tracefs, sink) as session:
            session.start()
            act()
            session.finish()
    assert errors.getvalue() == b""
    return stream.getvalue().decode().strip("\n")


def with_values(plan: Plan, values: dict[Relocation, int]) -> Plan:
    """The plan as it is on a kernel where these relocations have other values."""

    def put(insn: Insn, value: int) -> Insn:
        if insn.op & CLASS_MASK == Class.LDX:
            return replace(insn, off=value)
        return replace(insn, imm=value)

    programs = []
    for one in plan.object.programs:
        insns = list(one.insns)
        for index, relocation in one.relocations:
            if relocation in values:
                insns[index] = put(insns[index], values[relocation])
        programs.append(replace(one, insns=tuple(insns)))
    return replace(plan, object=replace(plan.object, programs=tuple(programs)))


def recorded(plan: Plan) -> list[tuple[Relocation, int]]:
    """Every relocation and what it is here."""
    return [
        (one, insn.off if insn.op & CLASS_MASK == Class.LDX else insn.imm)
        for program in plan.object.programs
        for index, one in program.relocations
        for insn in [program.insns[index]]
    ]


@pytest.mark.parametrize("name", BODIES)
def test_here_it_is_as_if_it_were_not_portable(
    name: str, kernel: LiveKernel, view: LiveView
) -> None:
    script = f"BEGIN {{ {BODIES[name]} }}"
    expected = printed(compiled(view, script, is_portable=False), kernel)
    assert expected
    assert printed(compiled(view, script), kernel) == expected


def test_records_of_tracepoints(kernel: LiveKernel, view: LiveView) -> None:
    script = (
        f"tracepoint:syscalls:sys_enter_chdir /pid == {os.getpid()}/ "
        '{ printf("%s %d\\n", str(args.filename), args.__syscall_nr); }'
    )
    plan = compiled(view, script)
    assert printed(plan, kernel, lambda: os.chdir(".")) == ". 80"


def test_text_in_records(kernel: LiveKernel, view: LiveView) -> None:
    """An array of characters, which is read by its address, and one behind the record."""
    script = (
        f"tracepoint:task:task_rename /pid == {os.getpid()}/ {{ print(args.newcomm); }} "
        f"tracepoint:sched:sched_process_exec /curtask.real_parent.tgid == {os.getpid()}/ "
        "{ print(str(args.filename)); }"
    )
    comm = Path("/proc/self/comm")
    before = comm.read_text().rstrip("\n")

    def act() -> None:
        comm.write_text("renamed")
        comm.write_text(before)
        subprocess.run(["/bin/true"], check=True)

    assert printed(compiled(view, script), kernel, act).split() == [
        *("renamed", before, "/bin/true")
    ]


def _value(btf: Btf, relocation: Relocation) -> int | None:
    """What the kernel's types say; None where they are not asked."""
    match relocation:
        case CoreType(type_):
            return btf.struct(type_.removeprefix("struct ")).size
        case CoreField(record, path, CoreKind.FIELD_BYTE_OFFSET | CoreKind.FIELD_BYTE_SIZE as kind):
            id, offset, size = btf.find(record.removeprefix("struct "), Kind.STRUCT), 0, 0
            for name in path.split("."):
                member = find_member(btf, id, name)
                offset, size, id = offset + member.offset, size_of(btf, member.type), member.type
            return offset if kind is CoreKind.FIELD_BYTE_OFFSET else size
        case _:
            return None


def test_what_is_recorded_is_what_the_types_say(view: LiveView) -> None:
    script = (
        "BEGIN { print(curtask.se.vruntime + curtask.mm.arg_start); print(sizeof(struct path)); "
        "print(curtask.fs.pwd.dentry); print(path(curtask.fs.pwd)); }"
    )
    found = recorded(compiled(view, script))
    btf = view.btf()
    known = [(one, value) for one, value in found if _value(btf, one) is not None]
    assert len(known) > 20
    assert [value for _, value in known] == [_value(btf, one) for one, _ in known]


def test_a_member_that_is_elsewhere(kernel: LiveKernel, view: LiveView) -> None:
    """On a kernel that has `tgid` where ours has `prio`."""
    plan = compiled(view, "BEGIN { print(curtask.tgid); }")
    (here,) = [
        value
        for one, value in recorded(compiled(view, "BEGIN { print(curtask.prio); }"))
        if one == CoreField("struct task_struct", "prio")
    ]
    there = with_values(plan, {CoreField("struct task_struct", "tgid"): here})
    assert printed(plan, kernel) == str(os.getpid())
    expected = printed(compiled(view, "BEGIN { print(curtask.prio); }"), kernel)
    assert printed(there, kernel) == expected != str(os.getpid())


def test_a_member_of_another_size(kernel: LiveKernel, view: LiveView) -> None:
    """On a kernel whose `prio` is a signed 16-bit number, then a byte."""
    plan = compiled(view, "BEGIN { print(curtask.prio); }")
    prio = int(printed(plan, kernel))
    for bits in (16, 8):
        kinds = {
            CoreKind.FIELD_BYTE_SIZE: bits // 8,
            CoreKind.FIELD_LSHIFT_U64: 64 - bits,
            CoreKind.FIELD_RSHIFT_U64: 64 - bits,
        }
        values: dict[Relocation, int] = {
            CoreField("struct task_struct", "prio", kind): value for kind, value in kinds.items()
        }
        # A nice process has more than fits a byte.
        kept = (prio + (1 << bits - 1)) % (1 << bits) - (1 << bits - 1)
        assert printed(with_values(plan, values), kernel) == str(kept)


def test_a_field_that_is_elsewhere(kernel: LiveKernel, view: LiveView) -> None:
    """On a kernel that hands out `mode` where ours has `dfd`."""
    event = "syscalls", "sys_enter_fchmodat"
    plan = compiled(
        view, f"tracepoint:{':'.join(event)} /pid == {os.getpid()}/ {{ print(args.mode); }}"
    )
    (dfd,) = [one.offset for one in view.tracepoint(*event).fields if one.name == "dfd"]
    there = with_values(plan, {TracepointField(*event, "mode"): dfd})
    directory = os.open("/", os.O_PATH)

    def act() -> None:
        with pytest.raises(FileNotFoundError):
            os.chmod("no such file", 0o640, dir_fd=directory)

    try:
        assert printed(plan, kernel, act) == str(0o640)
        assert printed(there, kernel, act) == str(directory)
    finally:
        os.close(directory)


def test_a_run_has_values_of_its_own(kernel: LiveKernel, view: LiveView) -> None:
    plan = compiled(view, "BEGIN { print((cpid, has_cpid, ncpus)); }")
    there = with_values(plan, {RunValue("command_pid"): 77, RunValue("possible_cpus"): 1 << 40})
    assert printed(there, kernel) == f"(77, true, {1 << 40})"


def test_ids_as_a_namespace_counts(kernel: LiveKernel, view: LiveView) -> None:
    """The initial namespace by its name gives what asking for none does."""
    plan = compiled(view, "BEGIN { print((pid, tid)); }")
    own = os.stat("/proc/self/ns/pid")
    names = {"pid_namespace_device": own.st_dev, "pid_namespace_inode": own.st_ino}
    there = with_values(plan, {RunValue(name): value for name, value in names.items()})
    assert printed(there, kernel) == printed(plan, kernel) == f"({os.getpid()}, {os.getpid()})"


TOOLS = ("biosnoop", "execsnoop", "filetop", "killsnoop", "opensnoop", "tcplife", "vfsstat")


@pytest.mark.parametrize("name", TOOLS)
def test_tools_load(name: str, kernel: LiveKernel, view: LiveView) -> None:
    tool = find_tool(name)
    given = {one.name: tool.usual.get(one.name) for one in tool.options}
    inputs = Inputs(named=tool.parameters(given), is_unsafe=tool.is_unsafe)
    options = LowerOptions(possible_cpus=view.possible_cpus(), is_portable=True)
    for source in tool.sources(given):
        plan = compile_script(source, view, options, inputs).plan
        with load(plan.object, kernel) as loaded:
            assert loaded.programs.keys() == {one.name for one in plan.object.programs}
