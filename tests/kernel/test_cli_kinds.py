"""`seismo map dump` and `link show` of kinds that a tracer has none of."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from c_objects import CLANGS, compile_bpf
from seismo import Object

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.skipif(not CLANGS, reason="no clang is installed"),
]

SOURCE = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
char LICENSE[] SEC("license") = "GPL";
#define SLOTS(name, kind) struct { __uint(type, BPF_MAP_TYPE_##kind); __uint(max_entries, 4); \\
    __uint(key_size, 4); __uint(value_size, 4); } name SEC(".maps")
#define STORAGE(name, kind) struct { __uint(type, BPF_MAP_TYPE_##kind); \\
    __uint(map_flags, BPF_F_NO_PREALLOC); __type(key, int); __type(value, long); } name SEC(".maps")
#define HEAP(name, kind) struct { __uint(type, BPF_MAP_TYPE_##kind); __uint(max_entries, 4); \\
    __type(value, int); } name SEC(".maps")
SLOTS(events, PERF_EVENT_ARRAY);
SLOTS(jumps, PROG_ARRAY);
SLOTS(cgroups, CGROUP_ARRAY);
SLOTS(xsks, XSKMAP);
SLOTS(sockets, SOCKMAP);
STORAGE(tasks, TASK_STORAGE);
STORAGE(of_sockets, SK_STORAGE);
HEAP(queue, QUEUE);
HEAP(stack, STACK);
struct prefix { __u32 length; __u8 address[4]; };
struct { __uint(type, BPF_MAP_TYPE_LPM_TRIE); __uint(map_flags, BPF_F_NO_PREALLOC);
    __uint(max_entries, 4); __type(key, struct prefix); __type(value, char[8]);
} routes SEC(".maps");
const volatile int limit = 7;
const volatile char greeting[] = "hello";
struct { int inside; } nameless = {3};
SEC("sk_lookup") int choose(struct bpf_sk_lookup *ctx)
{
    bpf_tail_call(ctx, &jumps, 0);
    return limit + greeting[0] + nameless.inside ? SK_PASS : SK_DROP;
}
"""
NO_ENTRIES = ("events", "cgroups", "xsks", "tasks", "of_sockets", "queue", "stack")


def said(*arguments: object, status: int = 0) -> tuple[str, str]:
    """(standard output, standard error) of a command."""
    command = [sys.executable, "-m", "seismo", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == status, done.stderr
    return done.stdout, done.stderr


def number_of(name: str) -> int:
    """The id of this process's map of that name."""
    shown = json.loads(said("map", "show", "name", name, "-j")[0])
    (number,) = [one["id"] for one in shown if os.getpid() in [who["pid"] for who in one["pids"]]]
    assert isinstance(number, int)
    return number


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Object]:
    """The object, loaded."""
    source: Path = tmp_path_factory.mktemp("kinds") / "kinds.bpf.c"
    source.write_text(SOURCE)
    with Object.open(compile_bpf(source, CLANGS[-1])) as obj:
        obj.load()
        yield obj


@pytest.mark.parametrize("name", NO_ENTRIES)
def test_what_has_no_entries_is_told_so(loaded: Object, name: str) -> None:
    number = number_of(name)
    errors = said("map", "dump", number, status=1)[1]
    kind = loaded.maps[name].type.name.lower()
    assert errors == f"error: map {number} is a {kind}, which has no entries to look up\n"


def test_sockets_are_looked_up_as_cookies_alone(loaded: Object) -> None:
    errors = said("map", "dump", number_of("sockets"), status=1)[1]
    assert "a sockmap with values of 4 bytes" in errors


def test_an_address_is_numbers_and_a_name_is_text(loaded: Object) -> None:
    loaded.maps["routes"][8, bytes((10, 0, 0, 0))] = b"ten"
    number = number_of("routes")
    expected = [{"key": {"length": 8, "address": [10, 0, 0, 0]}, "value": "ten"}]
    assert json.loads(said("map", "dump", number, "-j")[0]) == expected
    assert said("map", "dump", number)[0].splitlines() == [
        '{ length: 8, address: [10, 0, 0, 0] }: "ten"',
        "Found 1 element",
    ]


def test_an_array_of_programs_says_of_which(loaded: Object) -> None:
    (jumps,) = json.loads(said("map", "show", number_of("jumps"), "-j")[0])
    assert (jumps["owner_prog_type"], jumps["owner_jited"]) == ("sk_lookup", True)


def test_global_data_is_its_variables(loaded: Object) -> None:
    (entry,) = json.loads(said("map", "dump", number_of("kinds.rodata"), "-j")[0])
    assert entry == {"key": 0, "value": {"limit": 7, "greeting": "hello"}}
    assert said("map", "dump", number_of("kinds.data"))[0].splitlines() == [
        "0: { nameless: { inside: 3 } }",
        "Found 1 element",
    ]


def test_a_type_of_attachment_is_named(loaded: Object) -> None:
    program = loaded.programs["choose"]
    with program.attach_netns():
        number = program.info().id
        (link,) = [
            one for one in json.loads(said("link", "list", "-j")[0]) if one["prog_id"] == number
        ]
        assert link["attach_type"] == "sk_lookup"
        assert "attach_type sk_lookup" in said("link", "show", link["id"])[0]
