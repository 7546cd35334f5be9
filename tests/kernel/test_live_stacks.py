"""Stacks of the kernel and of small C programs, with known calls on them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from stack_programs import AT_GETPPID, CALLS, CHAIN, build, frames, seismo

from script_runs import run_script
from seismo.builtin.options import TaskFilter
from seismo.kernel.fd import open_fds

pytestmark = pytest.mark.kernel


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stacks")


@pytest.fixture(scope="module")
def chain(folder: Path) -> Path:
    return build(folder, "chain", CHAIN)


@cache
def has_kernel_stacks() -> bool:
    """Whether programs at system calls' tracepoints see the kernel's stack: on 6.1 they do not."""
    done = run_script(
        "tracepoint:syscalls:sys_enter_getppid { @ = len(kstack); }",
        os.getppid,
        filter=TaskFilter(os.getpid()),
    )
    return "@: 0" not in done.output


@pytest.fixture
def kernel_stacks() -> None:
    """Skips where there are none."""
    if not has_kernel_stacks():
        pytest.skip("no kernel stack at the tracepoints of system calls here")


@pytest.fixture
def no_kernel_stacks() -> None:
    """Skips where there are some."""
    if has_kernel_stacks():
        pytest.skip("this kernel shows its stack at the tracepoints of system calls")


@pytest.mark.parametrize("flags", [("-pie", "-fPIE"), ("-no-pie",), ("-static",)], ids=str)
def test_calls_are_named_when_the_process_has_ended(folder: Path, flags: tuple[str, ...]) -> None:
    program = build(folder, f"chain{'_'.join(flags)}", CHAIN, *flags)
    output = seismo(f"{AT_GETPPID} {{ @[ustack] = count(); }}", str(program))
    assert frames(output)[:3] == ["inner", "outer", "main"]
    assert output.startswith("\n\n@[\n        inner+")
    assert output.endswith("\n]: 1\n")


def test_offsets_are_those_of_the_addresses(chain: Path) -> None:
    output = seismo(f"{AT_GETPPID} {{ print((ustack(3), ustack(perf, 3))); }}", str(chain))
    plain = re.findall(r"^ {8}(\w+)\+(\d+)$", output, re.MULTILINE)
    perf = re.findall(r"^\t([0-9a-f]+) (\w+)\+(\d+) \((.*)\)$", output, re.MULTILINE)
    assert [(name, offset) for _, name, offset, _ in perf] == plain
    assert {module for *_, module in perf} == {str(chain)}
    listing = subprocess.run(["nm", chain], capture_output=True, text=True, check=True).stdout
    starts = {name: int(start, 16) for start, name in re.findall(r"^(\w+) T (\w+)$", listing, re.M)}
    bases = {int(address, 16) - int(offset) - starts[name] for address, name, offset, _ in perf}
    assert len(bases) == 1
    assert bases.pop() % 4096 == 0


@pytest.mark.usefixtures("kernel_stacks")
def test_raw_stacks_are_addresses(chain: Path) -> None:
    output = seismo(f"{AT_GETPPID} {{ print(ustack(raw, 2)); print(kstack(raw, 2)); }}", str(chain))
    user, kernel = re.findall(r"\n([0-9a-f]+)\n[0-9a-f]+\n\n", output)
    assert int(user, 16) < 1 << 63 <= int(kernel, 16)


def test_build_ids_are_those_of_the_file(folder: Path) -> None:
    program = build(folder, "identified", CHAIN, "-Wl,--build-id=sha1")
    notes = subprocess.run(["readelf", "-n", program], capture_output=True, text=True, check=True)
    (build_id,) = re.findall(r"Build ID: ([0-9a-f]+)", notes.stdout)
    output = seismo(f"{AT_GETPPID} {{ print(ustack(build_id, 3)); }}", str(program))
    found = re.findall(r"^([0-9a-f]{40}) 0x[0-9a-f]+$", output, re.MULTILINE)
    assert found == [build_id] * 3


def test_equal_stacks_are_one_key(chain: Path) -> None:
    script = f"""{AT_GETPPID} {{
        @both[ustack, ustack(3), comm] = count();
        @last = ustack(1);
        @same[ustack == ustack, ustack(raw) == ustack(raw), ustack(2) == ustack(3)] = count();
    }}"""
    output = seismo(script, f"{chain} 500")
    assert re.findall(r", chain\]: (\d+)$", output, re.MULTILINE) == ["500"]
    assert "@same[true, true, false]: 500\n" in output
    assert re.search(r"^@last: \n {8}inner\+\d+\n", output, re.MULTILINE)


def test_keys_of_different_depth_are_different(chain: Path) -> None:
    output = seismo(
        f"{AT_GETPPID} {{ @[ustack(8)] = count(); @n[len(ustack(8))] = count(); }}", f"{chain} 7 3"
    )
    assert frames(output)[:6] == ["inner", "outer", "outer", "outer", "outer", "main"]
    assert "@n[7]: 7\n" in output
    assert output.count("]: 7\n") == 2


@pytest.mark.parametrize(
    ("depth", "limit", "length"), [(0, 2, 2), (50, 10, 10), (300, 127, 127), (0, 1024, 5)]
)
def test_the_limit_is_the_most_frames(chain: Path, depth: int, limit: int, length: int) -> None:
    script = f'{AT_GETPPID} {{ printf("%d %d\\n", len(ustack({limit})), stack_len(ustack(1))); }}'
    counts = seismo(script, f"{chain} 1 {depth}").split()
    assert counts[1] == "1"
    assert int(counts[0]) == length or (limit == 1024 and 3 <= int(counts[0]) <= 8)


@pytest.mark.usefixtures("kernel_stacks")
def test_stacks_of_variables_maps_and_branches(chain: Path) -> None:
    script = f"""config = {{ print_maps_on_exit = false }} {AT_GETPPID} {{
        $s = ustack(2); $s = ustack(1);
        $t = pid > 0 ? kstack(2) : kstack(1);
        @kept[1] = ustack(3);
        printf("%d %d %d %d\\n", len($s), len($t), len(@kept[1]), len(@kept));
        printf("%s|%s|", $s, @kept[1]);
    }}"""
    output = seismo(script, str(chain))
    counts, _, stacks = output.partition("\n")
    assert counts == "1 2 3 1"
    first, second, _ = stacks.split("|")
    assert (frames(first), frames(second)) == (["inner"], ["inner", "outer", "main"])


def test_stack_mode_is_a_setting(chain: Path) -> None:
    script = f"config = {{ stack_mode = perf }} {AT_GETPPID} {{ print(ustack(1)); }}"
    assert re.search(r"^\t[0-9a-f]+ inner\+\d+ ", seismo(script, str(chain)), re.MULTILINE)


def test_json_has_stacks_as_text(chain: Path) -> None:
    script = f"{AT_GETPPID} {{ print(ustack(1)); @[ustack(1)] = 5; }}"
    output = seismo(script, str(chain), "-f", "json")
    value, entries = map(json.loads, output.splitlines())
    assert re.fullmatch(r"\n {8}inner\+\d+\n", value["data"])
    assert entries == {"type": "map", "data": {"@": {value["data"]: 5}}}


def test_the_image_before_an_exec_is_known(folder: Path, chain: Path) -> None:
    source = (
        CALLS
        + r"""
    __attribute__((noinline)) long before(void) { return enter() + 1; }
    int main(int argc, char **argv) {
        long sum = before();
        execl(argv[1], argv[1], (char *)0);
        return sum == 0;
    }
    """
    )
    program = build(folder, "execs", source, "-no-pie")
    output = seismo(f"{AT_GETPPID} {{ @[ustack(2)] = count(); }}", f"{program} {chain}")
    named = [frames(one) for one in output.split("@[")[1:]]
    assert sorted(named) == [["before", "main"], ["inner", "outer"]]


def test_a_childs_calls_are_named(folder: Path) -> None:
    source = (
        CALLS
        + r"""
    #include <sys/wait.h>
    __attribute__((noinline)) long in_child(void) { return enter() + 1; }
    int main(void) {
        if (fork() == 0) _exit(in_child() == 0);
        return wait(0) < 0;
    }
    """
    )
    program = build(folder, "forks", source)
    script = 'tracepoint:syscalls:sys_enter_getppid /comm == "forks"/ { @[ustack(2)] = count(); }'
    assert frames(seismo(script, str(program))) == ["in_child", "main"]


def test_libraries_are_known_from_when_they_are_opened(folder: Path) -> None:
    library = build(
        folder, "late.so", CALLS + "long late(void) { return enter() + 1; }", "-shared", "-fPIC"
    )
    source = (
        CALLS
        + r"""
    int main(int argc, char **argv) {
        long (*late)(void) = (long (*)(void))dlsym(dlopen(argv[1], RTLD_NOW), "late");
        return late() == 0;
    }
    """
    )
    program = build(folder, "opens", source)
    script = f"{AT_GETPPID} {{ print(ustack(perf, 2)); }}"
    output = seismo(script, f"{program} {library}")
    assert frames(re.sub(r" \(.*\)|\t[0-9a-f]+ ", "", output)) == ["late", "main"]
    assert f"({library})" in output


def stack_of(traced: subprocess.Popen[bytes], change: Callable[[], object]) -> str:
    """The stack of a process that calls when its input says so, and may `change` before."""
    script = "tracepoint:syscalls:sys_enter_getppid /pid == $1/ { @[ustack(3)] = count(); }"
    options = ("-p", str(traced.pid), "-e", script, str(traced.pid))
    change()
    with subprocess.Popen(
        [sys.executable, "-m", "seismo", "-q", *options],
        env=os.environ | {"__BPFTRACE_NOTIFY_PROBES_ATTACHED": "1"},
        stdout=subprocess.PIPE,
        text=True,
    ) as tracer:
        assert tracer.stdout and tracer.stdout.readline()
        traced.communicate(b"x")
        return tracer.communicate(timeout=60)[0]


WAITING = CHAIN.replace("long sum = 0;", 'long sum = (puts(""), fflush(stdout), getchar());')


def test_a_program_that_was_deleted_is_known(folder: Path) -> None:
    program = build(folder, "vanishes", WAITING)
    with subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as traced:
        output = stack_of(traced, program.unlink)
    assert frames(output) == ["inner", "outer", "main"]


def test_a_program_of_another_mount_namespace_is_known(folder: Path) -> None:
    program, point = build(folder, "inside", WAITING), folder / "mount"
    point.mkdir()
    inside = f"mount -t tmpfs none {point} && cp {program} {point}/program && exec {point}/program"
    command = ["unshare", "--mount", "sh", "-c", inside]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as traced:
        assert traced.stdout and traced.stdout.readline() == b"\n"
        output = stack_of(traced, program.unlink)
    assert frames(output) == ["inner", "outer", "main"]
    assert not list(point.iterdir())


def test_symbols_may_be_in_a_separate_file(folder: Path) -> None:
    program = build(folder, "stripped", CHAIN, "-g")
    debug = folder / "stripped.debug"
    subprocess.run(["objcopy", "--only-keep-debug", program, debug], check=True)
    subprocess.run(["strip", program], check=True)
    subprocess.run(["objcopy", f"--add-gnu-debuglink={debug}", program], check=True, cwd=folder)
    output = seismo(f"{AT_GETPPID} {{ @[ustack(3)] = count(); }}", str(program))
    assert frames(output) == ["inner", "outer", "main"]


def test_names_of_cpp_are_as_they_were_written(folder: Path) -> None:
    source = (
        CALLS
        + r"""
    namespace deep {
    struct Thing { __attribute__((noinline)) long dive(int by) { return enter() + by; } };
    }
    int main() { deep::Thing thing; return thing.dive(1) + 1 == 0; }
    """
    )
    program = build(folder, "plusplus", source, "-x", "c++")
    output = seismo(f"{AT_GETPPID} {{ print(ustack(2)); }}", str(program))
    assert frames(output) == ["deep::Thing::dive(int)", "main"]


def test_generated_code_is_named_by_its_compiler(folder: Path) -> None:
    # mov eax, 110 (getppid); syscall; ret
    source = (
        CALLS
        + r"""
    int main(void) {
        char code[] = "\xb8\x6e\x00\x00\x00\x0f\x05\xc3", path[64];
        char *page = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        memcpy(page, code, sizeof code);
        mprotect(page, 4096, PROT_READ | PROT_EXEC);
        snprintf(path, sizeof path, "/tmp/perf-%d.map", getpid());
        FILE *map = fopen(path, "w");
        fprintf(map, "%lx 8 made:now\n", (unsigned long)page);
        fclose(map);
        puts(path);
        return ((long (*)(void))page)() == 0;
    }
    """
    )
    program = build(folder, "compiles", source)
    output = seismo(f"{AT_GETPPID} {{ @[ustack(1)] = count(); }}", str(program))
    Path(re.findall(r"^/tmp/perf-\d+\.map$", output, re.MULTILINE)[0]).unlink()
    assert "@[\n        made:now+7\n]: 1\n" in output


@pytest.mark.usefixtures("kernel_stacks")
def test_the_kernels_stack_ends_in_the_system_call(chain: Path) -> None:
    output = seismo(f"{AT_GETPPID} {{ @[kstack] = count(); @p[kstack(perf)] = 1; }}", str(chain))
    plain = frames(output.partition("@p")[0])
    assert plain[-2:] == ["do_syscall_64", "entry_SYSCALL_64_after_hwframe"]
    modules = Counter(re.findall(r"\(\[(.*)\]\)$", output, re.MULTILINE))
    assert modules == {"kernel.kallsyms": len(plain)}


def test_a_kernel_stack_at_a_raw_tracepoint() -> None:
    done = run_script(
        f"rawtracepoint:sys_enter /pid == {os.getpid()}/ {{ @[len(kstack) > 2] = count(); }}",
        os.getppid,
    )
    assert re.fullmatch(r"\s*@\[true\]: \d+\s*", done.output)
    assert "had no frames" not in done.errors


@pytest.mark.usefixtures("no_kernel_stacks")
def test_a_kernel_stack_without_frames_is_told() -> None:
    done = run_script(
        "tracepoint:syscalls:sys_enter_getppid { @[kstack] = count(); }",
        os.getppid,
        filter=TaskFilter(os.getpid()),
    )
    assert "1 stack of the kernel had no frames" in done.errors
    assert "rawtracepoint:sys_enter has them" in done.errors


def test_a_bpf_program_has_a_name() -> None:
    script = "BEGIN { print(kstack); exit(); }"
    done = subprocess.run(
        [sys.executable, "-m", "seismo", "-e", script], capture_output=True, text=True, timeout=60
    )
    first, *rest = frames(done.stdout)
    assert re.fullmatch(r"bpf_prog_[0-9a-f]{16}_0_begin", first)
    assert "__sys_bpf" in rest


def test_nothing_stays_open() -> None:
    before = open_fds()
    ran = run_script("BEGIN { print(ustack(2)); @[ustack, kstack] = count(); print(usym(1)); }")
    assert "\n0x1\n" in ran.output
    assert open_fds() == before
