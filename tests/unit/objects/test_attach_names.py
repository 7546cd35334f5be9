"""Patterns of names, what system calls are called, and static probes' arguments as bytes."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from seismo.base.dataclass import replace
from seismo.base.errors import NotSupported, SyscallError
from seismo.elf.errors import BinaryNotFound
from seismo.elf.registers import register_offset
from seismo.elf.usdt import UsdtProbe
from seismo.elf.usdt_arguments import parse_arguments
from seismo.objects.attach.pattern import is_pattern, matching
from seismo.objects.attach.syscall import syscall_functions
from seismo.objects.attach.usdt import usdt_spec
from seismo.objects.attach.user_file import open_named

NAMES = ("vfs_read", "vfs_write", "vfs_readv", "ksys_read", "a.b", "a[b]")


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("vfs_*", ("vfs_read", "vfs_write", "vfs_readv")),
        ("*read", ("vfs_read", "ksys_read")),
        ("*s_*e*", ("vfs_read", "vfs_write", "vfs_readv", "ksys_read")),
        ("vfs_read?", ("vfs_readv",)),
        ("vfs_read", ("vfs_read",)),
        ("a.b", ("a.b",)),
        ("a?b", ("a.b",)),
        ("a[b]", ("a[b]",)),
        ("*v", ("vfs_readv",)),
        ("*v*v*", ("vfs_readv",)),
        ("", ()),
    ],
)
def test_a_pattern_means_whole_names(pattern: str, found: tuple[str, ...]) -> None:
    assert matching(pattern, NAMES) == found
    assert is_pattern(pattern) == ("*" in pattern or "?" in pattern)


def test_many_stars_take_no_time() -> None:
    assert matching("*a" * 30 + "b", ["a" * 5000]) == ()


def test_a_system_call_has_its_names_todays_first() -> None:
    others = ("__se_sys_openat", "SyS_openat", "sys_openat")
    assert syscall_functions("openat", "x86_64") == ("__x64_sys_openat", *others)
    assert syscall_functions("openat", "aarch64") == ("__arm64_sys_openat", *others)
    assert syscall_functions("openat", "riscv64") == others


def probe(arguments: str) -> UsdtProbe:
    return UsdtProbe(
        provider="shop",
        name="sale",
        address=0x1000,
        offset=0x1000,
        semaphore_address=0,
        semaphore_offset=0,
        arguments=parse_arguments(arguments, "x86_64"),
    )


def test_arguments_are_as_the_header_reads_them() -> None:
    """(val_off, arg_type, reg_off, arg_signed, arg_bitshift) of `struct __bpf_usdt_arg_spec`."""
    spec = usdt_spec(probe("-4@$-9 8@%rdi 1@%ah -2@-12(%rbp) 4@8(%r10)"), "x86_64", cookie=7)
    at = {name: register_offset("x86_64", name)[0] for name in ("rdi", "ah", "rbp", "r10")}
    arguments = [struct.unpack_from("=QIhBB", spec, 16 * n) for n in range(12)]
    assert arguments[:5] == [
        (2**64 - 9, 0, 0, 1, 32),
        (0, 1, at["rdi"], 0, 0),
        (0, 1, at["ah"], 0, 56),
        (2**64 - 12, 2, at["rbp"], 1, 48),
        (8, 2, at["r10"], 0, 32),
    ]
    assert arguments[5:] == [(0, 0, 0, 0, 0)] * 7
    assert struct.unpack_from("=Qh", spec, 192) == (7, 5)
    assert len(spec) == 208


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ("8@table(%rip)", "usdt.bpf.h reads one register and what it points to"),
        ("8@(%rax,%rdx,8)", "usdt.bpf.h reads one register and what it points to"),
        ("8f@%xmm0", "floating-point"),
    ],
)
def test_an_argument_that_the_header_cannot_read_is_refused(arguments: str, why: str) -> None:
    with pytest.raises(NotSupported) as caught:
        usdt_spec(probe("8@%rax " + arguments), "x86_64")
    assert caught.value.feature == "argument 1 of static probe shop:sale"
    assert why in caught.value.why


def test_more_arguments_than_the_header_has_are_refused() -> None:
    site = probe(" ".join(["8@%rax"] * 13))
    with pytest.raises(NotSupported, match="13 arguments"):
        usdt_spec(site, "x86_64")
    assert len(usdt_spec(replace(site, arguments=site.arguments[:12]), "x86_64")) == 208


def test_a_file_is_found_below_the_root_of_a_process() -> None:
    own = open_named("/proc/self/exe")
    below = open_named(f"/proc/self/root{Path('/proc/self/exe').resolve()}")
    assert below.file.build_id == own.file.build_id
    assert below.path.startswith("/proc/self/root/")


def test_a_file_or_a_process_that_is_not_there_is_told() -> None:
    with pytest.raises(BinaryNotFound, match="no such file"):
        open_named("/no/such/file")
    with pytest.raises(SyscallError) as caught:
        open_named("libc", 2**22 + 1)
    assert caught.value.errno_name == "ESRCH"
