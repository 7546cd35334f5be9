"""What path(), path_at(), fd_path(), argv(), cmdline and container take and give."""

from __future__ import annotations

import pytest

from script_runs import complaints, warnings_of
from seismo.builtin.container import RUNTIMES
from seismo.runtime.containers import container_of_cgroup

FILE = "(struct file *)1"
KINDS = "a struct path, a struct file * or a struct dentry *"

MISTAKES = {
    "$p = path(curtask)": (
        f"curtask: path() takes {KINDS}, not struct task_struct * "
        "(such as args.file, or a cast: (struct file *)…)"
    ),
    f"$p = path(*{FILE})": (
        f"*{FILE}: path() takes {KINDS}, not struct file "
        "(such as args.file, or a cast: (struct file *)…)"
    ),
    "$p = path(1)": (
        "1: the file of path() must be a pointer or a record, not int8 (cast it: (void *)…)"
    ),
    f"$p = path({FILE}, 0)": "0: path() needs at least one byte (the size counts the NUL)",
    f"$p = path({FILE}, pid)": (
        "pid: the size of path() must be a literal "
        "(what is known only when the script runs cannot stand here)"
    ),
    "$p = fd_path(comm)": (
        "comm: the fd of fd_path() must be a number, not string[16] (write fd_path(fd[, size]))"
    ),
    "$p = path_at(1)": (
        "path_at(1): path_at() takes 2 to 3 arguments, not 1 "
        "(write path_at(directory, name[, size]))"
    ),
    "$p = path_at(1, (1, 2))": (
        "(1, 2): the name of path_at() must be a string or a pointer or a number, "
        "not (int8,int8) (write path_at(directory, name[, size]))"
    ),
    "@[argv(0)] = 1": (
        "argv(0): a list of words is no key, and argv(0) is one "
        "(print it, or keep it as a value; comm or a path tells programs apart)"
    ),
    'printf("%r", cmdline)': (
        "cmdline: the conversion takes a buffer or an array of integers, not words[9216] "
        "(print it with %s)"
    ),
    "@ = buf(comm, 4); @ = cmdline": (
        "cmdline: @ is buffer[4] (since case.bt:1:9), but this is words[9216] "
        "(use another name for it)"
    ),
}

FINE = (
    f"@[path({FILE})] = 1; $p = path(({FILE}).f_path); $q = path((struct dentry *)1, 4096);",
    "$p = path((struct path *)1); $q = path(curtask.fs.pwd);",
    'if (fd_path(0) == "/dev/null") { @[container] = count(); }',
    '@[path_at(-100, "x"), path_at(3, uptr(0), 64)] = count();',
    "$words = argv(1); @ = $words; @ = cmdline; @t = (1, cmdline());",
    "for $i : 0..3 { @[fd_path($i)] = container; }",
)


@pytest.mark.parametrize("body", MISTAKES)
def test_mistakes(body: str) -> None:
    assert complaints(f"{body};") == [MISTAKES[body]]


@pytest.mark.parametrize("body", FINE)
def test_what_compiles(body: str) -> None:
    assert complaints(body) == []


def test_no_path_is_longer_than_the_kernels() -> None:
    assert warnings_of("$p = fd_path(0, 4097);") == [
        "4097: fd_path() gives at most 4096 bytes (no path is longer)"
    ]


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_containers_are_those_that_the_command_line_means(runtime: str) -> None:
    """Both know the same runtimes, for ids that are short."""
    assert container_of_cgroup(f"/{runtime}0123456789ab.scope") == "0123456789ab"
    assert container_of_cgroup(f"/x{runtime}0123456789ab.scope") == ""
