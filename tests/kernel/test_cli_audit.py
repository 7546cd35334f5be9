"""`seismo audit` as it is used: outputs, how it ends, what it refuses, what it leaves behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.kernel

ROOT = Path(__file__).parents[2]
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT / "src")}
AUDIT = (sys.executable, "-m", "seismo", "audit")
EXITS = ("-e", "process_exit")
SHELL = ("--", "sh", "-c", "sh -c 'exit 7'; exit 3")


def audit(
    *arguments: str, by: tuple[str, ...] = (), **options: Any
) -> subprocess.CompletedProcess[str]:
    """It, run to its end, by another program if one is given."""
    return subprocess.run(
        [*by, *AUDIT, *arguments],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
        **options,
    )


def objects(path: Path) -> list[dict[str, Any]]:
    """What an output of JSON holds."""
    return [json.loads(line) for line in path.read_text().splitlines()]


@contextmanager
def running(path: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """It at work: a process that it watches has been told of in the output `path`."""
    command = [*AUDIT, *EXITS, "-o", f"jsonl:{path}", *arguments]
    with subprocess.Popen(
        command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            while not (path.exists() and path.stat().st_size):
                subprocess.run(["true"], check=True)
                assert process.poll() is None, process.communicate()
            yield process
        finally:
            process.kill()


def test_outputs_agree_and_the_status_is_the_commands(tmp_path: Path) -> None:
    outputs = {one: tmp_path / one for one in ("jsonl", "sqlite", "traceleft", "table")}
    given = [f"--output={name}:{path}" for name, path in outputs.items()]
    done = audit(*EXITS, *given, *SHELL)
    assert done.returncode == 3
    assert done.stdout == ""
    assert done.stderr.splitlines()[-1].endswith("+ lost 0 + unfinished 0")
    *events, account = objects(outputs["jsonl"])
    assert [(one["event"], one["args"]["code"]) for one in events] == [
        ("process_exit", 7),
        ("process_exit", 3),
    ]
    assert (account["event"], account["delivered"]) == ("audit.account", 2)
    with closing(sqlite3.connect(outputs["sqlite"])) as database:
        assert database.execute("SELECT count(*) FROM events").fetchone() == (2,)
    assert len(outputs["traceleft"].read_text().splitlines()) == 2
    table = outputs["table"].read_text().splitlines()
    assert [line.split()[3] for line in table[1:3]] == ["process_exit"] * 2
    assert {one.stat().st_mode & 0o777 for one in outputs.values()} == {0o600}


def test_the_account_is_told_once(tmp_path: Path) -> None:
    done = audit(*EXITS, *SHELL)
    assert "produced" not in done.stdout
    assert done.stderr.count("produced ") == 1
    assert len(done.stdout.splitlines()) == 3
    quiet = audit(*EXITS, "-q", "-o", f"jsonl:{tmp_path / 'a'}", *SHELL)
    assert (quiet.stdout, quiet.stderr, quiet.returncode) == ("", "", 3)


def test_a_command_that_is_killed_has_the_status_of_a_shell() -> None:
    assert audit(*EXITS, "-q", "--", "sh", "-c", "kill -9 $$").returncode == 128 + 9


def test_the_status_is_the_commands_where_sigchld_is_ignored() -> None:
    done = audit(*EXITS, "-q", *SHELL, by=("env", "--ignore-signal=CHLD"))
    assert (done.stderr, done.returncode) == ("", 3)


def test_a_program_that_does_not_run_is_recorded_and_told(tmp_path: Path) -> None:
    path = tmp_path / "program"
    path.write_text("no program\n")
    path.chmod(0o755)
    done = audit("-e", "execve", "-q", "--", str(path))
    assert "ENOEXEC" in done.stdout
    assert done.stderr.startswith(f"error: {path} cannot be run: Exec format error\nhint: ")
    assert done.returncode == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_in_order(tmp_path: Path, number: int) -> None:
    path = tmp_path / "a.jsonl"
    with running(path, "--tree", str(os.getpid())) as process:
        process.send_signal(number)
        _, errors = process.communicate()
    assert process.returncode == 0
    account = objects(path)[-1]
    assert (account["event"], account["is_final"]) == ("audit.account", True)
    assert errors.startswith(f"produced {account['produced']} = ")


def test_a_signal_ends_the_command_in_sight(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    with running(path, "-q", "--", "sh", "-c", "true & wait; exec sleep 600") as process:
        process.terminate()
        process.communicate()
    assert process.returncode == 128 + signal.SIGTERM
    last = objects(path)[-2]
    assert (last["comm"], last["args"]["signal"]) == ("sleep", signal.SIGTERM)


def test_it_ends_with_the_processes_of_p_and_after_a_time(tmp_path: Path) -> None:
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as cat:
        path = tmp_path / "a.jsonl"
        command = [*AUDIT, "-e", "=read,process_exit", "-o", f"jsonl:{path}", "-p", str(cat.pid)]
        with subprocess.Popen(command, env=ENVIRONMENT, stderr=subprocess.DEVNULL) as process:
            assert cat.stdin is not None
            while not path.exists() or not path.stat().st_size:
                cat.stdin.write(b"x")
                cat.stdin.flush()
            cat.stdin.close()
            assert process.wait() == 0
    assert [one["event"] for one in objects(path)[-2:]] == ["process_exit", "audit.account"]
    timed = audit(
        *EXITS, "-q", "-d", "0.2", "-o", f"jsonl:{tmp_path / 'b'}", "-p", str(os.getpid())
    )
    assert (timed.returncode, timed.stderr) == (0, "")


def test_the_tree_of_a_command(tmp_path: Path) -> None:
    done = audit("-e", "process", "-q", "-o", f"jsonl:{tmp_path / 'a'}", "--process-tree", *SHELL)
    lines = done.stderr.splitlines()
    assert len(lines) == 2
    assert lines[0].endswith("exit 3")
    assert lines[1].startswith("└─ ")
    assert "sh -c 'exit 7'" in lines[1]
    assert "exit 7" in lines[1].rpartition("'")[2]


def test_the_tree_goes_by_the_clock_of_processes_which_does_not_stop_in_suspend(
    tmp_path: Path,
) -> None:
    other_clock = ("unshare", "--time", "--monotonic", "100000", "--fork")
    arguments = ("-q", "-o", f"jsonl:{tmp_path / 'a'}", "--process-tree", *SHELL)
    done = audit("-e", "process", *arguments, by=other_clock)
    assert len(done.stderr.splitlines()) == 2


def test_sigusr1_tells_how_things_stand(tmp_path: Path) -> None:
    with running(tmp_path / "a.jsonl", "--tree", str(os.getpid())) as process:
        process.send_signal(signal.SIGUSR1)
        assert process.stderr is not None
        assert process.stderr.readline().startswith("produced ")
        assert process.poll() is None


def test_a_full_disk_is_told_and_stops_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    done = audit(*EXITS, "-q", "-o", "jsonl:/dev/full", "-o", f"table:{path}", *SHELL)
    assert done.returncode == 3
    assert done.stderr == "2 events were not written: No space left on device\n"
    assert path.read_text().count(" process_exit ") == 2


def test_a_reader_that_goes_away_ends_it(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    script = f'"$@" -o table -o jsonl:{path} -- sh -c "true; true; true" | head -0; true'
    command = ["sh", "-c", script, "sh", *AUDIT, "-e", "process", "-q"]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("-p", "4194303"), "error: there is no process 4194303\n"),
        (("--exe", "/nonexistent"), "error: executable '/nonexistent': No such file"),
        (("--container", "feedfacefeed"), "error: there is no container 'feedfacefeed'"),
        (("--", "no-such-program"), "error: no program 'no-such-program' on PATH"),
        (
            ("-o", "jsonl:/nonexistent/b"),
            "error: output /nonexistent/b: cannot be written: No such",
        ),
        (("-o", "sqlite:/nonexistent/b"), "error: output /nonexistent/b: cannot be written"),
    ],
    ids=["pid", "exe", "container", "command", "jsonl", "sqlite"],
)
def test_what_cannot_be_is_told_and_nothing_is_left(
    tmp_path: Path, arguments: tuple[str, ...], told: str
) -> None:
    path = tmp_path / "a.jsonl"
    done = audit(*EXITS, "-o", f"table:{path}", *arguments)
    assert done.returncode == 1
    assert done.stderr.startswith(told)
    assert done.stdout == ""
    if "-o" not in arguments:
        assert not path.exists()


def test_without_rights_the_capabilities_are_named(tmp_path: Path) -> None:
    if shutil.which("setpriv") is None:
        pytest.skip("there is no setpriv")
    path = tmp_path / "a.jsonl"
    lacking = "-bpf,-perfmon,-sys_admin"
    done = subprocess.run(
        ["setpriv", f"--bounding-set={lacking}", "--inh-caps=-all", *AUDIT, "-o", f"jsonl:{path}"],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "this process lacks CAP_BPF and CAP_PERFMON (or CAP_SYS_ADMIN)" in done.stderr
    assert not path.exists()


def test_a_bundle_runs_alone(tmp_path: Path) -> None:
    bundle = tmp_path / "there" / "a.pyz"
    bundle.parent.mkdir()
    configuration = tmp_path / "a.yaml"
    configuration.write_text(
        "version: 1\nevents: [process_exit]\nhandlers: [{id: 9, match: all}]  # a comment\n"
    )
    built = audit("build", "-c", str(configuration), "-o", str(bundle))
    assert (built.returncode, built.stderr) == (0, "")
    done = subprocess.run(
        [sys.executable, "-I", "a.pyz", "-o", "jsonl:a.jsonl", *SHELL],
        cwd=bundle.parent,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3, done.stderr
    *events, account = objects(bundle.parent / "a.jsonl")
    assert [(one["args"]["code"], one["program_id"]) for one in events] == [(7, 9), (3, 9)]
    assert account["delivered"] == 2
    assert sorted(one.name for one in bundle.parent.iterdir()) == ["a.jsonl", "a.pyz"]


def test_parquet_says_whose_events_they_are(tmp_path: Path) -> None:
    pytest.importorskip("duckdb")
    pytest.importorskip("pyarrow")
    path = tmp_path / "a.parquet"
    assert audit("-e", "process_exit", "-q", "-o", f"parquet:{path}", *SHELL).returncode == 3
    query = "select (exe = parent)::int, count(*) from events group by all order by all"
    done = audit("query", str(path), query)
    assert [line.split() for line in done.stdout.splitlines()[1:]] == [
        ["0", "1"],
        ["1", "1"],
    ]


def test_json_says_who_is_at_the_other_end(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    program = (
        "import socket\n"
        "with socket.create_server(('127.0.0.1', 0)) as server:\n"
        "    socket.create_connection(server.getsockname()).close()\n"
    )
    command = ["--", sys.executable, "-S", "-c", program]
    events = "net_connect,net_listen,process_exec"
    assert audit("-e", events, "-q", "-o", f"jsonl:{path}", *command).returncode == 0
    run, listening, connected = objects(path)[:-1]
    assert (listening["event"], connected["event"]) == ("net_listen", "net_connect")
    assert "peer" not in run
    assert connected["peer"]["tgid"] == run["tgid"]
    assert connected["peer"]["exe"] == os.path.realpath(sys.executable)


@pytest.mark.parametrize("origin", ["battery", "compiled"])
def test_where_programs_come_from_makes_no_difference(tmp_path: Path, origin: str) -> None:
    path = tmp_path / "a.jsonl"
    done = audit(*EXITS, "-q", "--programs", origin, "-o", f"jsonl:{path}", *SHELL)
    assert (done.returncode, done.stderr) == (3, "")
    assert [one["args"]["code"] for one in objects(path)[:-1]] == [7, 3]


def test_filters_of_profiles_are_in_the_package(tmp_path: Path) -> None:
    for profile in ("default", "network", "security"):
        path = tmp_path / profile
        done = audit(
            "--profile", profile, "--programs", "battery", "-q", "-o", f"jsonl:{path}", *SHELL
        )
        assert (done.returncode, done.stderr) == (3, "")
        assert objects(path)[-1]["event"] == "audit.account"


def test_other_filters_are_not(tmp_path: Path) -> None:
    done = audit(*EXITS, "--filter", "uid == 0", "--programs", "battery", *SHELL)
    assert done.returncode == 1
    assert "leave `--programs battery` out" in done.stderr
