"""What scripts print, on the running kernel: one row for each thing that the language can do.

Every row is a BEGIN body (the kernel runs it once); what it prints must be exactly that.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from io import BytesIO

import pytest

from seismo.base.source import Source
from seismo.builtin.options import LowerOptions
from seismo.compiler import Inputs, compile_script
from seismo.kernel.live import LiveKernel
from seismo.kernel.tracefs import Tracefs
from seismo.output.text import TextSink
from seismo.session import Session
from seismo.views import LiveView

pytestmark = pytest.mark.kernel

PRINTS = {
    "decimal": (r'printf("%d\n", 42)', "42"),
    "hexadecimal and octal": (r'printf("%d %d %x\n", 0x1f, 010, 255)', "31 8 ff"),
    "exponent and separators": (r'printf("%d %d\n", 1e6, 1_000)', "1000000 1000"),
    "durations": (r'printf("%llu %llu\n", 1ms, 2s)', "1000000 2000000000"),
    "64 bits": (r'printf("%lld\n", 0x123456789abcdef)', "81985529216486895"),
    "32 bits without a length": (r'printf("%x\n", 0x12345678abcdef)', "78abcdef"),
    "negative": (r'printf("%d %lld\n", -7, -7)', "-7 -7"),
    "arithmetic": (r'printf("%d %d %d\n", 2 + 3 * 4, 10 - 3 - 2, (2 + 3) * 4)', "14 5 20"),
    "division": (r'printf("%d %d %d\n", 7 / 2, -7 / 2, 7 % 3)', "3 -3 1"),
    "remainder of a negative": (r'$x = -7; printf("%d\n", $x % 3)', "-1"),
    "division of variables": (
        r'$a = -100; $b = 7; printf("%d %d %d\n", $a / $b, -$a / $b, $a / -$b)',
        "-14 14 14",
    ),
    "bits": (r'printf("%d %d %d %d\n", 6 & 3, 6 | 3, 6 ^ 3, ~0)', "2 7 5 -1"),
    "shifts": (r'printf("%lld %d\n", 1 << 40, 256 >> 4)', "1099511627776 16"),
    "precedence": (r'printf("%d %d\n", 1 | 2 ^ 3 & 4, 1 + 2 << 3)', "3 24"),
    "comparisons": (
        r'printf("%d%d%d%d%d%d\n", 1 < 2, 2 <= 2, 3 > 4, 4 >= 5, 1 == 1, 1 != 1)',
        "110010",
    ),
    "signed comparison": (r'$x = -1; if ($x < 1) { printf("less\n") }', "less"),
    "unsigned comparison": (r'if (nsecs > 5) { printf("more\n") }', "more"),
    "logic": (r'printf("%d %d %d\n", 1 && 0, 1 || 0, !5)', "0 1 0"),
    "and stops early": (r'if (0 && @x++) { } printf("%d\n", @x); @x = 0', "0"),
    "or stops early": (r'if (1 || @x++) { } printf("%d\n", @x); @x = 0', "0"),
    "ternary": (
        r'$x = 3; printf("%d %s\n", $x > 2 ? 10 : 20, $x > 5 ? "big" : "small")',
        "10 small",
    ),
    "bool": (r"print(1 == 1); print(true); print(false)", "true\ntrue\nfalse"),
    "if, else if, else": (
        r'$x = 2; if ($x == 1) { print("a") } else if $x == 2 { print("b") } else { print("c") }',
        "b",
    ),
    "variables in blocks": (r'$x = 1; { $y = $x + 1; $x = $y * 10; } printf("%d\n", $x)', "20"),
    "variable set in an arm": (r'let $x; if (nsecs > 0) { $x = 7 } printf("%d\n", $x)', "7"),
    "let": (r'let $x; let $y = 5; printf("%d %d\n", $x, $y); $x = 1', "0 5"),
    "compound assignment": (
        r'$x = 10; $x += 5; $x -= 3; $x *= 2; $x /= 3; printf("%d\n", $x)',
        "8",
    ),
    "compound bits": (
        r'$x = 12; $x &= 10; $x |= 1; $x ^= 3; $x <<= 2; $x >>= 1; printf("%d\n", $x)',
        "20",
    ),
    "increments": (r'$x = 5; printf("%d %d %d %d\n", $x++, $x, ++$x, --$x)', "5 6 7 6"),
    "map increments": (r'printf("%d %d %d\n", @x++, ++@x, @x); clear(@x)', "0 2 2"),
    "map of integers": (
        r'@a[1] = 5; @a[1] += 2; printf("%d %d\n", @a[1], @a[9]); clear(@a)',
        "7 0",
    ),
    "map of strings": (
        r'@s["k"] = "value"; printf("%s|%s|\n", @s["k"], @s["no"]); clear(@s)',
        "value||",
    ),
    "map with two keys": (
        r'@m["a", 1] = 2; @m["b", 1] = 3; printf("%d\n", @m["b", 1]); clear(@m)',
        "3",
    ),
    "keys of any length are equal": (
        r'@m["ab"] = 1; @m["abcdefghij"] = 2; $k = "ab"; printf("%d\n", @m[$k]); clear(@m)',
        "1",
    ),
    "map of tuples": (r'@t = (1, "x"); print(@t); clear(@t)', "@t: (1, x)"),
    "copies of a short string": (
        r'$s = "abc"; @m[$s] = 1; @v = $s; printf("%s %d %s\n", $s, @m["abc"], @v); clear(@m)',
        "abc 1 abc",
    ),
    "copies of tuples": (
        r'$t = (1, 2); @m[$t] = 3; print($t); $u = (7, "abc", nsecs > 0); print($u); clear(@m)',
        "(1, 2)\n(7, abc, true)",
    ),
    "copies of a tuple of numbers of several widths": (
        r'$t = (pid, 2, nsecs); @m[$t] = 3; $u = $t; printf("%d\n", @m[$u]); clear(@m)',
        "3",
    ),
    "strings chosen and compared": (
        r'$a = pid > 0 ? "yes" : "never"; $b = "yes"; printf("%d %s\n", $a == $b, $a)',
        "1 yes",
    ),
    "a tuple of variables as a key": (
        r'$a = 5; $b = "xyz"; @m[$a, $b] = 1; printf("%d\n", @m[5, "xyz"]); clear(@m)',
        "1",
    ),
    "print of a map": (r"@m[2] = 1; @m[1] = 9; print(@m); clear(@m)", "@m[2]: 1\n@m[1]: 9"),
    "print of values": (r'print(5); print("text"); print((1, "b"))', "5\ntext\n(1, b)"),
    "clear": (r"@m[1] = 1; clear(@m); @m[2] = 2; print(@m); clear(@m)", ""),
    "zero": (r"@m[1] = 7; zero(@m); print(@m); clear(@m)", "@m[1]: 0"),
    "delete": (
        r'@m[1] = 1; @m[2] = 2; delete(@m[1]); delete(@m, 2); printf("%d\n", has_key(@m, 1))',
        "0",
    ),
    "delete tells": (r'@m[1] = 1; printf("%d %d\n", delete(@m, 1), delete(@m, 1))', "1 0"),
    "has_key": (r'@m[1] = 0; printf("%d %d\n", has_key(@m, 1), has_key(@m, 2)); clear(@m)', "1 0"),
    "count": (r'@c = count(); @c = count(); printf("%d\n", @c); clear(@c)', "2"),
    "count by key": (
        r'@c["a"] = count(); @c["a"] = count(); @c["b"] = count(); print(@c); clear(@c)',
        "@c[b]: 1\n@c[a]: 2",
    ),
    "string equality": (
        r'$s = "hello"; printf("%d %d %d\n", $s == "hello", $s == "help", $s != "hello!")',
        "1 0 1",
    ),
    "strings of variables": (r'$a = "same"; $b = "same"; printf("%d\n", $a == $b)', "1"),
    "string escapes": (r'printf("a\tb\\\"\x41\101\n")', 'a\tb\\"AA'),
    "width and flags": (
        r'printf("[%5d][%-5d][%05d][%-6s][%6s]\n", 42, 42, 42, "ab", "cd")',
        "[   42][42   ][00042][ab    ][    cd]",
    ),
    "percent and character": (r'printf("%d%% %c\n", 50, 65)', "50% A"),
    "return": (r'if (1) { printf("before\n"); return; } printf("after\n")', "before"),
    "comm is ours": (r'printf("%d\n", comm == str(0))', "0"),
    "probe": (r'printf("%s\n", probe)', "begin"),
}


def run(script: str, *parameters: str) -> str:
    """What a script prints until it ends by itself."""
    kernel = LiveKernel()
    stream, errors = BytesIO(), BytesIO()
    with Tracefs(kernel) as tracefs:
        view = LiveView(kernel, tracefs)
        options = LowerOptions(possible_cpus=view.possible_cpus())
        plan = compile_script(
            Source("case.bt", script), view, options, Inputs(parameters=parameters)
        ).plan
        sink = TextSink(stream, errors, is_quiet=True)
        with Session(plan, kernel, tracefs, sink) as session:
            session.start()
            session.finish()
    return stream.getvalue().decode()


@pytest.mark.parametrize("name", PRINTS)
def test_prints(name: str) -> None:
    body, expected = PRINTS[name]
    printed = run(f"BEGIN {{ {body} }}").removesuffix("\n\n")
    assert printed.rstrip("\n").split("\n\n\n@")[0] == expected


def test_builtins_are_those_of_the_process() -> None:
    printed = run('BEGIN { printf("%d %d %d %d %s\\n", pid, tid, uid, gid, comm); }')
    with open("/proc/self/comm", encoding="utf-8") as file:
        comm = file.read().strip()
    assert printed == f"{os.getpid()} {os.getpid()} {os.getuid()} {os.getgid()} {comm}\n\n\n"


def test_cpu_is_one_of_the_machine() -> None:
    cpu = int(run('BEGIN { printf("%d\\n", cpu); }').strip())
    assert cpu in os.sched_getaffinity(0)


def test_nsecs_is_the_boot_clock() -> None:
    before = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    now = int(run('BEGIN { printf("%llu\\n", nsecs); }').strip())
    assert before <= now <= time.clock_gettime_ns(time.CLOCK_BOOTTIME)


def test_parameters() -> None:
    printed = run('BEGIN { printf("%d %d %d [%s]\\n", $#, $1, $3, $2); }', "7", "word")
    assert printed == "2 7 0 [word]\n\n\n"


def test_end_runs_after_begin_and_maps_are_printed_by_name() -> None:
    script = (
        'END { printf("end\\n"); } BEGIN { @b = 2; @a[1] = 1; @none[1] = 1; delete(@none[1]); }'
    )
    assert run(script) == "end\n\n\n@a[1]: 1\n@b: 2\n"


def test_only_what_max_strlen_cuts_is_marked() -> None:
    body = 'BEGIN { $s = "abcdefgh"; printf("%s %s\\n", str($s, 3), str($s)); }'
    assert run("config = { max_strlen = 4 } " + body) == "abc abcd..\n\n\n"


def test_a_large_script_compiles_and_runs() -> None:
    """Many live values and many strings: registers are spilled, the stack is not overrun."""
    variables = " ".join(f"$v{n} = nsecs + {n};" for n in range(40))
    total = " + ".join(f"($v{n} - $v0)" for n in range(40))
    strings = " ".join(f"@s{n} = str(0, 200);" for n in range(10))
    printed = run(f'BEGIN {{ {variables} {strings} printf("%d\\n", ({total}) >= 780); }}')
    assert printed.startswith("1\n")


def test_data_behind_a_tracepoint_s_record() -> None:
    script = """t:sched:sched_process_exec /pid == cpid/ {
        printf("%s %d\\n", str(args.filename), args.pid == pid);
    }"""
    done = subprocess.run(
        [sys.executable, "-m", "seismo", "-q", "-e", script, "-c", "/bin/true"],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    assert done.stdout == "/bin/true 1\n\n\n"


def test_interval_fires_at_its_rate() -> None:
    script = "i:ms:50 /@n < 20/ { @n++; if (@n == 20) { exit(); } }"
    done = subprocess.run(
        [sys.executable, "-m", "seismo", "-q", "-e", script],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    assert done.stdout == "\n\n@n: 20\n"
