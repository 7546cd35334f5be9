"""The modules of the package that tools import beside `BPF`: utils, tcp, syscall, containers."""

from __future__ import annotations

import argparse
import io
import os
import subprocess
import sys

import pytest

from seismo.bcc.containers import filter_by_containers
from seismo.bcc.syscall import syscall_name, syscalls
from seismo.bcc.tcp import flags2str, tcpstate
from seismo.bcc.utils import (
    ArgString,
    StrcmpRewrite,
    detect_language,
    get_online_cpus,
    get_possible_cpus,
    printb,
)


class _Text(io.TextIOWrapper):
    """A text file as standard output is, when it is no terminal."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", newline="\n")

    @property
    def written(self) -> bytes:
        raw = self.buffer
        assert isinstance(raw, io.BytesIO)
        return raw.getvalue()


def test_bytes_come_behind_what_print_wrote() -> None:
    out = _Text()
    print("header", file=out)
    printb(b"\xff row", file=out)
    printb(b"no end", file=out, nl=0)
    assert out.written == b"header\n\xff row\nno end"


def test_bytes_to_a_file_of_bytes() -> None:
    out = io.BytesIO()
    printb(b"row", out)
    assert out.getvalue() == b"row\n"


def test_arguments_are_bytes_and_text() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("name", type=ArgString)
    name = parser.parse_args(["gr\u00fcn"]).name
    assert (name, bytes(name), b"%s!" % name, f"{name}!") == (
        "gr\u00fcn",
        b"gr\xc3\xbcn",
        b"gr\xc3\xbcn!",
        "gr\u00fcn!",
    )


def test_cpus() -> None:
    online, possible = get_online_cpus(), get_possible_cpus()
    assert len(online) == os.sysconf("SC_NPROCESSORS_ONLN")
    assert set(online) <= set(possible)


def test_language_of_a_process() -> None:
    python = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    cat = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
    try:
        assert detect_language(["java", "python"], python.pid) == "python"
        assert detect_language(["java"], python.pid) is None
        assert detect_language(["java", "python", "perl"], cat.pid) is None
    finally:
        for one in (python, cat):
            one.communicate(b"\n")
    assert detect_language(["python"], python.pid) is None


@pytest.mark.parametrize(
    ("expression", "is_user", "reads"),
    [
        ('STRCMP("a b", arg1)', False, ["bpf_probe_read_kernel"]),
        ('STRCMP("a b", arg1)', True, ["bpf_probe_read_user"]),
        ('STRCMP("x", arg2) && STRCMP("y", arg1)', False, ["bpf_probe_read_user"] * 2),
        ('STRCMP("x", arg2) || STRCMP("y", arg3)', False, ["bpf_probe_read_user", None]),
        ("arg1 > 3", False, []),
    ],
)
def test_string_comparisons(expression: str, is_user: bool, reads: list[str | None]) -> None:
    user_list = ["arg1", "arg2"] if not expression.startswith('STRCMP("a') else []
    answer = StrcmpRewrite.rewrite_expr(expression, False, is_user, user_list, "// 0\n", 5)
    functions = answer["streq_functions"]
    assert functions.startswith("// 0\n")
    assert answer["probeid"] == 5 + len(reads)
    assert "STRCMP" not in answer["expr"]
    for number, read in enumerate(reads, 5):
        assert f"streq_{number}(" in answer["expr"]
        body = functions.split(f"bool streq_{number}(")[1].split("\n}\n")[0]
        assert f"{read or 'bpf_probe_read_kernel'}(&found, sizeof(found), (void *)text);" in body
        assert "sizeof(wanted) - 1" in body


def test_comparison_of_bytes() -> None:
    answer = StrcmpRewrite.rewrite_expr('STRCMP("{0x2f,0x65}", arg1)', True, False, [], "", 0)
    assert answer["expr"] == 'streq_0("{0x2f,0x65}", arg1)'
    assert "char wanted[] = {0x2f,0x65};" in answer["streq_functions"]
    assert "i < sizeof(wanted);" in answer["streq_functions"]


@pytest.mark.parametrize(
    ("flags", "text"),
    [
        (0x12, "SYN|ACK"),
        (0x18, "PSH|ACK"),
        (0x04, "RST"),
        (0xFF, "FIN|SYN|RST|PSH|ACK|URG|ECE|CWR"),
    ],
)
def test_tcp_flags(flags: int, text: str) -> None:
    assert flags2str(flags) == text


def test_tcp_states() -> None:
    assert [tcpstate[one] for one in (1, 7, 10)] == ["ESTABLISHED", "CLOSE", "LISTEN"]
    assert sorted(tcpstate) == list(range(1, 13))


def test_system_calls() -> None:
    names = {"x86_64": {0: b"read", 59: b"execve"}, "aarch64": {63: b"read", 221: b"execve"}}
    known = names[os.uname().machine]
    assert {number: syscall_name(number) for number in known} == known
    assert syscall_name(99999) == b"[unknown: 99999]"
    assert b"" not in syscalls.values()


def test_containers_are_filtered_where_maps_are_named() -> None:
    none = filter_by_containers(argparse.Namespace(cgroupmap=None, mntnsmap=None))
    assert "BPF_TABLE_PINNED" not in none
    assert "int container_should_be_filtered(void)" in none
    both = argparse.Namespace(cgroupmap="/sys/fs/bpf/one", mntnsmap="/sys/fs/bpf/two")
    text = filter_by_containers(both)
    assert 'BPF_TABLE_PINNED("hash", u64, u64, cgroupset, 1024, "/sys/fs/bpf/one");' in text
    assert 'mount_ns_set, 1024, "/sys/fs/bpf/two");' in text
    assert text.count("{") == text.count("}")
    assert "{{" not in none + text
