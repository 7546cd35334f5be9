"""Stacks of small C programs that keep no frame pointers."""

from __future__ import annotations

import json
import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from stack_programs import (
    AT_GETPPID,
    CALLS,
    CHAIN,
    WITHOUT_POINTERS,
    build,
    frames,
    seismo,
)

from script_runs import run_script
from seismo.kernel.fd import open_fds

pytestmark = pytest.mark.kernel

ALLOWED = "config = { unstable_dw_ustack = enable }"
AT_CALL = f"{ALLOWED} {AT_GETPPID}"
PAGE, FRAME = 4096, 16  # of `outer`: a return address, and what aligns the next


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("samples")


def bare(folder: Path, name: str, source: str, *flags: str) -> Path:
    """A program without frame pointers."""
    return build(folder, name, source, *flags, how=WITHOUT_POINTERS)


@pytest.fixture(scope="module")
def chain(folder: Path) -> Path:
    return bare(folder, "chain", CHAIN)


def stacks(text: str) -> list[list[str]]:
    """The symbols of each stack in a text, without offsets."""
    return [named for part in re.split(r"\n\n+", text) if (named := frames(part))]


@pytest.mark.parametrize("flags", [("-pie", "-fPIE"), ("-no-pie",), ("-static",)], ids=str)
def test_all_calls_up_to_the_programs_start_are_named(folder: Path, flags: tuple[str, ...]) -> None:
    program = bare(folder, f"chain{'_'.join(flags)}", CHAIN, *flags)
    named = frames(seismo(f"{AT_CALL} {{ print(dw_ustack); }}", str(program)))
    assert named[:3] == ["inner", "outer", "main"]
    assert named[-1] == "_start"


def test_where_a_function_begins_and_returns(chain: Path) -> None:
    script = f"""{ALLOWED}
        uprobe:{chain}:inner {{ printf("%s", dw_ustack(3)); }}
        uretprobe:{chain}:inner {{ printf("|%s", dw_ustack(2)); }}"""
    entered, returned = seismo(script, str(chain)).split("|")
    assert frames(entered) == ["inner", "outer", "main"]
    assert "        inner+0\n" in entered
    assert frames(returned) == ["outer", "main"]


def test_through_a_library_that_calls_back(folder: Path) -> None:
    source = (
        CALLS
        + r"""
    static int compare(const void *a, const void *b) {
        return enter() * 0 + *(const int *)a - *(const int *)b;
    }
    __attribute__((noinline)) int sorts(int *two) {
        qsort(two, 2, sizeof(int), compare);
        return two[0];
    }
    int main(void) { int two[2] = {2, 1}; return sorts(two) - 1; }
    """
    )
    named = frames(seismo(f"{AT_CALL} {{ print(dw_ustack); }}", str(bare(folder, "sort", source))))
    assert (named[0], named[-1]) == ("compare", "_start")
    assert named.index("compare") + 1 < named.index("sorts") == named.index("main") - 1


def test_through_the_handler_of_a_signal(folder: Path) -> None:
    source = (
        CALLS
        + r"""
    #include <signal.h>
    static long sum;
    void handler(int number) { sum += enter() + number; }
    __attribute__((noinline)) long raises(void) { raise(SIGUSR1); return sum + 1; }
    int main(void) { signal(SIGUSR1, handler); return raises() == 0; }
    """
    )
    named = frames(seismo(f"{AT_CALL} {{ print(dw_ustack); }}", str(bare(folder, "sig", source))))
    assert named[0] == "handler"
    assert named[-1] == "_start"
    assert named.index("raises") == named.index("main") - 1 > 1


def test_what_is_deeper_than_what_was_copied_is_not_seen(chain: Path) -> None:
    output = seismo(f"{AT_CALL} {{ print(dw_ustack(1024)); }}", f"{chain} 1 5000")
    inner, *deeper = frames(output)
    assert inner == "inner"
    assert set(deeper) == {"outer"}
    assert 3 * PAGE // FRAME - 1 <= len(deeper) <= 4 * PAGE // FRAME


def test_what_the_copied_bytes_hold_is_whole(chain: Path) -> None:
    named = frames(seismo(f"{AT_CALL} {{ print(dw_ustack(1024)); }}", f"{chain} 1 600"))
    assert Counter(named)["outer"] == 601
    assert named[-1] == "_start"


def test_with_frame_pointers_it_is_what_ustack_says(folder: Path) -> None:
    program = build(folder, "pointers", CHAIN)
    script = f'{AT_CALL} {{ printf("%s|%s", ustack(raw, 23), dw_ustack(raw, 23)); }}'
    one, other = seismo(script, f"{program} 1 20").split("|")
    assert one.split() == other.split()
    assert len(one.split()) == 23


