"""Compiled objects read, linked, loaded and run: what comes out is what the C says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from bpf_programs import u32, u64
from c_objects import CLANGS, compile_bpf
from seismo.facts import LiveFacts
from seismo.kernel.live import LiveKernel
from seismo.objects.load import Loaded, load
from seismo.objfile.link import link
from seismo.objfile.model import ObjectFile
from seismo.objfile.read import read_object

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.skipif(not CLANGS, reason="needs clang-14 or clang-19"),
]

_HEAD = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
char LICENSE[] SEC("license") = "GPL";
"""
PACKET = bytes(64)

GLOBALS = """
int counter = 40;
static volatile int hidden = 4;
const volatile int limit = 7;
long total;
char text[8] SEC(".data.custom") = "abc";
static __noinline int twice(int x) { return x * 2 + hidden; }
__noinline int more(int x) { return twice(x) + limit; }
SEC("socket") int main_one(struct __sk_buff *skb)
{
    total += counter;
    counter++;
    return more(counter) * 1000 + text[1];
}
SEC("socket") int main_two(struct __sk_buff *skb) { return twice(3) + more(5); }
"""

MAPS = """
struct inner { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1);
               __type(key, int); __type(value, long); };
struct inner one SEC(".maps"), two SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS); __uint(max_entries, 4);
         __uint(key_size, 4); __array(values, struct inner); }
    outer SEC(".maps") = { .values = { [1] = &one, [3] = &two } };
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 8);
         __type(key, int); __type(value, long); } seen SEC(".maps");
int target(struct __sk_buff *skb);
struct { __uint(type, BPF_MAP_TYPE_PROG_ARRAY); __uint(max_entries, 3); __uint(key_size, 4);
         __array(values, int (void *)); }
    jumps SEC(".maps") = { .values = { [2] = (void *)&target } };
SEC("socket") int entry(struct __sk_buff *skb)
{
    int key = 3, zero = 0; long number = 5;
    void *map = bpf_map_lookup_elem(&outer, &key);
    long *value = map ? bpf_map_lookup_elem(map, &zero) : 0;
    if (value)
        *value += 9;
    bpf_map_update_elem(&seen, &key, &number, BPF_ANY);
    bpf_tail_call(skb, &jumps, 2);
    return 1;
}
SEC("socket") int target(struct __sk_buff *skb) { return 77; }
"""

CALLBACK = """
static int visit(__u32 index, void *context) { *(long *)context += index; return 0; }
SEC("?socket") int loops(struct __sk_buff *skb)
{
    long sum = 0;
    bpf_loop(10, visit, &sum, 0);
    return sum;
}
"""

PLAIN = """
struct bpf_map_def { unsigned type, key_size, value_size, max_entries, map_flags, pinning;
                     char name_space[256]; };
struct bpf_map_def SEC("maps/calls") calls =
    { .type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 8, .max_entries = 2 };
SEC("socket1") int count(struct __sk_buff *skb)
{
    int key = 1;
    long *value = bpf_map_lookup_elem(&calls, &key);
    if (value)
        *value += 3;
    return 0;
}
"""

KERNEL = """
extern int LINUX_KERNEL_VERSION __kconfig;
extern int CONFIG_NO_SUCH_THING __kconfig __weak;
extern const void no_such_symbol __ksym __weak;
extern const int no_such_variable __ksym __weak;
SEC("socket") int asks(struct __sk_buff *skb)
{
    if (&no_such_symbol || &no_such_variable || CONFIG_NO_SUCH_THING)
        return 0;
    return LINUX_KERNEL_VERSION;
}
"""


@pytest.fixture(params=CLANGS)
def clang(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def compiled(source: str, directory: Path, *command: str) -> ObjectFile:
    path = directory / "test.bpf.c"
    path.write_text(_HEAD + source)
    built = compile_bpf(path, *command)
    return read_object(built.read_bytes(), "test.bpf.o")


@contextmanager
def loaded(
    file: ObjectFile, kernel: LiveKernel, *programs: str
) -> Iterator[tuple[Loaded, Mapping[str, int]]]:
    """The object in the kernel, and what each program returns when it runs once."""
    with load(link(file, LiveFacts(kernel), programs or None), kernel) as one:
        yield one, {name: run.test_run(PACKET).retval for name, run in one.programs.items()}


def test_globals_and_functions(clang: str, tmp_path: Path, kernel: LiveKernel) -> None:
    file = compiled(GLOBALS, tmp_path, clang)
    with loaded(file, kernel) as (objects, returned):
        assert returned == {"main_one": (41 * 2 + 4 + 7) * 1000 + ord("b"), "main_two": 31}
        places = {one.name: one for one in file.variables}
        total, counter = places["total"], places["counter"]
        bss, data = objects.maps[total.map], objects.maps[counter.map]
        assert bss.get(u32(0))[total.offset :][:8] == u64(40)
        assert data.get(u32(0))[counter.offset :][:4] == u32(41)
        assert (total.map, counter.map) == ("test.bss", "test.data")


def test_maps_with_initial_values(clang: str, tmp_path: Path, kernel: LiveKernel) -> None:
    with loaded(compiled(MAPS, tmp_path, clang), kernel, "entry", "target") as (objects, returned):
        assert returned == {"entry": 77, "target": 77}
        assert objects.maps["two"].get(u32(0)) == u64(9)
        assert objects.maps["one"].get(u32(0)) == u64(0)
        assert objects.maps["seen"].get(u32(3)) == u64(5)


def test_callbacks(clang: str, tmp_path: Path, kernel: LiveKernel) -> None:
    file = compiled(CALLBACK, tmp_path, clang)
    with loaded(file, kernel) as (objects, _):
        assert not objects.programs
    with loaded(file, kernel, "loops") as (_, returned):
        assert returned == {"loops": 45}


def test_objects_of_2017(clang: str, tmp_path: Path, kernel: LiveKernel) -> None:
    file = compiled(PLAIN, tmp_path, clang, "-g0")
    assert len(file.btf) == 1
    with loaded(file, kernel) as (objects, _):
        assert objects.maps["calls"].get(u32(1)) == u64(3)


def test_what_the_kernel_has(clang: str, tmp_path: Path, kernel: LiveKernel) -> None:
    with loaded(compiled(KERNEL, tmp_path, clang), kernel) as (_, returned):
        assert returned == {"asks": LiveFacts(kernel).version()}
