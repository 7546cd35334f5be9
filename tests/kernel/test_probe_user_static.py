"""Static probes of programs that these tests compile: each hit counted, each argument as it was."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from traced_programs import WaitingProgram, printed_maps, seismo
from user_programs import STATIC_PROBES, compile_program

pytestmark = pytest.mark.kernel

CALLS = 29


@pytest.fixture(scope="module", params=[(), ("-no-pie",), ("-static",)], ids=" ".join)
def program(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("static")
    return compile_program(folder / "shop.c", STATIC_PROBES, *request.param)


@pytest.fixture
def waiting(program: Path) -> Iterator[WaitingProgram]:
    with WaitingProgram([str(program), str(CALLS), "wait"]) as started:
        yield started


def maps_of(script: str, program: Path) -> dict[str, int]:
    return printed_maps(seismo("-e", script, "-c", f"{program} {CALLS}"))


def lines_of(script: str, program: Path, calls: int) -> list[str]:
    """What a script prints while the program runs, which prints its semaphore itself."""
    done = seismo("-e", script, "-c", f"{program} {calls}")
    return done.stdout.rstrip("\n").split("\n")


def test_arguments_wherever_they_are(program: Path) -> None:
    """In registers, memory and a variable, constant and negative."""
    script = f"""usdt:{program}:sale {{
        printf("%d %d %d %d %d\\n", arg0, arg1, arg2, arg3, arg4);
    }}"""
    lines = [line for line in lines_of(script, program, 3) if " " in line]
    assert lines == [f"{100 + i} {i} {-i} -7 {1000 + i}" for i in range(3)]


def test_sites_that_keep_their_arguments_apart(program: Path) -> None:
    script = f"usdt:{program}:shop:moved {{ @[arg0] = count(); @sum = sum(arg0); }}"
    maps = maps_of(script, program)
    assert maps.pop("@sum") == sum(2 * i + 10 - 3 for i in range(CALLS))
    wanted = [one for i in range(CALLS) for one in (i, 10 + i, -3)]
    assert maps == {f"@[{one}]": wanted.count(one) for one in wanted}


@pytest.mark.parametrize("disabled", ["uprobe_multi", "kprobe_multi"])
def test_with_and_without_uprobe_multi(program: Path, disabled: str) -> None:
    script = f"usdt:{program}:shop:moved {{ @ = sum(arg0); }}"
    done = seismo("--no-feature", disabled, "-e", script, "-c", f"{program} {CALLS}")
    assert printed_maps(done) == {"@": sum(2 * i + 10 - 3 for i in range(CALLS))}


def test_semaphores_are_raised_while_traced(program: Path) -> None:
    """The program skips the probe where nobody traces it, and prints its semaphore at its end."""
    assert subprocess.run([program, "1"], capture_output=True, check=True).stdout == b"0\n"
    script = f"usdt:{program}:guarded {{ @ = sum(arg0); }}"
    done = seismo("-e", script, "-c", f"{program} {CALLS}")
    assert printed_maps(done) == {"@": sum(range(CALLS))}
    assert "1" in done.stdout.split("\n")
    assert subprocess.run([program, "1"], capture_output=True, check=True).stdout == b"0\n"


def test_semaphores_are_lowered_again(waiting: WaitingProgram, program: Path) -> None:
    script = f"usdt:{program}:guarded {{ @ = count(); }}"
    with waiting.traced("-e", script, "-p", str(waiting.pid)) as tracer:
        tracer.interrupt()
        assert tracer.maps() == {}
    assert waiting.go() == "0"
    waiting.end()


def test_wildcards(program: Path) -> None:
    script = f"usdt:{program}:*:twin,usdt:{program}:pl* {{ @[probe] = count(); }}"
    names = ("shop:twin", "store:twin", "shop:plain")
    assert maps_of(script, program) == {f"@[usdt:{program}:{one}]": CALLS for one in names}


def test_probe_and_arguments_of_a_wildcard(program: Path) -> None:
    script = f"usdt:{program}:shop:[sm]* {{ @[probe] = sum((int64)arg0); }}"
    assert maps_of(script, program) == {
        f"@[usdt:{program}:shop:sale]": sum(100 + i for i in range(CALLS)),
        f"@[usdt:{program}:shop:moved]": sum(2 * i + 10 - 3 for i in range(CALLS)),
    }


@pytest.mark.parametrize("target", ["usdt:plain", "usdt:*:plain", "usdt::plain", "usdt:*:shop:pl*"])
def test_files_of_the_process_of_p(waiting: WaitingProgram, program: Path, target: str) -> None:
    script = f"{target} {{ @[probe] = count(); }}"
    with waiting.traced("-e", script, "-p", str(waiting.pid)) as tracer:
        subprocess.run([program, "5"], check=True, capture_output=True)
        waiting.go()
        waiting.end()
        assert tracer.maps() == {f"@[usdt:{program}:shop:plain]": CALLS}


def test_uaddr(program: Path) -> None:
    script = f'usdt:{program}:sale {{ @[*uaddr("global_count") == arg4] = count(); }}'
    maps = [line for line in lines_of(script, program, CALLS) if line.startswith("@")]
    assert maps == [f"@[true]: {CALLS}"]


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("usdt:FILE:sail { @ = count(); }", "no static probe 'sail' in "),
        ("usdt:FILE:twin { @ = count(); }", "several providers have a static probe 'twin'"),
        ("usdt:FILE:plain { print(arg0); }", "this static probe has no arg0"),
        ("usdt:FILE:guarded { print(args); }", "there are no args in a probe of kind usdt"),
    ],
)
def test_mistakes(program: Path, script: str, message: str) -> None:
    done = seismo("-e", script.replace("FILE", str(program)), check=False)
    assert done.returncode == 1
    assert message in done.stderr
    assert "hint: " in done.stderr
