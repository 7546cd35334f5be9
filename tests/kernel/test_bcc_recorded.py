"""Tables and C as BCC 0.26 has them: outputs recorded from it, programs run here."""

from __future__ import annotations

import ctypes as ct
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from bcc_recorded import BODY, CASES, HEAD
from seismo.bcc import BPF

pytestmark = pytest.mark.kernel

STARS = "*" * 40

TABLES = r"""
struct by_pid { u32 pid; u64 slot; };
struct by_disk { char disk[32]; u64 slot; };
struct task { u32 pid; char comm[8]; };
struct by_task { struct task task; u64 slot; };
BPF_HISTOGRAM(slots);
BPF_HISTOGRAM(linear, int, 2000);
BPF_HISTOGRAM(pids, struct by_pid);
BPF_HISTOGRAM(disks, struct by_disk);
BPF_HISTOGRAM(tasks, struct by_task);
BPF_HASH(counts, struct task);
BPF_ARRAY(array, u64, 8);
BPF_PERCPU_ARRAY(per_cpu, u64, 4);
BPF_QUEUE(queue, u64, 4);
BPF_STACK(stack, u64, 4);
BPF_PROG_ARRAY(calls, 4);
int nothing(void *ctx) { return 0; }
"""


@pytest.fixture(scope="module")
def values() -> Iterator[Callable[[Sequence[tuple[str, str, int]]], list[int]]]:
    """What expressions are worth in a program that this process runs."""

    def evaluate(cases: Sequence[tuple[str, str, int]]) -> list[int]:
        puts = [
            f"{{ {before} put({at}, (u64)({shown})); }}"
            for at, (before, shown, _) in enumerate(cases)
        ]
        body = BODY.replace("PID", str(os.getpid())).replace("PUTS", "\n    ".join(puts))
        with BPF(text=HEAD + body) as b:
            ct.CDLL(None).getppid()
            return [b["out"][at].value for at in range(len(cases))]

    yield evaluate


@pytest.mark.parametrize("group", sorted(CASES))
def test_c_means_what_it_means_to_bcc(group: str, values: Callable[..., list[int]]) -> None:
    cases = CASES[group]
    found = values(cases)
    wrong = [
        (*case, hex(value)) for case, value in zip(cases, found, strict=True) if case[2] != value
    ]
    assert wrong == []


@pytest.fixture
def b() -> Iterator[BPF]:
    with BPF(text=TABLES) as made:
        yield made


class TestHistograms:
    def test_of_powers_of_two(self, b: BPF, capsys: pytest.CaptureFixture[str]) -> None:
        slots = b["slots"]
        slots.print_log2_hist("usecs")
        slots[0] = slots.Leaf(5)
        slots.print_log2_hist("usecs")
        assert capsys.readouterr().out == ""
        slots[1], slots[3] = slots.Leaf(5), slots.Leaf(1)
        slots.print_log2_hist("usecs")
        assert capsys.readouterr().out.splitlines() == [
            "     usecs               : count     distribution",
            f"         0 -> 1          : 5        |{STARS}|",
            f"         2 -> 3          : 0        |{'':40}|",
            f"         4 -> 7          : 1        |{'********':40}|",
        ]
        slots[1] = slots.Leaf(0)
        slots.print_log2_hist("usecs", strip_leading_zero=True)
        assert capsys.readouterr().out.splitlines() == [
            "     usecs               : count     distribution",
            f"         4 -> 7          : 1        |{'********':40}|",
        ]

    def test_with_a_heading_for_each_bucket(
        self, b: BPF, capsys: pytest.CaptureFixture[str]
    ) -> None:
        pids = b["pids"]
        for pid, slot, count in ((7, 1, 2), (7, 2, 9), (3, 3, 1), (12, 1, 5)):
            pids[pids.Key(pid=pid, slot=slot)] = pids.Leaf(count)
        pids.print_log2_hist(
            "ms",
            "pid",
            section_print_fn=lambda pid: f"P{pid}",
            bucket_fn=lambda pid: pid // 10,
            bucket_sort_fn=sorted,
        )
        assert capsys.readouterr().out.splitlines() == [
            "",
            "pid = P0",
            "     ms                  : count     distribution",
            f"         0 -> 1          : 2        |{'********':40}|",
            f"         2 -> 3          : 9        |{STARS}|",
            f"         4 -> 7          : 1        |{'****':40}|",
            "",
            "pid = P1",
            "     ms                  : count     distribution",
            f"         0 -> 1          : 5        |{STARS}|",
        ]

    def test_with_text_and_with_structs_as_buckets(
        self, b: BPF, capsys: pytest.CaptureFixture[str]
    ) -> None:
        disks, tasks = b["disks"], b["tasks"]
        disks[disks.Key(b"sda", 1)] = disks.Leaf(4)
        disks.print_log2_hist(section_header="disk")
        disks.print_log2_hist(section_header="disk", section_print_fn=bytes.decode)
        key = tasks.Key()
        key.task.pid, key.task.comm, key.slot = 9, b"abc", 1
        tasks[key] = tasks.Leaf(3)
        tasks.print_linear_hist(bucket_fn=lambda task: (task.pid, task.comm))
        assert capsys.readouterr().out.splitlines() == [
            "",
            "disk = b'sda'",
            "     value               : count     distribution",
            f"         0 -> 1          : 4        |{STARS}|",
            "",
            "disk = sda",
            "     value               : count     distribution",
            f"         0 -> 1          : 4        |{STARS}|",
            "",
            "Bucket ptr = (9, b'abc')",
            "     value         : count     distribution",
            f"        0          : 0        |{'':40}|",
            f"        1          : 3        |{STARS}|",
        ]

    def test_beyond_what_can_be_printed(self, b: BPF) -> None:
        linear = b["linear"]
        linear[1025] = linear.Leaf(1)
        with pytest.raises(IndexError):
            linear.print_linear_hist()
        with pytest.raises(IndexError):
            linear.print_log2_hist()


