"""Places to trace, in every form that BCC's manuals have, and in the form of a script."""

from __future__ import annotations

import argparse

import pytest

from seismo.base.diagnostics import Diagnostics
from seismo.base.source import Source
from seismo.lang.parse_probe import parse
from seismo.tools.analysis.places import place_name, place_of

FORMS = {
    "do_sys_open": "kprobe:do_sys_open",
    "::sys_execve": "kprobe:sys_execve",
    "p::__kmalloc": "kprobe:__kmalloc",
    "p:vfs_read": "kprobe:vfs_read",
    "r::__kmalloc": "kretprobe:__kmalloc",
    "vfs_*": "kprobe:vfs_*",
    "*tcp*send*": "kprobe:*tcp*send*",
    "kfree_skb+0x12": "kprobe:kfree_skb+0x12",
    "kfree_skb+56": "kprobe:kfree_skb+56",
    "c:malloc": "uprobe:libc:malloc",
    ":c:malloc": "uprobe:libc:malloc",
    "p:c:inet_pton": "uprobe:libc:inet_pton",
    "r:c:read": "uretprobe:libc:read",
    "r:sh:readline": "uretprobe:sh:readline",
    "go:os.*": "uprobe:libgo:os.*",
    "libc:malloc": "uprobe:libc:malloc",
    "./test:read*": "uprobe:./test:read*",
    "/opt/shop/contentions:*": "uprobe:/opt/shop/contentions:*",
    "/lib64/ld-linux-x86-64.so.2:_dl_*": "uprobe:/lib64/ld-linux-x86-64.so.2:_dl_*",
    "t:block:block_rq_complete": "tracepoint:block:block_rq_complete",
    "t:block:*": "tracepoint:block:*",
    "u:pthread:pthread_create": "usdt:libpthread:pthread_create",
    "u:pthread:libpthread:pthread_create": "usdt:libpthread:libpthread:pthread_create",
    "u:pthread:*mutex*": "usdt:libpthread:*mutex*",
    "u:/usr/bin/node:gc*": "usdt:/usr/bin/node:gc*",
    "kretprobe:vfs_read": "kretprobe:vfs_read",
    "uprobe:libc:malloc": "uprobe:libc:malloc",
    "fexit:vfs_read": "fexit:vfs_read",
    "tracepoint:sched:sched_switch": "tracepoint:sched:sched_switch",
    "rawtracepoint:sched_switch": "rawtracepoint:sched_switch",
    "usdt:/usr/bin/python3:gc__start": "usdt:/usr/bin/python3:gc__start",
    "profile:hz:99": "profile:hz:99",
}


@pytest.mark.parametrize(("text", "probe"), FORMS.items())
def test_what_each_form_means(text: str, probe: str) -> None:
    """And a script can say it."""
    assert place_of(text).probe == probe
    diagnostics = Diagnostics()
    parse(Source("place", f"{probe} {{ }}"), diagnostics, ())
    assert not diagnostics.found, str(diagnostics.found[0])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "e.g. vfs_read, c:malloc"),
        ("vfs read", "e.g. vfs_read, c:malloc"),
        ("p::", "the function has no name"),
        ("c:", "the function has no name"),
        ("r:c:", "the function has no name"),
        ("t:sched", "t:CATEGORY:EVENT"),
        ("t:sched:", "t:CATEGORY:EVENT"),
        ("t::sched_switch", "t:CATEGORY:EVENT"),
        ("t:a:b:c", "t:CATEGORY:EVENT"),
        ("u:pthread", "u:FILE:PROBE"),
        ("u::pthread_create", "u:FILE:PROBE"),
        ("u:a:b:c:d", "u:FILE:PROBE"),
        ("x:c:malloc", "none of [[p|r]:][LIBRARY:]FUNCTION"),
        ("p:c:malloc:4", "none of [[p|r]:][LIBRARY:]FUNCTION"),
    ],
)
def test_what_means_nothing(text: str, message: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError) as raised:
        place_of(text)
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("text", "entry", "exit"),
    [
        ("vfs_read", "kprobe:vfs_read", "kretprobe:vfs_read"),
        ("r:c:read", "uprobe:libc:read", "uretprobe:libc:read"),
        ("fexit:vfs_read", "fentry:vfs_read", "fexit:vfs_read"),
    ],
)
def test_where_a_function_begins_and_returns(text: str, entry: str, exit: str) -> None:
    place = place_of(text)
    assert (place.is_function, place.entry, place.exit) == (True, entry, exit)
    assert place.is_return == (place.probe == exit)


def test_what_is_no_function_does_not_return() -> None:
    place = place_of("t:sched:sched_switch")
    assert not place.is_function and not place.is_return


@pytest.mark.parametrize(
    ("probe", "name"),
    [
        ("kprobe:vfs_read", "vfs_read"),
        ("uretprobe:/usr/lib/libc.so.6:malloc", "malloc"),
        ("tracepoint:sched:sched_switch", "sched:sched_switch"),
    ],
)
def test_the_name_of_a_probe(probe: str, name: str) -> None:
    assert place_name(probe) == name
