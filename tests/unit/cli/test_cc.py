"""`seismo cc`: the compiler that is found, the headers for it, and what becomes of a source."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

from c_objects import CASES, CLANGS, SOURCES, ObjectCase, build, compile_bpf
from seismo.btf.spec import Btf
from seismo.btf.types import Int, IntEncoding, Member, Struct
from seismo.btf.write import write
from seismo.clang.errors import ClangError
from seismo.clang.find import Compiler, find_compiler
from seismo.clang.headers import HEADERS, generated_headers, helper_definitions, kernel_types
from seismo.isa.helper_table import TABLE
from seismo.objfile.model import Function
from seismo.objfile.read import read_object
from seismo.ui.cli.cc import run_cc
from seismo.ui.cli.errors import InputError

needs_clang = pytest.mark.skipif(not CLANGS, reason="needs clang-14 or clang-19")

BTF = write(
    (
        Int("int", 4, IntEncoding.SIGNED),
        Struct("made_up", 8, (Member("first", 1, 0), Member("second", 1, 32))),
    )
)
SOURCE = """
#include "vmlinux.h"
#include "vmlinux.h"
#include <linux/types.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
SEC("raw_tp/sys_enter") int use(void *ctx)
{
	struct made_up *made_up = (void *)bpf_get_current_task();
	return BPF_CORE_READ(made_up, second) + VALUE;
}
char LICENSE[] SEC("license") = "GPL";
"""


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A cache of the test's own."""
    path = tmp_path / "cache"
    path.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_CACHE_HOME", str(path))
    return path


@pytest.fixture
def types(tmp_path: Path) -> Path:
    """A kernel's types, hardly any."""
    path = tmp_path / "vmlinux"
    path.write_bytes(BTF)
    return path


def command(directory: Path, name: str) -> Path:
    """An executable that does nothing."""
    directory.mkdir(exist_ok=True)
    path = directory / name
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_clang_is_preferred_then_the_newest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    newest = command(second, "clang-19")
    for name in ("clang-9", "clang-14", "clang-19x", "clang-cl"):
        command(first, name)
    monkeypatch.setenv("PATH", f"{first}:/nonexistent:{second}")
    assert find_compiler() == Compiler((str(newest),), "bpf")
    plain = command(second, "clang")
    assert find_compiler() == Compiler((str(plain),), "bpf")
    assert find_compiler("ccache clang-9").command == ("ccache", "clang-9")


def test_without_clang_the_wheel_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "ziglang").mkdir()
    (tmp_path / "ziglang" / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    order = {"little": "bpfel", "big": "bpfeb"}[sys.byteorder]
    expected = (sys.executable, "-m", "ziglang", "cc")
    assert find_compiler() == Compiler(expected, f"{order}-freestanding")


def test_without_a_compiler_one_is_told_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "path", [one for one in sys.path if "packages" not in one])
    with pytest.raises(ClangError, match="apt-get install clang") as raised:
        find_compiler()
    assert "pip install 'seismo[c]'" in str(raised.value)


def test_headers_are_made_once_for_each_kernel(types: Path, cache: Path) -> None:
    with generated_headers(str(types)) as directory:
        assert directory.parent == cache / "seismo"
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
        header = directory / "vmlinux.h"
        before = header.stat().st_mtime_ns
        assert "struct made_up {" in header.read_text()
        assert (directory / "bpf" / "bpf_helper_defs.h").read_text() == helper_definitions()
    with generated_headers(str(types)) as again:
        assert (again, header.stat().st_mtime_ns) == (directory, before)
    types.write_bytes(write((Int("int", 4, IntEncoding.SIGNED),)))
    with generated_headers(str(types)) as other:
        assert other != directory
    assert sorted(one.name for one in directory.parent.iterdir()) == sorted(
        [directory.name, other.name]
    )