class TestTables:
    def test_what_raises_which_error(self, b: BPF) -> None:
        array, counts = b["array"], b["counts"]
        wrong: list[tuple[type[Exception], Callable[[], Any]]] = [
            (IndexError, lambda: array[8]),
            (IndexError, lambda: array.__setitem__(8, array.Leaf(1))),
            (IndexError, lambda: array.clearitem(1000)),
            (IndexError, lambda: 1000 in array),
            (KeyError, lambda: counts[counts.Key(1)]),
            (KeyError, lambda: counts.__delitem__(counts.Key(1))),
            (KeyError, lambda: counts.pop(counts.Key(1))),
            (KeyError, counts.popitem),
            (KeyError, b["queue"].pop),
            (KeyError, b["stack"].peek),
            (KeyError, lambda: b["calls"][0]),
            (KeyError, lambda: b["calls"].__delitem__(3)),
            (KeyError, lambda: b["nothing of the kind"]),
            (TypeError, lambda: b["per_cpu"].__setitem__(0, 5)),
        ]
        for error, call in wrong:
            with pytest.raises(error):
                call()

    def test_indices_from_the_end(self, b: BPF) -> None:
        array = b["array"]
        array[-1] = array.Leaf(9)
        assert (array[7].value, array[-8].value, len(array)) == (9, 0, 8)
        del array[-1]
        assert [leaf.value for leaf in array.values()] == [0] * 8

    def test_text_of_keys_and_leaves(self, b: BPF) -> None:
        counts = b["counts"]
        assert counts.key_sprintf(counts.Key(7, b"abc")) == b'{ 0x7 "abc" }'
        assert counts.leaf_sprintf(counts.Leaf(7)) == b"0x7"
        key = counts.key_scanf(b'{ 0x7 "abc" }')
        assert (key.pid, key.comm) == (7, b"abc")

    def test_entries_deleted_in_a_loop(self, b: BPF) -> None:
        counts = b["counts"]
        for pid in range(20):
            counts[counts.Key(pid)] = counts.Leaf(pid)
        for key in counts:
            del counts[key]
        assert (len(counts), counts.items()) == (0, [])

    def test_queues_and_stacks(self, b: BPF) -> None:
        for name, left in (("queue", [1, 2, 3, 9]), ("stack", [9, 3, 2, 1])):
            table = b[name]
            for number in range(4):
                table.push(table.Leaf(number))
            with pytest.raises(OSError, match="Argument list too long"):
                table.push(table.Leaf(9))
            table.push(table.Leaf(9), table.BPF_EXIST)
            assert [one.value for one in table.values()] == left
            assert (table.map_id > 0, table.get_fd()) == (True, table.map_fd)


class TestQuestions:
    def test_names_of_system_calls(self) -> None:
        assert BPF.fix_syscall_fnname(b"sys_open") == BPF.get_syscall_fnname("open")
        assert BPF.fix_syscall_fnname("__arm64_sys_open") == BPF.get_syscall_fnname("open")
        assert BPF.fix_syscall_fnname("vfs_read") == b"vfs_read"

    def test_symbols(self) -> None:
        address = BPF.ksymname("vfs_read")
        assert [BPF.ksym(address + 7, *asked) for asked in ((), (True,), (True, True))] == [
            b"vfs_read",
            b"vfs_read [kernel]",
            b"vfs_read+0x7 [kernel]",
        ]
        assert (BPF.ksym(0, True, True), BPF.sym(8, os.getpid(), True)) == (b"[unknown]",) * 2
        assert (BPF.ksymname(""), BPF.ksymname("no such symbol")) == (-1, -1)

    @pytest.mark.parametrize(
        ("struct", "field", "answer"),
        [
            (b"task_struct", b"__state", 1),
            ("task_struct", "state", 0),
            ("sock", "skc_family", 0),
            ("nosuch", "x", -1),
        ],
    )
    def test_members(self, struct: str, field: str, answer: int) -> None:
        assert BPF.kernel_struct_has_field(struct, field) == answer

    def test_tracepoints_are_matched_from_their_beginning(self) -> None:
        assert set(BPF.get_tracepoints("sched:sched_sw")) >= {b"sched:sched_switch"}
        assert BPF.get_tracepoints("sched_switch") == []

    def test_a_path_is_a_library_as_it_is(self) -> None:
        assert BPF.find_library("/bin/sh") == b"/bin/sh"
        assert BPF.find_library("nosuchlibrary") is None


def test_stacks_by_build_id() -> None:
    text = f"""
    BPF_STACK_TRACE_BUILDID(stacks, 64);
    BPF_ARRAY(last, int, 1);
    TRACEPOINT_PROBE(syscalls, sys_enter_getppid) {{
        if (bpf_get_current_pid_tgid() >> 32 != {os.getpid()}) return 0;
        int first = 0, id = stacks.get_stackid(args, BPF_F_USER_STACK);
        last.update(&first, &id);
        return 0;
    }}"""
    library = BPF.find_library("c")
    assert library is not None
    with BPF(text=text) as b:
        ct.CDLL(None).getppid()
        (place, *_) = b["stacks"].walk(b["last"][0].value)
        BPF.add_module(library)
        shown = b.sym(place, os.getpid(), show_module=True)
    assert shown.endswith(b"getppid [" + os.path.basename(library) + b"]")
