"""What object files expect of the kernel: options, symbols, functions."""

from __future__ import annotations

import pytest
from kernel_facts import (
    BOOL,
    CALL,
    CHAR,
    EXIT,
    INT,
    KERNEL,
    LOAD,
    LONG,
    OTHER_PROTO,
    PROTO,
    TEXT,
    TRISTATE,
    TYPES,
    Facts,
    linked,
)
from object_builder import GLOBAL, WEAK, ObjectBuilder

from seismo.base.dataclass import replace
from seismo.base.errors import NotSupported
from seismo.btf.spec import Btf
from seismo.btf.types import (
    Datasec,
    Func,
    FuncLinkage,
    FuncProto,
    Param,
    Placement,
    Type,
    Var,
    VarLinkage,
)
from seismo.isa.insn import REGS, slot_starts
from seismo.objfile.errors import LinkError


def with_externs(
    section: str, externs: list[tuple[str, Type, int]], *, is_call: bool | None = None
) -> ObjectBuilder:
    """An object whose only program loads each extern (name, type, binding), or calls it, as is
    fit for its type if that is not said."""
    builder = ObjectBuilder()
    types = [*TYPES, *[type_ for _, type_, _ in externs]]
    first = len(TYPES) + 1
    placements = tuple([Placement(first + at, 0, 4) for at in range(len(externs))])
    types.append(Datasec(section, 0, placements))
    calls = [isinstance(type_, Func) if is_call is None else is_call for _, type_, _ in externs]
    insns = [CALL if one else LOAD for one in calls]
    main = builder.code("socket", [*insns, EXIT], ("main", 0, sum(i.slots for i in insns) + 1))
    places = slot_starts(insns)[:-1]
    for start, (name, _, binding), called in zip(places, externs, calls, strict=True):
        builder.relocate(
            main, start * 8, builder.symbol(name, 0, info=binding), 10 if called else 1
        )
    builder.types(types)
    return builder


def options(**rows: int) -> ObjectBuilder:
    externs = [(name, Var(name, id, VarLinkage.EXTERN), GLOBAL) for name, id in rows.items()]
    return with_externs(".kconfig", list(externs))


def test_options_of_the_kernel() -> None:
    builder = options(
        CONFIG_A=BOOL,
        CONFIG_B=CHAR,
        CONFIG_C=TEXT,
        CONFIG_D=TRISTATE,
        CONFIG_E=LONG,
        CONFIG_F=INT,
        LINUX_KERNEL_VERSION=INT,
        LINUX_HAS_BPF_COOKIE=BOOL,
        LINUX_HAS_SYSCALL_WRAPPER=BOOL,
    )
    answers = {"A": "y", "B": "m", "C": '"longer"', "D": "m", "E": "0xffffffffff", "F": "-3"}
    facts = Facts({f"CONFIG_{name}": text for name, text in answers.items()}, frozenset(["cookie"]))
    spec = linked(builder, facts)
    (found,) = spec.maps
    assert (found.name, found.is_frozen, found.flags) == ("test.kconfig", True, 128 | 1024)
    value = (
        (0xFF_FFFF_FFFF).to_bytes(8, "little")
        + (2).to_bytes(4, "little")
        + (-3).to_bytes(4, "little", signed=True)
        + (0x060105).to_bytes(4, "little")
        + b"\1m\1\0long\0"
    )
    assert found.contents == ((bytes(4), value),)
    offsets = [insn.imm >> 32 for insn in spec.programs[0].insns[:-1]]
    assert offsets == [20, 21, 24, 8, 0, 12, 16, 22, 23]
    assert Btf(spec.btf).find("CONFIG_A") == len(TYPES) + 1


@pytest.mark.parametrize(
    ("name", "id", "text"),
    [
        ("CONFIG_A", BOOL, "m"),
        ("CONFIG_A", INT, "y"),
        ("CONFIG_A", BOOL, "1"),
        ("CONFIG_A", CHAR, "128"),
        ("CONFIG_A", INT, '"text"'),
        ("CONFIG_A", TEXT, "7"),
        ("CONFIG_A", TEXT, "y"),
        ("CONFIG_A", INT, "0x80000000"),
        ("CONFIG_A", INT, "words"),
        ("LINUX_KERNEL_VERSION", CHAR, ""),
        ("LINUX_SOMETHING", INT, ""),
        ("CONFIG_MISSING", INT, ""),
    ],
)
def test_options_that_do_not_fit(name: str, id: int, text: str) -> None:
    with pytest.raises(LinkError):
        linked(options(**{name: id}), Facts({"CONFIG_A": text}))


