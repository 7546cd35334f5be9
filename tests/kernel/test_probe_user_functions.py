"""Uprobes and uretprobes on programs that these tests compile: each call counted, none else."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from seismo.elf.open import open_binary
from traced_programs import WaitingProgram, printed_maps, seismo
from user_programs import CALLS_CPP, TARGET, compile_program, has_cpp, line_of

pytestmark = pytest.mark.kernel

CALLS = 37
LIBRARY = """
__attribute__((noinline)) int shared(int value) { return value + 1; }
"""
LOADER = """
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
int main(int argc, char **argv) {
    int (*shared)(int) = (int (*)(int))dlsym(dlopen(argv[2], RTLD_NOW), "shared");
    for (int i = 0; i < atoi(argv[1]); i++) { shared(i); puts(""); }
}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("functions")


@pytest.fixture(scope="module")
def program(folder: Path) -> Path:
    return compile_program(folder / "target.c", TARGET)


@pytest.fixture
def waiting(program: Path) -> Iterator[WaitingProgram]:
    """The program, which calls its functions when it is told to."""
    with WaitingProgram([str(program), str(CALLS), "wait"]) as started:
        yield started


def maps_of(script: str, program: Path, *arguments: str) -> dict[str, int]:
    """The maps that a script prints after the program has run to its end."""
    command = " ".join([str(program), str(CALLS), *arguments])
    return printed_maps(seismo("-e", script, "-c", command))


def lines_of(script: str, command: str) -> list[str]:
    """What a script prints with printf while a command runs."""
    return seismo("-e", script, "-c", command).stdout.rstrip("\n").split("\n")


def test_each_call_and_each_return(program: Path) -> None:
    script = f"""
        uprobe:{program}:add {{ @enter = count(); @sum = sum(arg0); @last = arg1; }}
        uretprobe:{program}:add {{ @leave = count(); @back = sum(retval); }}
    """
    last = CALLS - 1
    assert maps_of(script, program) == {
        "@enter": CALLS,
        "@leave": CALLS,
        "@sum": sum(range(CALLS)),
        "@last": 10 * last,
        "@back": 11 * sum(range(CALLS)),
    }


def test_negative_results(program: Path) -> None:
    script = f"uretprobe:{program}:visit {{ @[(int32)retval] = count(); }}"
    assert maps_of(script, program) == {"@[-4]": CALLS}


@pytest.mark.parametrize("options", [(), ("-no-pie",), ("-static",), ("-static-pie",)])
def test_however_it_is_linked(options: tuple[str, ...], tmp_path: Path) -> None:
    program = compile_program(tmp_path / "linked.c", TARGET, *options)
    nm = subprocess.run(["nm", program], check=True, capture_output=True, text=True).stdout
    (address,) = [line.split()[0] for line in nm.splitlines() if line.endswith(" visit")]
    script = f"""
        uprobe:{program}:add {{ @name = count(); }}
        uprobe:{program}:0x{address} {{ @address = count(); }}
        uretprobe:{program}:hidden {{ @result = sum(retval); }}
    """
    results = sum(2 * one for one in range(CALLS))
    assert maps_of(script, program) == {"@name": CALLS, "@address": CALLS, "@result": results}


def test_an_offset(program: Path) -> None:
    """The second instruction of a function, as the disassembler tells it."""
    command = ["objdump", "-d", "--no-show-raw-insn", "--disassemble=add_three", str(program)]
    listing = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    addresses = [int(line.split(":")[0], 16) for line in listing.splitlines() if ":\t" in line]
    offset = addresses[1] - addresses[0]
    assert offset > 0
    script = f"uprobe:{program}:add_three+{offset} {{ @[probe] = count(); }}"
    assert maps_of(script, program) == {f"@[uprobe:{program}:add_three+{offset}]": CALLS}


def test_a_line(program: Path) -> None:
    line = line_of(TARGET, "the line of add")
    script = f"uprobe:{program}@target.c:{line} {{ @[probe] = count(); }}"
    assert maps_of(script, program) == {f"@[uprobe:{program}@target.c:{line}]": CALLS}