def test_the_limit_and_the_mode_are_as_those_of_ustack(chain: Path) -> None:
    script = (
        f'{AT_CALL} {{ printf("%s|%s|%s", dw_ustack(2), dw_ustack(perf, 2), dw_ustack(raw)); }}'
    )
    plain, perf, raw = seismo(script, str(chain)).split("|")
    assert frames(plain) == ["inner", "outer"]
    lines = re.findall(r"^\t([0-9a-f]+) (\w+)\+\d+ \((.*)\)$", perf, re.MULTILINE)
    assert [(name, module) for _, name, module in lines] == [
        ("inner", str(chain)),
        ("outer", str(chain)),
    ]
    assert raw.split()[:2] == [address for address, _, _ in lines]
    assert len(raw.split()) > 4


def test_json_and_tuples(chain: Path) -> None:
    script = f"{AT_CALL} {{ print(dw_ustack(1)); print((7, dw_ustack(1))); }}"
    one, two = map(json.loads, seismo(script, str(chain), "-f", "json").splitlines())
    assert re.fullmatch(r"\n {8}inner\+\d+\n", one["data"])
    assert two["data"] == [7, one["data"]]


def test_each_thread_has_its_own(folder: Path) -> None:
    source = (
        CALLS
        + r"""
    #include <pthread.h>
    __attribute__((noinline)) long inner(long number) { return enter() + number; }
    #define THREAD(name) \
        __attribute__((noinline)) long in_##name(long n) { return inner(n) + sizeof(#name); } \
        void *name(void *p) { \
            long sum = 0; \
            for (int count = 0; count < 25; count++) sum += in_##name((long)p); \
            return (void *)sum; \
        }
    THREAD(red) THREAD(green) THREAD(blue)
    int main(void) {
        pthread_t threads[3];
        void *(*starts[])(void *) = {red, green, blue};
        for (int i = 0; i < 3; i++) pthread_create(&threads[i], 0, starts[i], 0);
        for (int i = 0; i < 3; i++) pthread_join(threads[i], 0);
        return 0;
    }
    """
    )
    program = bare(folder, "threads", source, "-pthread")
    found = stacks(seismo(f"{AT_CALL} {{ print(dw_ustack(3)); }}", str(program)))
    assert Counter(map(tuple, found)) == {
        ("inner", f"in_{name}", name): 25 for name in ("red", "green", "blue")
    }


def run_by_name(script: str, *command: object, **options: object) -> tuple[str, str]:
    """What the script prints of a program that has ended before anything is printed."""
    before = open_fds()
    ran = run_script(
        f'{ALLOWED} tracepoint:syscalls:sys_enter_getppid /comm == "chain"/ {{ {script} }}',
        lambda: subprocess.run([str(one) for one in command], check=True),
        **options,
    )
    assert open_fds() == before
    return ran.output, ran.errors


def test_a_process_that_has_ended_is_known(chain: Path) -> None:
    output, errors = run_by_name("print(dw_ustack(3));", chain)
    assert (frames(output), errors) == (["inner", "outer", "main"], "")


def test_what_finds_no_room_is_counted(chain: Path) -> None:
    output, errors = run_by_name("print(dw_ustack(1));", chain, 300, ring_bytes=1 << 18)
    (lost,) = re.findall(r"events lost in all: (\d+)", errors)
    assert int(lost) > 0
    assert len(stacks(output)) + int(lost) == 300


def test_several_in_one_record(chain: Path) -> None:
    """More than a program's own memory can hold: they are made where they are sent from."""
    output, errors = run_by_name(
        'printf("%s%s%s", dw_ustack(1), dw_ustack(2), dw_ustack(3));', chain
    )
    assert (frames(output), errors) == (
        ["inner", *["inner", "outer"], *["inner", "outer", "main"]],
        "",
    )


def test_a_last_stack_takes_the_room_of_its_frames_alone(chain: Path) -> None:
    """Whole, they would be 8 KiB each, and the ring is full after 31 of them."""
    script = 'printf("%s", kstack(1024)); printf("%s", ustack(1024));'
    output, errors = run_by_name(script, chain, 200, ring_bytes=1 << 18)
    assert output.count("        inner+") == 200
    # Some kernels show none of their own stack here, and that is told.
    assert errors == "" or ("lost" not in errors.lower() and "had no frames" in errors)


@pytest.mark.parametrize(("is_plain", "name"), [(False, "foo()"), (True, "_Z3foov")])
def test_names_of_cpp_are_shown_as_the_setting_says(
    folder: Path, is_plain: bool, name: str
) -> None:
    source = (
        CALLS
        + r"""
    long foo(void) __asm__("_Z3foov");
    __attribute__((noinline)) long foo(void) { return enter() + 1; }
    int main(void) { return foo() == 0; }
    """
    )
    program = bare(folder, f"cpp{is_plain:d}", source)
    setting = f"cpp_demangle = {str(not is_plain).lower()};"
    script = f"{AT_CALL} {{ print(dw_ustack(1)); }}".replace("{ unst", f"{{ {setting} unst", 1)
    assert frames(seismo(script, str(program))) == [name]
