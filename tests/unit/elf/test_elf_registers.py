"""Register names, by the C headers' own layout of `struct pt_regs`."""

from __future__ import annotations

from pathlib import Path

import pytest

from elf_builds import build, run
from seismo.base.errors import NotSupported
from seismo.elf.registers import (
    UnknownRegister,
    argument_registers,
    instruction_pointer,
    register_names,
    register_offset,
    return_register,
    stack_pointer,
)

PLAIN = ("bp", "bx", "ax", "cx", "dx", "si", "di", "ip", "sp")
USER_NAMES = {one: f"r{one}" for one in PLAIN} | {"orig_ax": "orig_rax", "flags": "eflags"}
"""User space's header has other names than the kernel, but the same layout."""


def test_x86_64_is_laid_out_as_the_header_says(builds: Path) -> None:
    names = register_names("x86_64")
    members = ", ".join(f"offsetof(struct pt_regs, {USER_NAMES.get(one, one)})" for one in names)
    source = (
        "#include <asm/ptrace.h>\n#include <stddef.h>\n#include <stdio.h>\n"
        f"int main(void) {{ size_t all[] = {{ {members}, sizeof(struct pt_regs) }};\n"
        'for (int i = 0; i < sizeof all / sizeof *all; i++) printf("%zu ", all[i]); }'
    )
    *offsets, size = map(int, run(build(builds / "pt_regs", source)).split())
    assert [register_offset("x86_64", one) for one in names] == [(one, 8) for one in offsets]
    assert size == 8 * len(names)


@pytest.mark.parametrize(
    ("name", "place"),
    [
        *(("rax", (80, 8)), ("ax", (80, 8)), ("eax", (80, 4)), ("al", (80, 1)), ("ah", (81, 1))),
        *(("rdi", (112, 8)), ("edi", (112, 4)), ("dil", (112, 1)), ("bpl", (32, 1))),
        *(("r8", (72, 8)), ("r8d", (72, 4)), ("r8w", (72, 2)), ("r8b", (72, 1))),
        *(("r15", (0, 8)), ("r15b", (0, 1)), ("rip", (128, 8)), ("eflags", (144, 4))),
    ],
)
def test_parts_of_x86_64(name: str, place: tuple[int, int]) -> None:
    assert register_offset("x86_64", name) == place


@pytest.mark.parametrize(
    ("name", "place"),
    [
        *(("r0", (0, 8)), ("x0", (0, 8)), ("w0", (0, 4)), ("x30", (240, 8)), ("lr", (240, 8))),
        *(("fp", (232, 8)), ("sp", (248, 8)), ("wsp", (248, 4)), ("pc", (256, 8))),
        ("pstate", (264, 8)),
    ],
)
def test_aarch64(name: str, place: tuple[int, int]) -> None:
    assert register_offset("aarch64", name) == place


def test_the_calling_conventions() -> None:
    assert argument_registers("x86_64") == ("di", "si", "dx", "cx", "r8", "r9")
    assert argument_registers("aarch64") == ("r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7")
    for machine, expected in (("x86_64", ("ax", "sp", "ip")), ("aarch64", ("r0", "sp", "pc"))):
        found = (return_register(machine), stack_pointer(machine), instruction_pointer(machine))
        assert found == expected


def test_what_is_no_register_has_a_near_one() -> None:
    with pytest.raises(UnknownRegister) as caught:
        register_offset("x86_64", "flagss")
    assert caught.value.hint == "did you mean 'flags'?"
    with pytest.raises(UnknownRegister):
        register_offset("x86_64", "xmm0")
    with pytest.raises(UnknownRegister):
        register_offset("aarch64", "x31")


def test_other_machines_are_refused() -> None:
    with pytest.raises(NotSupported, match="there are tables for x86_64, aarch64"):
        register_offset("riscv64", "a0")