def test_weak_options_are_zero() -> None:
    externs: list[tuple[str, Type, int]] = [
        (name, Var(name, INT, VarLinkage.EXTERN), WEAK) for name in ("CONFIG_X", "LINUX_Y")
    ]
    assert linked(with_externs(".kconfig", externs)).maps[0].contents == ((bytes(4), bytes(8)),)


def symbol(name: str, type_: int, binding: int = GLOBAL) -> tuple[str, Type, int]:
    return name, Var(name, type_, VarLinkage.EXTERN), binding


def test_symbols_of_the_kernel() -> None:
    rows = [
        symbol("a_symbol", 0),
        symbol("none", 0, WEAK),
        symbol("a_variable", INT),
        symbol("no_variable", INT, WEAK),
    ]
    (program,) = linked(with_externs(".ksyms", rows)).programs
    assert program.insns[:4] == (
        replace(LOAD, imm=0xFFFF_FFFF_8100_0000),
        LOAD,
        replace(LOAD, src=REGS[3], imm=6),
        LOAD,
    )


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (symbol("none", 0), "extern 'none'"),
        (symbol("no_variable", INT), "no variable 'no_variable'"),
        (symbol("a_variable", TEXT), "'a_variable' is of another type"),
    ],
)
def test_symbols_that_the_kernel_has_not(row: tuple[str, Type, int], message: str) -> None:
    with pytest.raises(LinkError, match=message):
        linked(with_externs(".ksyms", [row]))


def test_ambiguous_symbol_is_refused_though_it_is_weak() -> None:
    with pytest.raises(NotSupported, match="2 addresses"):
        linked(with_externs(".ksyms", [symbol("twice", 0, WEAK)]))


def function(name: str, proto: int = PROTO, binding: int = GLOBAL) -> tuple[str, Type, int]:
    return name, Func(name, proto, FuncLinkage.EXTERN), binding


def test_functions_of_the_kernel_and_of_modules() -> None:
    rows = [function("bpf_take"), function("bpf_lend"), function("bpf_none", PROTO, WEAK)]
    (program,) = linked(with_externs(".ksyms", rows)).programs
    kfunc = replace(CALL, src=REGS[2])
    assert program.insns[:3] == (
        replace(kfunc, imm=5),
        replace(kfunc, imm=len(KERNEL) + 1),
        replace(kfunc, imm=0),
    )
    assert program.module_refs == ((1, "lender"),)
    ((index, why),) = program.poisons
    assert (index, why.partition(";")[0]) == (2, "the kernel has no function `bpf_none`")


@pytest.mark.parametrize(("name", "imm"), [("bpf_take", 5), ("bpf_none", 0)])
def test_whether_there_is_a_function(name: str, imm: int) -> None:
    """`bpf_ksym_exists(function)` loads its address."""
    builder = with_externs(".ksyms", [function(name, PROTO, WEAK)], is_call=False)
    (program,) = linked(builder).programs
    assert program.insns[0] == replace(LOAD, src=REGS[3 if imm else 0], imm=imm)


def test_call_of_what_is_no_function() -> None:
    builder = with_externs(".ksyms", [symbol("a_variable", INT)], is_call=True)
    with pytest.raises(LinkError, match="'a_variable' is called, but is no function"):
        linked(builder)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (function("bpf_none"), "no function 'bpf_none'"),
        (function("bpf_take", OTHER_PROTO), "'bpf_take' is of another type"),
        (function("a_variable"), "no function 'a_variable'"),
    ],
)
def test_functions_that_the_kernel_has_not(row: tuple[str, Type, int], message: str) -> None:
    with pytest.raises(LinkError, match=message):
        linked(with_externs(".ksyms", [row]))


def test_externs_become_what_the_kernel_takes() -> None:
    """Variables of four bytes each; a function has a dummy for it, and names for its parameters."""
    rows = [symbol("a_symbol", 0), function("bpf_take"), symbol("a_variable", INT)]
    btf = Btf(linked(with_externs(".ksyms", rows)).btf)
    first = len(TYPES) + 1
    dummy = len(btf) - 1
    assert btf.type(dummy) == Var("dummy_ksym", INT, VarLinkage.GLOBAL)
    assert btf.type(btf.find(".ksyms")) == Datasec(
        ".ksyms",
        12,
        (Placement(first, 0, 4), Placement(dummy, 4, 4), Placement(first + 2, 8, 4)),
    )
    assert btf.type(first) == Var("a_symbol", INT, VarLinkage.GLOBAL)
    assert btf.type(first + 1) == Func("bpf_take", PROTO, FuncLinkage.GLOBAL)
    assert btf.type(PROTO) == FuncProto(INT, (Param("dummy_ksym", 8),))
