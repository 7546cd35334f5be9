"""Whole argument vectors on the running kernel: `argv`, `cmdline`, `join`."""

from __future__ import annotations

import ctypes
import json
import os
import subprocess

import pytest
from language_cases import mistakes, run

from script_runs import Ran, run_script

pytestmark = pytest.mark.kernel

ENTER = f"tracepoint:syscalls:sys_enter_execve /curtask.real_parent.tgid == {os.getpid()}/"
STARTED = f"tracepoint:sched:sched_process_exec /curtask.real_parent.tgid == {os.getpid()}/"
TRUE = "/bin/true"
CASES: dict[str, list[str]] = {
    "words, empty ones too": ["a", "b c", "", "", "end", ""],
    "a hundred": [str(number) for number in range(100)],
    "one of some thousand bytes": ["a", "x" * 5000, "b"],
    "as long as a piece that is read at once": ["x" * 1022, "y" * 1023, "z" * 1024],
    "bytes that are no characters": ["\udcff\udcfe", "ü"],
}
"""What fits."""


def started(*words: str) -> None:
    """Start a program with these arguments, by vfork() from this process."""
    subprocess.run([TRUE, *words], check=True)


def readable(text: str) -> str:
    """As `Run.output` has it."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def shown(ran: Ran) -> list[str]:
    assert ran.errors == ""
    return [line for line in ran.output.splitlines() if line]


def test_whole_lists() -> None:
    script = (
        f'{ENTER} {{ printf("%s|\\n", argv(args.argv)); join(args.argv, "+"); }}\n'
        f'{STARTED} {{ printf("%s|%d\\n", cmdline(), 7); print((1, cmdline)); }}'
    )

    def act() -> None:
        for words in CASES.values():
            started(*words)

    expected: list[str] = []
    for words in CASES.values():
        text = " ".join([TRUE, *words])
        expected += [f"{text}|", "+".join([TRUE, *words]), f"{text}|7", f"(1, {text})"]
    ran = run(script, during=act)
    assert ran.output.rstrip("\n").split("\n") == [readable(one) for one in expected]


def test_what_is_cut_is_marked() -> None:
    """10 KiB of arguments, and a word of as many."""
    script = (
        f'{ENTER} {{ printf("%s\\n", argv(args.argv)); join(args.argv); }}\n'
        f'{STARTED} {{ printf("%s\\n", cmdline()); }}'
    )
    many, long = ["w" * 99] * 102, ["x" * 20000]

    def act() -> None:
        started(*many)
        started(*long)

    lists = shown(run_script(script, act))
    for words, (vector, joined, line) in ((many, lists[:3]), (long, lists[3:])):
        whole = " ".join([TRUE, *words])
        for text in (vector, line):
            assert text.endswith("...")
            assert 8192 <= len(text) <= 8192 + 1024
            assert whole.startswith(text.removesuffix("...").rstrip())
        assert joined == whole or (joined.endswith("...") and len(joined) > 16384)


def test_the_values_are_lists_of_strings() -> None:
    script = (
        f"{ENTER} {{ print(argv(args.argv)); }} {STARTED} {{ print((1, cmdline)); @ = cmdline; }}"
    )
    ran = run(script, is_json=True, during=lambda: started("a b", "", '"'))
    events = [json.loads(line) for line in ran.output.splitlines()]
    words = [TRUE, "a b", "", '"']
    assert [one["data"] for one in events if one["type"] != "attached_probes"] == [
        words, [1, words], {"@": words},
    ]  # fmt: skip


def test_no_words_and_such_as_cannot_be_read() -> None:
    libc = ctypes.CDLL(None)
    word = ctypes.create_string_buffer(b"a")
    vector = (ctypes.c_void_p * 3)(ctypes.addressof(word), 1, None)
    script = (
        f"tracepoint:syscalls:sys_enter_execve /pid == {os.getpid()}/ {{\n"
        '    printf("<%s>\\n", argv(args.argv)); print(argv(args.argv)); join(args.argv);\n'
        "}"
    )

    def act() -> None:
        for words in (None, ctypes.c_void_p(1), (ctypes.c_void_p * 1)(), vector):
            libc.execve(b"/no/such/program", words, None)

    ran = run(script, is_json=True, during=act)
    data = [json.loads(line).get("data") for line in ran.output.splitlines()][1:13]
    words = [[], ["..."], [], ["a", "<unreadable>"]]
    expected: list[object] = []
    for one in words:
        text = " ".join(one)
        expected += [f"<{text}>\n", one, text]
    assert data == expected


def test_a_list_that_was_kept_takes_no_more_room_than_it_is_long() -> None:
    """A ring with room for six whole ones."""
    script = (
        f"{ENTER} {{ @kept[tid] = argv(args.argv); $own = argv(args.argv); $tid = tid;\n"
        '    for $i : 0..100 { printf("%s\\n", @kept[$tid]); printf("%s\\n", $own); }\n'
        "    clear(@kept);\n"
        "}"
    )
    ran = run_script(script, lambda: started("a", "b"), ring_bytes=1 << 16)
    assert shown(ran) == [f"{TRUE} a b"] * 200


def test_a_thread_of_the_kernel_has_no_arguments() -> None:
    script = "tracepoint:sched:sched_switch /curtask.mm == 0/ { print(cmdline()); exit(); }"
    assert shown(run_script(script, lambda: os.sync())) in ([], ["\n"])


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("@[argv(0)] = 1", "argv(0): a list of words is no key, and argv(0) is one"),
        ("@[1, cmdline] = 1", "cmdline: a list of words is no key, and cmdline is one"),
        ('printf("%r", argv(0))', "argv(0): the conversion takes a buffer or an array of integers"),
        ("argv()", "argv(): argv() takes 1 argument, not 0"),
        ("argv(comm)", "comm: the words of argv() must be a pointer or a number, not string[16]"),
    ],
)
def test_mistakes(body: str, complaint: str) -> None:
    (said,) = mistakes(f"BEGIN {{ {body}; }}")
    assert said.startswith(complaint)
