"""`seismo obj show|load|run` and `seismo gen-header` of an object that clang has compiled."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from c_objects import CLANGS, compile_bpf

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.skipif(not CLANGS, reason="no clang is installed"),
]

SOURCE = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

enum kind { EXEC = 1, EXIT };
struct event { enum kind kind; int pid; char comm[16]; };
struct event *unused __attribute__((unused));
const volatile int parent = -1;

struct task_struct { int tgid; struct task_struct *real_parent; }
    __attribute__((preserve_access_index));
struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 65536);
} events SEC(".maps");
struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 16);
    __type(key, enum kind);
    __type(value, long);
} counts SEC(".maps");

static __attribute__((noinline)) int note(enum kind kind)
{
    struct task_struct *task = (void *)bpf_get_current_task(), *up;
    long one = 1, *count = bpf_map_lookup_elem(&counts, &kind);
    struct event *event;
    int tgid;

    bpf_probe_read_kernel(&up, sizeof(up), &task->real_parent);
    bpf_probe_read_kernel(&tgid, sizeof(tgid), &up->tgid);
    if (tgid != parent)
        return 0;
    if (count)
        __sync_fetch_and_add(count, 1);
    else
        bpf_map_update_elem(&counts, &kind, &one, 0);
    event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
    if (event) {
        event->kind = kind;
        event->pid = bpf_get_current_pid_tgid() >> 32;
        bpf_get_current_comm(event->comm, sizeof(event->comm));
        bpf_ringbuf_submit(event, 0);
    }
    return 0;
}

SEC("tp/sched/sched_process_exec") int on_exec(void *ctx) { return note(EXEC); }
SEC("tp/sched/sched_process_exit") int on_exit(void *ctx) { return note(EXIT); }
SEC("?xdp") int wrong(struct xdp_md *ctx) { return *(int *)(long)ctx->data; }
"""