def test_wildcards_tell_their_function(program: Path) -> None:
    script = f"uprobe:{program}:add*,uprobe:{program}:hi[!x]den {{ @[probe] = count(); }}"
    names = [f"uprobe:{program}:{one}" for one in ("add", "add_three", "hidden")]
    assert maps_of(script, program) == {f"@[{one}]": CALLS for one in names}


def test_returns_tell_their_function(program: Path) -> None:
    script = f"uretprobe:{program}:add_*,uretprobe:{program}:hidden {{ @[func] = count(); }}"
    done = seismo("-e", script, "-c", f"{program} {CALLS}", check=False)
    if "does not tell a uretprobe its function" in done.stderr:
        pytest.skip("takes Linux 6.6")
    assert printed_maps(done) == {"@[add_three]": CALLS, "@[hidden]": CALLS}


def test_wildcards_without_a_link_for_many(program: Path) -> None:
    """Each by itself, where the kernel is told to have no uprobe_multi."""
    script = f"uprobe:{program}:add* {{ @[probe] = count(); }}"
    names = [f"uprobe:{program}:{one}" for one in ("add", "add_three")]
    expected = {f"@[{one}]": CALLS for one in names}
    command = f"{program} {CALLS}"
    done = seismo("--no-feature", "uprobe_multi", "-e", script, "-c", command)
    assert printed_maps(done) == expected


def test_typed_arguments(program: Path) -> None:
    script = f"""
        uprobe:{program}:add_three {{ printf("%d %d %d\\n", args.one, args.two, args.three); }}
        uprobe:{program}:visit {{
            $next = args.first.next;
            printf("%d %s %s %d %d %d %c\\n", args.first.x, args.first.name,
                   str(args.first.label), args.first.low, args.first.high,
                   args.first.number, args.first.letter);
            printf("%d %s %d %d %d %c\\n", $next.y, str($next->label), $next.next == 0,
                   args.at.row, args.at.column, args.c);
        }}
    """
    assert lines_of(script, f"{program} 1") == [
        "-1 65535 1",
        "3 one first 5 17 65 A",
        "40 second 1 21 22 c",
    ]


def test_a_typed_list_is_walked(program: Path) -> None:
    script = f"""uprobe:{program}:visit {{
        $point = args.first;
        $sum = 0;
        for $i : 0..8 {{
            if ($point == 0) {{ break; }}
            $sum += $point.x;
            $point = $point.next;
        }}
        printf("%d\\n", $sum);
    }}"""
    assert lines_of(script, f"{program} 1") == ["33"]


@pytest.mark.parametrize("options", [(), ("-no-pie",)])
def test_uaddr(options: tuple[str, ...], tmp_path: Path) -> None:
    program = compile_program(tmp_path / "variable.c", TARGET, *options)
    script = f"""uprobe:{program}:visit {{
        printf("%d %d\\n", *uaddr("total"), *uaddr("sink") == *(int64 *)uaddr("sink"));
    }}"""
    assert lines_of(script, f"{program} 2") == ["5 1", "5 1"]


@pytest.mark.skipif(not has_cpp(), reason="needs g++")
def test_names_of_cpp(folder: Path) -> None:
    program = compile_program(folder / "calls.cpp", CALLS_CPP)
    both = f'uprobe:{program}:cpp:"shapes::area" {{ @both = count(); }}'
    one = f'uprobe:{program}:cpp:"shapes::area(int)" {{ @one = count(); }}'
    method = f"uprobe:{program}:shapes::Box::volume {{ @method = sum(arg1); }}"
    wild = f'uprobe:{program}:cpp:"*twice*" {{ @wild[probe] = count(); }}'
    assert maps_of(f"{both} {one} {method} {wild}", program) == {
        "@both": 2 * CALLS,
        "@one": CALLS,
        "@method": 4 * CALLS,
        f"@wild[uprobe:{program}:_ZN6shapes5twiceIiEET_S1_]": CALLS,
        f"@wild[uprobe:{program}:_ZN6shapes5twiceIlEET_S1_]": CALLS,
    }


