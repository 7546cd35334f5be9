"""Relocations print as calls, and read back."""

from __future__ import annotations

import pytest

from seismo.isa.relo_kinds import CoreKind
from seismo.spec.relocations import (
    CoreEnumerator,
    CoreField,
    CoreType,
    FunctionParameter,
    KernelSymbol,
    Relocation,
    RunValue,
    TracepointField,
    parse_relocation,
)

TEXTS: dict[str, Relocation] = {
    "field_byte_offset(struct task_struct, se.vruntime)": CoreField(
        "struct task_struct", "se.vruntime"
    ),
    "field_rshift_u64(struct task_struct, in_iowait)": CoreField(
        "struct task_struct", "in_iowait", CoreKind.FIELD_RSHIFT_U64
    ),
    "field_byte_size(struct pid, numbers[0].nr)": CoreField(
        "struct pid", "numbers[0].nr", CoreKind.FIELD_BYTE_SIZE
    ),
    "type_size(atomic_t)": CoreType("atomic_t"),
    "enumval_value(enum pid_type, PIDTYPE_PID)": CoreEnumerator("enum pid_type", "PIDTYPE_PID"),
    "enumval_value(, BTF_ID_X)": CoreEnumerator("", "BTF_ID_X"),
    "record_offset(sched:sched_switch, prev_pid)": TracepointField(
        "sched", "sched_switch", "prev_pid"
    ),
    "record_size(sched:sched_switch, prev_pid)": TracepointField(
        "sched", "sched_switch", "prev_pid", "size"
    ),
    "parameter(vfs_read, file)": FunctionParameter("vfs_read", "file"),
    "symbol(jiffies)": KernelSymbol("jiffies"),
    "run(started_ns)": RunValue("started_ns"),
}


@pytest.mark.parametrize("text", TEXTS)
def test_text_and_back(text: str) -> None:
    assert str(TEXTS[text]) == text
    assert parse_relocation(text) == TEXTS[text]


@pytest.mark.parametrize("text", ["", "symbol", "symbol(", "nothing(x)", "field_byte_offset x"])
def test_what_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="no relocation"):
        parse_relocation(text)


@pytest.mark.parametrize("kind", CoreKind)
def test_every_kind_has_a_name(kind: CoreKind) -> None:
    made = {
        "FIELD": CoreField("struct x", "y", kind),
        "TYPE": CoreType("struct x", kind),
        "ENUMVAL": CoreEnumerator("enum x", "Y", kind),
    }[kind.name.partition("_")[0]]
    assert parse_relocation(str(made)) == made
