"""Scripts, from their text to what they print, with no kernel and no privilege."""

from __future__ import annotations

import errno
import re

import pytest
from engine_cases import CAT, OPENAT, calls, hit, run_over

from seismo.builtin.options import TaskFilter
from seismo.engine.hit import Hit
from seismo.vm.environment import Task

EXIT = "tracepoint:syscalls:sys_exit_openat"
CLOSE = "tracepoint:syscalls:sys_enter_close"


def output(script: str, hits: list[Hit] | None = None) -> str:
    """What a script prints, which goes without complaint."""
    ran = run_over(script, calls(5) if hits is None else hits)
    assert ran.errors == ""
    return ran.output.strip("\n")


def printed(action: str, hits: list[Hit] | None = None) -> str:
    """What an action at each call of openat(2) prints."""
    script = f"config = {{ print_maps_on_exit = false }} {OPENAT} {{ {action} }}"
    return output(script, hits)


def shown(action: str) -> str:
    """What the maps that an action fills look like after five calls, with flags 0 to 4."""
    return output(f"{OPENAT} {{ {action} }}")


def test_begin_hits_and_end_come_in_order() -> None:
    script = (
        'BEGIN { printf("begin\\n"); } '
        f'{OPENAT} {{ printf("%s %d\\n", str(args.filename), args.flags); }} '
        'END { printf("end\\n"); }'
    )
    expected = ["begin", *(f"/tmp/{n} {n}" for n in range(5)), "end"]
    assert output(script).split("\n") == expected


def test_what_a_task_is() -> None:
    text = 'printf("%d %d %d %d %s %d %d\\n", pid, tid, uid, gid, comm, cgroup, cpu);'
    assert printed(text, [hit(cpu=1)]) == "7 8 1000 100 cat 42 1"


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("@ = count();", "@: 5"),
        ("@ = sum(args.flags);", "@: 10"),
        ("@ = min(args.flags + 3);", "@: 3"),
        ("@ = max(args.flags);", "@: 4"),
        ("@ = avg(args.flags);", "@: 2"),
        ("@ = stats(args.flags);", "@: { .count = 5, .average = 2, .total = 10 }"),
        ("@[args.flags % 2] = count();", "@[1]: 2\n@[0]: 3"),
        ("@[comm, args.flags / 3] = sum(args.flags);", "@[cat, 0]: 3\n@[cat, 1]: 7"),
        ("@ = (args.flags, comm);", "@: (4, cat)"),
        ("@[args.flags] = args.flags; delete(@, 3); delete(@, 0);", "@[1]: 1\n@[2]: 2\n@[4]: 4"),
        ("@[args.flags] = 1; if (args.flags == 3) { clear(@); }", "@[4]: 1"),
    ],
)
def test_maps(action: str, expected: str) -> None:
    assert shown(action) == expected


def test_histograms() -> None:
    rows = shown("@p = hist(args.flags); @l = lhist(args.flags, 0, 4, 2);").splitlines()
    counts = [line.split("|")[0].split() for line in rows if "|" in line]
    assert [(" ".join(row[:-1]), row[-1]) for row in counts] == [
        *(("[0, 2)", "2"), ("[2, 4)", "2"), ("[4, ...)", "1")),
        *(("[0]", "1"), ("[1]", "1"), ("[2, 4)", "2"), ("[4, 8)", "1")),
    ]


def test_a_map_is_printed_as_it_is_at_that_moment() -> None:
    assert printed("@ = sum(args.flags); print(@);") == "@: 0\n@: 1\n@: 3\n@: 6\n@: 10"


def test_a_loop_over_a_map_and_one_that_counts() -> None:
    script = (
        f"{OPENAT} {{ @n[args.flags] = args.flags * 10; }} "
        "END { let $sum = 0; for ($one : @n) { $sum += $one.1; } "
        "let $i = 0; while ($i < 3) { $i++; } "
        'for ($j : 0..4) { $i += $j; } printf("%d %d\\n", $sum, $i); clear(@n); }'
    )
    assert output(script) == "100 9"


def test_a_function_of_the_script() -> None:
    script = (
        "fn twice($n : uint64) : uint64 { return $n * 2; } "
        f'{OPENAT} {{ printf("%d\\n", twice(args.flags)); }}'
    )
    assert output(script) == "0\n2\n4\n6\n8"


def test_strings() -> None:
    text = 'printf("%s %d %s\\n", strcontains(str(args.filename), "3") ? "yes" : "no", '
    text += "strlen(str(args.filename)), str(args.filename, 3));"
    assert printed(text, calls(5)[2:4]) == "no 6 /tm\nyes 6 /tm"


def test_a_string_that_is_longer_than_a_script_takes() -> None:
    name = "/" + "a" * 3000
    ran = printed('printf("%d\\n", strlen(str(args.filename)));', [hit(filename=name)])
    assert ran == "1024"


def test_memory_of_the_process_is_read_where_it_is() -> None:
    read: list[tuple[int, int]] = []

    def read_user(address: int, size: int) -> bytes:
        read.append((address, size))
        if address != 0x1000:
            raise OSError(errno.EFAULT, "no such memory")
        return b"/etc/hosts\0".ljust(size, b"\0")

    # What cannot be read where a call begins is read again where it ends.
    hits = [
        Hit(at=at, task=CAT, ns=ns, arguments=arguments, read_user=read_user)
        for ns, (at, arguments) in enumerate(
            (
                (OPENAT, {"filename": 0x1000}),
                (OPENAT, {"filename": 0x2000}),
                (EXIT, {"ret": -errno.EFAULT}),
            )
        )
    ]
    ran = run_over(f'{OPENAT} {{ printf("<%s>\\n", str(args.filename)); }}', hits)
    assert ran.output == "</etc/hosts>\n<<unreadable>>"
    assert {address for address, _ in read} == {0x1000, 0x2000}
    assert "1 string could not be read" in ran.errors