def test_headers_without_a_cache_are_for_this_time(
    types: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.chmod(0o777)
    with generated_headers(str(types)) as directory:
        assert cache not in directory.parents
        assert (directory / "vmlinux.h").exists()
    assert not directory.exists()


def test_a_file_of_types_that_is_not_there(tmp_path: Path) -> None:
    with (
        pytest.raises(ClangError, match="No such file or directory"),
        generated_headers(str(tmp_path / "none")),
    ):
        pass


def test_every_helper_has_a_prototype() -> None:
    text = helper_definitions()
    for number, (name, *_) in enumerate(TABLE):
        if number:
            assert f"(*const bpf_{name})(" in text
            assert f"(void *){number};" in text
    assert "void *(*const bpf_map_lookup_elem)(void *map, const void *key)" in text
    assert "(struct __sk_buff *skb, __u32 offset, const void *from, __u32 len, __u64 flags)" in text
    assert "(const char *fmt, __u32 fmt_size, ...)" in text
    assert "struct bpf_map;" not in text


def test_types_may_be_included_twice() -> None:
    text = kernel_types(Btf.from_bytes(BTF))
    assert text.startswith("#ifndef __VMLINUX_H__\n#define __VMLINUX_H__\n")
    assert text.endswith("#endif\n")


@needs_clang
@pytest.mark.parametrize("clang", CLANGS)
def test_a_source_becomes_an_object(
    clang: str, types: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    source = tmp_path / "src" / "tool.bpf.c"
    source.parent.mkdir()
    source.write_text(SOURCE)
    options = ["--clang", clang, "--vmlinux", str(types), "-DVALUE=5"]
    assert run_cc([str(source), *options, "--", "-Wall", "-Werror"]) == 0
    file = read_object((tmp_path / "tool.bpf.o").read_bytes(), "tool.bpf.o")
    assert [one.name for one in file.programs] == ["use"]
    (relo,) = file.programs[0].core_relos
    assert (relo.access, relo.kind) == ("0:1", 0)


@needs_clang
def test_the_compilers_words_pass_through(
    types: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "wrong.bpf.c"
    source.write_text(SOURCE.replace("second", "third"))
    output = tmp_path / "wrong.o"
    arguments = [str(source), "-o", str(output), "--clang", CLANGS[-1], "--vmlinux", str(types)]
    assert run_cc([*arguments, "-v", "-DVALUE=1"]) == 1
    errors = capfd.readouterr().err
    assert errors.startswith(f"{CLANGS[-1]} -target bpf ")
    assert "no member named 'third' in 'struct made_up'" in errors
    assert not output.exists()


def test_a_source_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no file"):
        run_cc([str(tmp_path / "none.bpf.c")])


def test_a_compiler_that_is_not_there(tmp_path: Path, types: Path) -> None:
    source = tmp_path / "tool.bpf.c"
    source.touch()
    with pytest.raises(InputError, match="cannot run /nonexistent/clang"):
        run_cc([str(source), "--clang", "/nonexistent/clang", "--vmlinux", str(types)])


def relos(function: Function) -> list[tuple[str, int]]:
    """What a function asks of the kernel's types, in order."""
    return [(one.access, one.kind) for one in function.core_relos]


NOT_READ = ("maps_broken", "maps_unknown_attribute", "usdt")
"""Objects that are refused, and one that is written with a header of libbpf's alone."""
OURS_TOO = [
    pytest.param(case, clang, id=f"{case.name}-{clang}")
    for case in CASES
    for clang in CLANGS
    if clang >= case.since and len(case.sources) == 1 and case.name not in NOT_READ
]


@needs_clang
@pytest.mark.parametrize(("case", "clang"), OURS_TOO)
def test_sources_mean_the_same_with_our_headers(case: ObjectCase, clang: str, types: Path) -> None:
    theirs = read_object(build(case, clang)[0].read_bytes(), case.name)
    with generated_headers(str(types)) as generated:
        flags = ["-Wall", "-Werror", f"-I{generated}", f"-I{HEADERS}", *case.flags]
        ours = read_object(
            compile_bpf(SOURCES / case.sources[0], clang, *flags).read_bytes(), case.name
        )
    assert [one.name for one in ours.functions] == [one.name for one in theirs.functions]
    assert ours.maps == theirs.maps
    assert [relos(one) for one in ours.functions] == [relos(one) for one in theirs.functions]


MACROS_HEAD = """
#include <linux/bpf.h>
#include <linux/types.h>
#include <stdbool.h>
#define __VMLINUX_H__
struct pt_regs { unsigned long r10, bp, r9, r8, ax, cx, dx, si, di, ip, sp; };
struct link { struct link *next; int tail; char name[16]; } __attribute__((preserve_access_index));
struct pair { long first, second; };
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
"""
TEN = ", ".join(["next"] * 8)
MACROS = {
    "a_cast_before_a_walk": f"""
        SEC("kprobe/f") int p(long *ctx)
        {{ return BPF_CORE_READ((struct link *)*ctx, tail)
                  + BPF_PROBE_READ((struct link *)ctx, next, tail)
                  + BPF_CORE_READ_USER((struct link *)ctx, {TEN}, tail); }}""",
    "a_walk_of_ten": f"""
        SEC("kprobe/f") int p(struct link *ctx)
        {{ char name[16]; BPF_CORE_READ_INTO(&name, ctx, {TEN}, name);
          return BPF_CORE_READ_STR_INTO(&name, ctx, {TEN}, name)
                 + BPF_PROBE_READ_STR_INTO(&name, ctx, {TEN}, name)
                 + BPF_PROBE_READ_USER_STR_INTO(&name, ctx, {TEN}, name); }}""",
    "registers_elsewhere": """
        struct holder { struct pt_regs *next; };
        SEC("kprobe/f") int p(struct holder *ctx)
        { return PT_REGS_PARM1_CORE(ctx->next) + PT_REGS_IP_CORE(ctx->next)
                 + PT_REGS_PARM4_CORE_SYSCALL(ctx->next) + PT_REGS_FP_CORE(ctx->next); }""",
    "return_addresses": """
        SEC("kprobe/f") int p(struct pt_regs *ctx)
        { long from, to; BPF_KPROBE_READ_RET_IP(from, ctx); BPF_KRETPROBE_READ_RET_IP(to, ctx);
          return from + to; }""",
    "structs_by_value": """
        SEC("fentry/f") int BPF_PROG2(last, struct pair, both, int, one, struct pair, more)
        { return more.second; }
        SEC("fentry/g") int BPF_PROG2(amid, struct pair, both, char, one, struct pair, more)
        { return one; }
        SEC("fentry/h") int BPF_PROG2(none) { return 0; }""",
    "a_call_of_the_system": """
        SEC("ksyscall/f") int BPF_KSYSCALL(p, int a, long b, char c, void *d, short e)
        { return a + b + c + (long)d + e; }""",
    "lines": """
        SEC("kprobe/f") int p(void *ctx)
        { __bpf_printk("%d", 1); __bpf_vprintk("%d %d", 1, 2); return bpf_printk("no value"); }""",
    "a_line_without_data": """
        SEC("kprobe/f") int p(void *ctx) { bpf_printk("%d", 1); return 0; }""",
    "names": """
        struct holder { struct link __kptr_ref *held; };
        SEC("kprobe/f") int p(struct holder *ctx)
        { if (!__builtin_constant_p(1)) __bpf_unreachable(); return ctx->held != 0; }""",
}


@needs_clang
@pytest.mark.parametrize("clang", CLANGS)
@pytest.mark.parametrize("name", MACROS)
def test_macros_become_the_same_instructions(
    name: str, clang: str, types: Path, tmp_path: Path
) -> None:
    source = tmp_path / "macros.bpf.c"
    plain = "#define BPF_NO_GLOBAL_DATA\n" if name == "a_line_without_data" else ""
    source.write_text(f"{plain}{MACROS_HEAD}{MACROS[name]}")
    theirs = read_object(compile_bpf(source, clang).read_bytes(), "theirs")
    with generated_headers(str(types)) as generated:
        compiled = compile_bpf(source, clang, "-Wall", f"-I{generated}", f"-I{HEADERS}")
    ours = read_object(compiled.read_bytes(), "ours")
    assert [one.name for one in ours.programs] == [one.name for one in theirs.programs]
    assert [one.insns for one in ours.programs] == [one.insns for one in theirs.programs]
    assert [relos(one) for one in ours.programs] == [relos(one) for one in theirs.programs]
