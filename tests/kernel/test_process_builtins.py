"""Who runs and where, and the clocks, on the running kernel."""

from __future__ import annotations

import os
import pwd
import re
import time
from pathlib import Path

import pytest

from script_runs import output_of, run_script

pytestmark = pytest.mark.kernel


def test_ids_in_the_initial_namespace_and_in_another() -> None:
    namespace = os.stat("/proc/self/ns/pid")
    printed = output_of(
        'printf("%d %d %d %d\\n", pid, tid, pid(init), tid(init))',
        pid_namespace=(namespace.st_dev, namespace.st_ino),
    )
    own = Path("/proc/self/status").read_text(encoding="utf-8")
    assert printed.split()[:2] == [str(os.getpid()), str(os.getpid())]
    if re.search(r"^NSpid:\t\d+$", own, re.MULTILINE):
        assert printed.split()[2:] == printed.split()[:2]


def test_ids_are_zero_in_a_namespace_that_the_process_is_not_in() -> None:
    assert output_of('printf("%d %d\\n", pid, tid)', pid_namespace=(1, 1)) == "0 0"


def test_curr_ns_is_the_default() -> None:
    assert output_of('printf("%d %d\\n", pid - pid(curr_ns), tid - tid(curr_ns))') == "0 0"


def test_cgroup() -> None:
    (line,) = [
        one
        for one in Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines()
        if one.startswith("0::")
    ]
    mounts = Path("/proc/self/mounts").read_text(encoding="utf-8")
    mount = re.search(r"^\S+ (\S+) cgroup2 ", mounts, re.MULTILINE)
    printed = int(output_of('printf("%llu\\n", cgroup)'))
    if mount is None:
        assert printed > 0
    else:
        assert printed == Path(mount[1] + line.removeprefix("0::")).stat().st_ino


def test_curtask() -> None:
    comm = Path("/proc/self/comm").read_text(encoding="utf-8").strip()
    assert output_of('printf("%d %s\\n", curtask.pid, curtask.comm)') == f"{os.getpid()} {comm}"


def test_machine() -> None:
    possible = Path("/sys/devices/system/cpu/possible").read_text(encoding="utf-8").strip()
    last = int(re.split("[-,]", possible)[-1])
    printed = output_of('printf("%llu %d %d\\n", ncpus, numaid < 64, cpu < ncpus)')
    assert printed == f"{last + 1} 1 1"


def test_rand_differs() -> None:
    assert output_of("$a = rand; $b = rand; $c = rand; print($a != $b || $b != $c)") == "true"


def test_rand_has_32_bits() -> None:
    assert output_of("print(sizeof(rand)); print(rand >> 32)") == "4\n0"


def test_jiffies_go_on_with_the_clock() -> None:
    first = int(output_of("print(jiffies)"))
    time.sleep(0.1)
    assert int(output_of("print(jiffies)")) > first


def test_username() -> None:
    name = pwd.getpwuid(os.getuid()).pw_name
    assert output_of('print(username); printf("[%8s]\\n", username)') == f"{name}\n[{name:>8}]"


def test_has_cpid() -> None:
    assert output_of('printf("%d %d\\n", has_cpid, cpid)') == "0 0"
    assert output_of('printf("%d %d\\n", has_cpid, cpid)', command_pid=17) == "1 17"


def test_probetype() -> None:
    body = 'print(probetype); printf("%s %d\\n", probetype, probetype == "special")'
    assert output_of(body) == "special\nspecial 1"
    script = "BEGIN { print(probetype()) } END { print(probetype) }"
    assert run_script(script).output.strip() == "special\nspecial"


@pytest.mark.parametrize(
    ("word", "clock"),
    [
        ("boot", time.CLOCK_BOOTTIME),
        ("monotonic", time.CLOCK_MONOTONIC),
        ("tai", time.CLOCK_TAI),
    ],
)
def test_clocks(word: str, clock: int) -> None:
    before = time.clock_gettime_ns(clock)
    now = int(output_of(f'printf("%llu\\n", nsecs({word}))'))
    assert before <= now <= time.clock_gettime_ns(clock)


def test_sw_tai_is_ahead_of_boot_by_what_is_given() -> None:
    before = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    now = int(output_of('printf("%llu\\n", nsecs(sw_tai))', tai_offset_ns=1 << 60))
    assert before <= now - (1 << 60) <= time.clock_gettime_ns(time.CLOCK_BOOTTIME)


def test_elapsed() -> None:
    started = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    elapsed = int(output_of('printf("%llu\\n", elapsed)', started_ns=started))
    assert 0 <= elapsed <= time.clock_gettime_ns(time.CLOCK_BOOTTIME) - started


@pytest.mark.parametrize("clock", ["", "(boot)", "(monotonic)", "(tai)", "(sw_tai)"])
def test_strftime_is_local_time_by_any_clock(clock: str) -> None:
    before = int(time.time())
    form = "%Y-%m-%d %H:%M:%S"
    shown = output_of(f'printf("%s\\n", strftime("{form}", nsecs{clock}))')
    assert before - 1 <= time.mktime(time.strptime(shown, form)) <= time.time() + 1


def test_strftime_has_microseconds_and_a_width() -> None:
    assert re.fullmatch(r"\[ {4}\d{6}\]", output_of('printf("[%10s]\\n", strftime("%f", nsecs))'))


def test_strftime_in_maps_and_tuples() -> None:
    year = time.strftime("%Y")
    body = '@t = strftime("%Y", nsecs); print(@t); print((1, strftime("%Y", nsecs)))'
    assert output_of(body) == f"@t: {year}\n(1, {year})"


def test_time_prints_when_it_arrives() -> None:
    before = int(time.time())
    shown = output_of('time("%Y-%m-%d %H:%M:%S\\n")')
    assert before <= time.mktime(time.strptime(shown, "%Y-%m-%d %H:%M:%S")) <= time.time()


def test_time_by_default() -> None:
    assert re.fullmatch(r"\d\d:\d\d:\d\d", output_of("time()"))