def test_the_time_is_that_of_the_hits() -> None:
    day = 86_400 * 1_000_000_000
    script = f'{OPENAT} {{ time("%F "); printf("%s\\n", strftime("%F", nsecs)); }}'
    ran = run_over(script, calls(3, day), wall_offset_ns=20 * day)
    assert ran.output.splitlines() == [
        f"1970-01-{number} 1970-01-{number}" for number in (21, 22, 23)
    ]


def test_kernel_memory_is_not_there() -> None:
    ran = run_over(
        f'{OPENAT} {{ printf("%d\\n", *(uint32 *)kptr(0xffff888000000000)); }}', calls(2)
    )
    assert ran.output == "0\n0"
    assert "2 reads of memory failed and gave 0: the user engine knows nothing" in ran.errors


def test_exit_comes_before_the_next_hit() -> None:
    script = f'{OPENAT} {{ printf("%d\\n", args.flags); if (args.flags == 2) {{ exit(3); }} }}'
    ran = run_over(script + ' END { printf("end\\n"); }', calls(1000))
    assert (ran.output, ran.exit_code) == ("0\n1\n2\nend", 3)


def test_intervals_tick_in_the_time_of_the_hits() -> None:
    script = (
        f'interval:us:2 {{ printf("tick %d\\n", nsecs(monotonic)); }} '
        f'{OPENAT} {{ printf("hit %d\\n", nsecs(monotonic)); }}'
    )
    hits = [hit(ns=ns) for ns in (5000, 8000, 11500)]
    lines = ["hit 5000", "tick 7000", "hit 8000", "tick 9000", "tick 11000", "hit 11500"]
    assert output(script, hits).split("\n") == lines


def test_an_interval_that_ends_the_run() -> None:
    script = f"interval:us:2 {{ exit(); }} {OPENAT} {{ @ = count(); }}"
    assert output(script) == "@: 2"


def test_time_is_that_of_the_hits() -> None:
    hits = [hit(ns=5_000_000), hit(ns=9_000_000)]
    assert printed('printf("%d %d\\n", elapsed, nsecs);', hits) == "0 5000000\n4000000 9000000"
    script = f'{OPENAT} {{ printf("%s\\n", strftime("%Y %S.%f", nsecs)); }}'
    ran = run_over(script, hits[:1], wall_offset_ns=1_700_000_000_000_000_000)
    assert ran.output == "2023 20.005000"


def test_programs_at_one_place_run_in_the_order_of_the_script() -> None:
    script = f'{OPENAT} {{ printf("a"); }} {OPENAT} {{ printf("b"); }} {CLOSE} {{ printf("c"); }}'
    assert output(script, [hit(), hit(CLOSE, ns=1, fd=3)]) == "abc"


def test_wildcards_and_the_name_of_the_probe() -> None:
    script = 'tracepoint:syscalls:sys_enter_* { printf("%s\\n", probe); }'
    assert output(script, [hit(), hit(CLOSE, ns=1, fd=3)]).split("\n") == [OPENAT, CLOSE]


def test_predicates_and_filters() -> None:
    other = Task(pid=9, tid=9, comm=b"other")
    hits = [*calls(3), hit(ns=9000, task=other, flags=1)]
    script = f'{OPENAT} / args.flags == 1 / {{ printf("%s\\n", comm); }}'
    assert output(script, hits) == "cat\nother"
    ran = run_over(script, hits, filter=TaskFilter(comm="other"))
    assert ran.output == "other"


def test_stacks_are_the_hits_own() -> None:
    hits = [
        Hit(at=OPENAT, task=CAT, ns=0, user_stack=(0x401000, 0x402000), kernel_stack=(1 << 63,))
    ]
    lines = printed('printf("%s|%s", ustack, kstack);', hits).split()
    assert lines == ["0x401000", "0x402000", "|", "0x8000000000000000"]


def test_what_was_produced_has_come_or_is_counted_as_lost() -> None:
    script = f'BEGIN {{ for ($i : 0..1000) {{ printf("%d\\n", $i); }} }} {OPENAT} {{ }}'
    ran = run_over(script, ring_bytes=4096)
    rows = ran.output.splitlines()
    assert 0 < len(rows) == ran.received < 1000
    assert rows == [str(n) for n in range(ran.received)]
    assert ran.received + ran.losses.events == 1000
    assert re.search(rf"lost.*{ran.losses.events}", ran.errors)


def test_a_ring_of_one_page_loses_nothing_where_it_is_read_between_hits() -> None:
    script = f'{OPENAT} {{ printf("%s\\n", str(args.filename)); }}'
    ran = run_over(script, calls(3000), ring_bytes=4096)
    assert (ran.received, ran.losses.events) == (3000, 0)
    assert ran.output.splitlines()[-1] == "/tmp/2999"


def test_a_full_map_is_told() -> None:
    script = f"config = {{ max_map_keys = 3 }} {OPENAT} {{ @[args.flags] = 1; }}"
    ran = run_over(script, calls(5))
    assert ran.output.lstrip("\n") == "@[0]: 1\n@[1]: 1\n@[2]: 1"
    assert "2 updates of @ refused: the map is full (max_map_keys=3)" in ran.errors