def test_libraries(folder: Path) -> None:
    """One that is loaded at run time, and one by its name."""
    library = compile_program(folder / "libshared.c", LIBRARY, "-shared", "-fPIC")
    loader = compile_program(folder / "loader.c", LOADER)
    script = f"""
        uprobe:{library}:shared {{ @calls = count(); @sum = sum(arg0); }}
        uprobe:libc:puts /pid == cpid/ {{ @puts = count(); }}
    """
    assert maps_of(script, loader, str(library)) == {
        "@calls": CALLS,
        "@sum": sum(range(CALLS)),
        "@puts": CALLS,
    }


def test_only_the_process_of_p(waiting: WaitingProgram, program: Path) -> None:
    """Another process of the same program is not seen."""
    script = f"uprobe:{program}:add,uretprobe:{program}:hidden {{ @[probetype] = count(); }}"
    with waiting.traced("-e", script, "-p", str(waiting.pid)) as tracer:
        subprocess.run([program, "5"], check=True)
        waiting.go()
        waiting.end()
        assert tracer.maps() == {"@[uprobe]": CALLS, "@[uretprobe]": CALLS}


@pytest.mark.parametrize("target", ["add*", ":add*", "*:add*", "tar*:add*"])
def test_files_of_the_process_of_p(waiting: WaitingProgram, program: Path, target: str) -> None:
    """The program of the process where no file is written, all that it has mapped for `*`."""
    script = f"uprobe:{target} {{ @[probe] = count(); }}"
    with waiting.traced("-e", script, "-p", str(waiting.pid)) as tracer:
        waiting.go()
        waiting.end()
        found = tracer.maps()
    names = [f"@[uprobe:{program}:{one}]" for one in ("add", "add_three")]
    assert {name: found.get(name) for name in names} == dict.fromkeys(names, CALLS)


def test_another_mount_namespace(program: Path, tmp_path: Path) -> None:
    """The file that the process sees at a path, where we see another, or none."""
    place = tmp_path / "inside"
    place.mkdir()
    setup = f"mount -t tmpfs none {place} && cp {program} {place}/ && exec {place}/target {CALLS} w"
    with WaitingProgram(["unshare", "-m", "sh", "-c", setup]) as waiting:
        waiting.wait_for_program("target")
        assert not (place / "target").exists()
        script = f"uprobe:{place}/target:add {{ @ = count(); }}"
        with waiting.traced("-e", script, "-p", str(waiting.pid)) as tracer:
            waiting.go()
            waiting.end()
            assert tracer.maps() == {"@": CALLS}


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("visti", "has no function 'visti'"),
        ("total", "is data, no function"),
        ("chosen", "is chosen among several functions when a program starts"),
        ("add+4096", "bytes, so none at +0x1000"),
    ],
)
def test_mistakes_are_told_with_their_place(program: Path, place: str, message: str) -> None:
    done = seismo("-e", f"uprobe:{program}:{place} {{ @ = count(); }}", check=False)
    assert done.returncode == 1
    assert message in done.stderr
    assert "hint: " in done.stderr
    assert f"uprobe:{program}:{place}" in done.stderr


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    """A function's first byte is a breakpoint while it is traced, and itself before and after."""
    program = compile_program(tmp_path / "fixed.c", TARGET, "-no-pie")
    binary = open_binary(str(program))
    address = binary.symbols.find("add").address
    offset = binary.offset_of("add")
    own = program.read_bytes()[offset : offset + 1]
    script = f"uprobe:{program}:add,uretprobe:{program}:add {{ @ = count(); }}"
    with WaitingProgram([str(program), str(CALLS), "wait"]) as waiting:
        waiting.wait_for_program("fixed")
        assert waiting.memory(address, 1) == own
        with waiting.traced("-e", script, "-p", str(waiting.pid)) as tracer:
            assert waiting.memory(address, 1) != own
            tracer.interrupt()
            assert tracer.maps() == {}
        assert waiting.memory(address, 1) == own
        waiting.go()
        waiting.end()