@pytest.fixture(scope="module", params=CLANGS)
def obj(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The object, of each compiler."""
    source = tmp_path_factory.mktemp("obj") / "watch.bpf.c"
    source.write_text(SOURCE)
    return compile_bpf(source, request.param)


def said(*arguments: object, status: int = 0) -> tuple[str, str]:
    """(standard output, standard error) of a command."""
    command = [sys.executable, "-m", "seismo", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == status, done.stderr
    return done.stdout, done.stderr


def test_show_has_it_all(obj: Path) -> None:
    shown = json.loads(said("obj", "show", obj, "--json")[0])
    assert shown["license"] == "GPL"
    assert {one["name"]: (one["section"], one["type"]) for one in shown["programs"]} == {
        "on_exec": ("tp/sched/sched_process_exec", "tracepoint"),
        "on_exit": ("tp/sched/sched_process_exit", "tracepoint"),
        "wrong": ("?xdp", "xdp"),
    }
    (note,) = shown["subprograms"]
    assert (note["name"], note["linkage"], note["core"]) == ("note", "static", 2)
    assert {one["name"]: (one["type"], one["key"], one["value"]) for one in shown["maps"]} == {
        "events": ("ringbuf", "-", "-"),
        "counts": ("hash", "enum kind (4)", "long (8)"),
        "watch.rodata": ("array", "4 bytes", "4 bytes"),
        "watch.bss": ("array", "4 bytes", "8 bytes"),
    }
    assert {one["name"]: one["map"] for one in shown["globals"]} == {
        "parent": "watch.rodata",
        "unused": "watch.bss",
    }
    said_of = [one["refers to"] for one in shown["relocations"] if one["function"] == "note"]
    assert [one.partition(" (")[0] for one in said_of if one.startswith("struct")] == [
        "struct task_struct: real_parent, offset",
        "struct task_struct: tgid, offset",
    ]
    assert said("obj", "show", obj)[0].splitlines()[0].endswith(" types")


def test_the_listing_has_source_lines(obj: Path) -> None:
    lines = said("obj", "show", obj, "--listing")[0].splitlines()
    assert "note: ; .text" in lines
    assert "on_exec: ; tp/sched/sched_process_exec" in lines
    assert any(line.startswith("; if (tgid != parent) @ ") for line in lines)
    assert any(line.endswith("<counts>") for line in lines)
    assert any("<struct task_struct: tgid, offset" in line for line in lines)
    assert any(line.endswith("<note>") for line in lines)


def test_load_verifies(obj: Path) -> None:
    head, *rows = said("obj", "load", obj)[0].splitlines()
    assert head.split() == ["PROGRAM", "TYPE", "VERIFIED", "JITED"]
    assert [row.split()[:2] for row in rows] == [
        ["on_exec", "tracepoint"],
        ["on_exit", "tracepoint"],
    ]


def test_a_refused_program_is_told_with_its_line(obj: Path) -> None:
    errors = said("obj", "load", obj, "-p", "wrong", status=1)[1]
    assert "return *(int *)(long)ctx->data;" in errors
    assert "watch.bpf.c:" in errors


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    """An empty folder of a bpffs of its own."""
    path = tmp_path / "bpf"
    path.mkdir()
    subprocess.run(["mount", "-t", "bpf", "bpf", path], check=True, timeout=60)
    (path / "pins").mkdir()
    yield path / "pins"
    subprocess.run(["umount", path], check=True, timeout=60)


def test_load_pins(obj: Path, directory: Path) -> None:
    paths = said("obj", "load", obj, "--pin", directory)[0].splitlines()[-6:]
    names = ["events", "counts", "watch_rodata", "watch_bss", "on_exec", "on_exit"]
    assert sorted(paths) == sorted(f"{directory}/{name}" for name in names)
    assert sorted(one.name for one in directory.iterdir()) == sorted(names)
    shown = json.loads(said("prog", "show", "pinned", directory / "on_exec", "--json")[0])
    assert [one["name"] for one in shown] == ["on_exec"]
    assert "File exists" in said("obj", "load", obj, "--pin", directory, status=1)[1]
    assert sorted(one.name for one in directory.iterdir()) == sorted(names)


def test_run_ends_with_its_command(obj: Path) -> None:
    """The command's parent is seismo, which is not the one that was asked for."""
    options = ["--set", f"parent={os.getpid()}", "-t", "struct event", "-f", "json"]
    output, errors = said("obj", "run", obj, "-c", "/bin/true", *options)
    assert (output, errors) == ("", "Attached 2 programs\n")


def test_an_object_that_has_our_name_in_it_is_no_script(tmp_path: Path) -> None:
    """The symbol of a format of our headers is `FUNCTION.seismo_format`."""
    source = tmp_path / "named.bpf.c"
    ours = "static __attribute__((noinline)) int note(enum kind kind)\n{\n"
    assert ours in SOURCE
    source.write_text(SOURCE.replace(ours, f"{ours}    static volatile int seismo; seismo++;\n"))
    obj = compile_bpf(source, CLANGS[-1])
    assert b"note.seismo\0" in obj.read_bytes()
    assert said("obj", "run", obj, "-c", "/bin/true") == ("", "Attached 2 programs\n")


def test_run_prints_exactly_the_events_of_a_parent(obj: Path) -> None:
    """Children of a shell that waits until all is attached."""
    shell = "read go; for i in 1 2 3; do /bin/true; done"
    with subprocess.Popen(["sh", "-c", shell], stdin=subprocess.PIPE) as parent:
        assert parent.stdin is not None
        options = ["--set", f"parent={parent.pid}", "-t", "struct event", "--maps", "-f", "json"]
        command = [sys.executable, "-m", "seismo", "obj", "run", str(obj), *options]
        environ = os.environ | {"__BPFTRACE_NOTIFY_PROBES_ATTACHED": "1"}
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ
        ) as run:
            assert run.stdout is not None
            assert run.stdout.readline() == "__BPFTRACE_NOTIFY_PROBES_ATTACHED\n"
            parent.stdin.write(b"go\n")
            parent.stdin.flush()
            assert parent.wait(30) == 0
            run.terminate()
            output, errors = run.communicate(timeout=30)
    assert (run.returncode, errors) == (0, "Attached 2 programs\n")
    rows = [json.loads(line) for line in output.splitlines()]
    events = [one["data"] for one in rows if one["type"] == "event"]
    assert [(one["kind"], one["comm"]) for one in events] == [
        ("EXEC", "true"),
        ("EXIT", "true"),
    ] * 3
    assert len({one["pid"] for one in events}) == 3
    entries = {one["key"]: one["value"] for one in rows if one["type"] == "entry"}
    assert entries == {"EXEC": 3, "EXIT": 3}


def test_mistakes_are_told(obj: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.bpf.o"
    cut.write_bytes(obj.read_bytes()[:500])
    for arguments, expected in (
        (["obj", "run", obj, "--set", "parrent=1"], "did you mean 'parent'?"),
        (["obj", "run", obj, "--set", "parent"], "write NAME=VALUE"),
        (["obj", "load", obj, "-p", "on_exce"], "did you mean 'on_exec'?"),
        (["obj", "run", obj, "-p", "wrong"], "watch.bpf.c:"),
        (["obj", "load", obj, "--pin", tmp_path / "none"], "there is no such directory"),
        (["obj", "show", cut], "cut.bpf.o: "),
        (["obj", "show", sys.executable], "clang -target bpf"),
        (["obj", "show", tmp_path / "nothing"], "No such file or directory"),
        (["gen-header", obj, "-t", "evnt"], "did you mean 'event'?"),
    ):
        assert expected in said(*arguments, status=1)[1]


def test_the_header_is_c(obj: Path, tmp_path: Path) -> None:
    said("gen-header", obj, "-t", "struct event", "-o", tmp_path / "watch.h")
    program = tmp_path / "user.c"
    program.write_text(
        '#include <stdio.h>\n#include "watch.h"\n'
        "int main(void) {\n"
        "  struct watch__rodata data = {42};\n"
        '  struct event event = {EXIT, 7, "sh"};\n'
        '  printf("%d %zu %d\\n", data.parent, sizeof event, event.kind);\n}\n'
    )
    built = tmp_path / "user"
    subprocess.run(["gcc", "-Wall", "-Werror", program, "-o", built], check=True, timeout=60)
    done = subprocess.run([built], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "42 24 2\n"
