"""The command: where scripts come from, options, exit codes, tests, benchmarks, layout."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from language_cases import command

pytestmark = [pytest.mark.kernel, pytest.mark.slow]

ONE = "BEGIN { print(1) }"

# Timers go on until the exit has been acted on.
ONCE = "{ if (!@n) { print(1) } @n = 1; exit() } END { clear(@n) }"

PRINTS: dict[str, tuple[list[str], str]] = {
    "a program": (["-e", ONE], "1"),
    "parameters": (["-e", "BEGIN { print(($1, $2, $#)) }", "word", "7"], "(word, 7, 2)"),
    "options of the script": (
        ["-e", 'BEGIN { print((getopt("n", 5), getopt("b"), $1)) }', "a", "--", "--n=7", "--b"],
        "(7, true, a)",
    ),
    "parameters on both sides": (["-e", "BEGIN { print(($1, $2)) }", "p1", "--", "20"], "(p1, 20)"),
    "an option of the script's that is an option of ours": (
        ["-e", 'BEGIN { print(getopt("quiet")) }', "--", "--quiet"],
        "true",
    ),
    "buffers": (["-B", "full", "-e", ONE], "1"),
    "no buffers": (["-B", "none", "-e", ONE], "1"),
    "-b does nothing": (["-b", "-e", ONE], "1"),
    "tests do not run": (["-e", f"test:t {{ print(9) }} bench:b {{ print(8) }} {ONE}"], "1"),
    "unsafe": (["--unsafe", "-e", 'BEGIN { system("echo %s", "hi") }'], "hi"),
    "nothing but a look at it": (["--dry-run", "-e", ONE], ""),
    "codegen": (["--mode", "codegen", "-e", ONE], ""),
    "an interval": (["-e", f"i:ms:5 {ONCE}"], "1"),
    "an interval without a unit": (["-e", f"interval:5ms {ONCE}"], "1"),
    "an interval by rate": (["-e", f"interval:hz:100 {ONCE}"], "1"),
    "an interval in microseconds": (["-e", f"i:us:5000 {ONCE}"], "1"),
    "a command": (
        ["-c", "/bin/true", "-e", "BEGIN { print((cpid > 0, has_cpid)) }"],
        "(true, true)",
    ),
    "a missing probe is ignored": (
        ["-e", f"config = {{ missing_probes = ignore }} t:nope:nope {{ }} {ONE}"],
        "1",
    ),
}

FAILS = {
    "no argument": ([], 1, "give one of"),
    "an unknown option": (["--nope"], 1, "unrecognized arguments: --nope"),
    "no such file": (["no-such-file.bt"], 1, "cannot read the script no-such-file.bt"),
    "an empty program": (["-e", ""], 1, "the script has no probe"),
    "a mistake": (
        ["-e", "BEGIN { print($x) }"],
        1,
        "stdin:1:15: error: $x is used before it is set",
    ),
    "no probe of that name": (["-e", "t:nope:nope { }"], 1, "there is no tracepoint 'nope:nope'"),
    "no probe matches": (["-e", "t:sched:nope* { }"], 1, "no tracepoint matches 'sched:nope*'"),
    "unsafe": (["-e", 'BEGIN { system("true") }'], 1, "hint: allow it with --unsafe"),
    "an option of the script's": (["-e", ONE, "--", "--n=1"], 1, "the script has no option --n"),
    "a format": (["-f", "xml", "-e", ONE], 1, "invalid choice: 'xml'"),
    "a buffering": (["-B", "some", "-e", ONE], 1, "invalid choice: 'some'"),
    "no such process": (["-p", "4194303", "-e", ONE], 1, "No such process"),
    "no such command": (["-c", "/no/such/program", "-e", ONE], 1, "/no/such/program"),
    "an interval of nothing": (["-e", "interval:0 { }"], 1, "an interval of 0 ns is too short"),
    "an unknown unit": (["-e", "interval:foo:1 { }"], 1, "'foo' is no unit of time"),
}

MESSY = 'BEGIN{print(1);/* c */$x=1;if($x==1){print("a")}else{print("b")}}\n'
NEAT = """BEGIN {
  print(1); /* c */
  $x = 1;
  if ($x == 1) {
    print("a");
  } else {
    print("b");
  }
}
"""


@pytest.mark.parametrize("name", PRINTS)
def test_prints(name: str) -> None:
    arguments, expected = PRINTS[name]
    done = command("-q", *arguments)
    assert (done.stdout.strip("\n"), done.stderr, done.returncode) == (expected, "", 0)


@pytest.mark.parametrize("name", FAILS)
def test_fails(name: str) -> None:
    arguments, code, message = FAILS[name]
    done = command(*arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert message in done.stderr


@pytest.mark.parametrize("code", [0, 1, 7, 255])
def test_exit_code(code: int) -> None:
    assert command("-q", "-e", f"BEGIN {{ exit({code}) }}").returncode == code


def test_a_script_from_standard_input_is_called_so() -> None:
    assert command("-q", "-", stdin=ONE).stdout == "1\n\n\n"
    assert command("-", stdin="BEGIN { $x }").stderr.startswith("stdin:1:9: error: ")


def test_a_script_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "script.bt"
    file.write_text("#!/usr/bin/env seismo\nBEGIN { print($1) }\n", encoding="utf-8")
    assert command("-q", str(file), "5").stdout == "5\n\n\n"
    file.write_text("BEGIN {\n  print($x)\n}", encoding="utf-8")
    assert command(str(file)).stderr.startswith(f"{file}:2:9: error: ")


def test_output_to_a_file(tmp_path: Path) -> None:
    file = tmp_path / "out"
    done = command("-q", "-o", str(file), "-e", ONE)
    assert (done.stdout, file.read_text(encoding="utf-8")) == ("", "1\n\n\n")


def test_headers(tmp_path: Path) -> None:
    (tmp_path / "own.h").write_text(
        "#define HERE 5\nstruct S { int x[HERE]; };\n", encoding="utf-8"
    )
    program = '#include "own.h"\nBEGIN { print((HERE, sizeof(struct S))) }'
    assert command("-q", "-I", str(tmp_path), "-e", program).stdout == "(5, 20)\n\n\n"
    included = ["-I", str(tmp_path), "--include", "own.h"]
    assert command("-q", *included, "-e", "BEGIN { print(HERE) }").stdout == "5\n\n\n"


def test_imports(tmp_path: Path) -> None:
    (tmp_path / "part.bt").write_text(
        "macro twice(x) { x * 2 }\nBEGIN { print(1) }\n", encoding="utf-8"
    )
    (tmp_path / "main.bt").write_text(
        'import "part.bt";\nBEGIN { print(twice(21)) }\n', encoding="utf-8"
    )
    assert command("-q", str(tmp_path / "main.bt")).stdout == "1\n42\n\n\n"


def test_settings_from_the_environment() -> None:
    program = "config = { max_strlen = 100 } BEGIN { print(config.max_strlen) }"
    done = command("-q", "-e", program, environ={"BPFTRACE_MAX_STRLEN": "50"})
    assert done.stdout == "50\n\n\n"


def test_help_for_the_script_s_options() -> None:
    program = 'BEGIN { print(getopt("count", 5, "how many")); print(getopt("fast")) }'
    done = command("-e", program, "--", "--help")
    assert done.returncode == 0
    assert "--count=NUMBER" in done.stdout
    assert "how many (default: 5)" in done.stdout
    assert "--fast" in done.stdout


def test_warnings_can_be_left_out() -> None:
    program = 'BEGIN { $i = 0; while ($i < 1) { $i++ } warnf("odd"); errorf("bad"); }'
    assert "odd" in command("-q", "-e", program).stderr
    silent = command("-q", "--no-warnings", "-e", program)
    assert silent.stderr == "stdin:1:55: ERROR: bad\n"


def test_failed_reads_are_told_as_they_happen() -> None:
    done = command("-q", "-k", "-e", "BEGIN { print(*(int32 *)5) }")
    assert done.stdout == "0\n\n\n"
    assert done.stderr.startswith("stdin:1:16: warning: probe_read_kernel returned -")


def test_missing_probes_are_told() -> None:
    program = f"config = {{ missing_probes = warn }} t:nope:nope {{ }} {ONE}"
    done = command("-e", program)
    assert (done.returncode, done.stdout) == (0, "1\n\n\n")
    assert done.stderr.startswith("stdin:1:36: warning: there is no tracepoint 'nope:nope'")


def test_tests() -> None:
    program = """test:fine { print("hidden") } test:wrong { print("shown"); return 1; }
    test:error { errorf("bad"); } test:exit { exit(1); } BEGIN { print("never") }"""
    done = command("--test", "-e", program)
    assert done.returncode == 1
    shown = re.sub(r"\([^)]*\)", "()", done.stdout)
    assert "[       OK ] fine ()" in shown
    for name in ("wrong", "error", "exit"):
        assert f"[  FAILED  ] {name} ()" in shown
    assert "shown" in done.stdout
    assert "hidden" not in done.stdout
    assert "never" not in done.stdout


def test_tests_that_all_pass() -> None:
    done = command("--test", "-e", "test:a { } test:b { if (1 == 2) { return 1; } }")
    assert done.returncode == 0
    assert "2 tests" in done.stdout


def test_tests_by_name_and_as_json() -> None:
    program = "test:one { } test:two { return 1; } test:tower { }"
    done = command("--test", "-f", "json", "--probe-filter", "^o|er$", "-e", program)
    assert done.returncode == 0
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    results = {name: one["passed"] for line in lines for name, one in line["data"].items()}
    assert results == {"one": True, "tower": True}


def test_benchmarks() -> None:
    program = "bench:counting { @a = count(); } bench:skipped { return 1; } BEGIN { print(9) }"
    done = command("--bench", "-f", "json", "-e", program)
    assert done.returncode == 0
    (line,) = done.stdout.splitlines()
    event = json.loads(line)
    assert event["type"] == "benchmark_result"
    (name, result) = next(iter(event["data"].items()))
    assert name == "counting"
    assert result["iters"] >= 1000
    assert result["average"] > 0


def test_layout(tmp_path: Path) -> None:
    file = tmp_path / "messy.bt"
    file.write_text(MESSY, encoding="utf-8")
    assert command("--fmt", str(file)).stdout == NEAT
    assert command("--mode", "format", str(file)).stdout == NEAT
    done = command("--fmt", str(file), "-o", str(file))
    assert (done.returncode, file.read_text(encoding="utf-8")) == (0, NEAT)
    assert command("--fmt", str(file)).stdout == NEAT


def test_two_probes_are_counted() -> None:
    assert command("-e", f"{ONE} END {{ }}").stderr == "Attached 2 probes\n"
