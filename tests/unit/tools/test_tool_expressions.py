"""Expressions as BCC's manuals have them, in the tracing language."""

from __future__ import annotations

import argparse

import pytest

from seismo.base.diagnostics import Diagnostics
from seismo.base.source import Source
from seismo.lang.parse_probe import parse
from seismo.tools.analysis.expressions import names_of, split_top, translated

NAMES = names_of("(struct file *file, const char *buf, size_t count)")

EXPRESSIONS = {
    "arg1": "arg0",
    "arg10 + arg2": "arg9 + arg1",
    "arg3 > 20000": "arg2 > 20000",
    "(int)retval < 0": "(int)retval < 0",
    "$retval != 0": "retval != 0",
    "(const char *)arg1": "(char *)arg0",
    "arg2@user": "uptr(arg1)",
    "args->filename@user": "uptr(args.filename)",
    "args->nr_sector": "args.nr_sector",
    "args->count == count": "args.count == ((size_t)arg2)",
    "file->f_path.dentry->d_iname": "((struct file *)arg0)->f_path.dentry->d_iname",
    "file->f_inode != NULL": "((struct file *)arg0)->f_inode != 0",
    "((struct file *)arg1)->f_pos": "((struct file *)arg0)->f_pos",
    "count % 10": "((size_t)arg2) % 10",
    "$task->fs->users": "curtask->fs->users",
    "$tgid == 7 && $pid == 9": "pid == 7 && tid == 9",
    "$PID": "pid",
    "$uid == 0 || $gid == $cpu": "uid == 0 || gid == cpu",
    'STRCMP("test.txt", arg2)': '(str(arg1) == "test.txt")',
    'STRCMP("a, (b)", arg2@user)': '(str(uptr(arg1)) == "a, (b)")',
    '!STRCMP("x", (char *)arg1)': '!(str((char *)arg0) == "x")',
    'STRCMP("arg1 \\"const\\" $pid a@user", buf)': (
        '(str(((char *)arg1)) == "arg1 \\"const\\" $pid a@user")'
    ),
}


@pytest.mark.parametrize(("theirs", "ours"), EXPRESSIONS.items())
def test_what_each_expression_is_in_a_script(theirs: str, ours: str) -> None:
    assert translated(theirs, NAMES) == ours
    diagnostics = Diagnostics()
    parse(Source("expression", f"kprobe:f {{ print({ours}); }}"), diagnostics, ())
    assert not diagnostics.found, str(diagnostics.found[0])


def test_what_argdist_makes_something_of_is_kept() -> None:
    assert translated("$latency/$entry(count)", NAMES) == "$latency/$entry(((size_t)arg2))"


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("arg0", "arg1 is the first argument, there is no arg0"),
        ("$tid == 3", "there is no $tid, but $pid $tgid "),
    ],
)
def test_words_that_mean_nothing(expression: str, message: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError) as raised:
        translated(expression, NAMES)
    assert str(raised.value).startswith(message)


@pytest.mark.parametrize(
    ("signature", "names"),
    [
        ("()", {}),
        ("(void)", {}),
        ("(u64 size)", {"size": "((u64)arg0)"}),
        ("(unsigned long  n, char **v)", {"n": "((unsigned long)arg0)", "v": "((char **)arg1)"}),
        ("(int fd, const void *buf)", {"fd": "((int)arg0)", "buf": "((void *)arg1)"}),
        ("(const char __user * name)", {"name": "((char *)arg0)"}),
        ("(const char *format, ...)", {"format": "((char *)arg0)"}),
        ("(char name[16], int fds[])", {"name": "((char *)arg0)", "fds": "((int *)arg1)"}),
        ("(void *(*run)(void *, int), int n)", {"run": "arg0", "n": "((int)arg1)"}),
    ],
)
def test_the_parameters_of_a_signature(signature: str, names: dict[str, str]) -> None:
    assert names_of(signature) == names


@pytest.mark.parametrize("signature", ["(int)", "(size_t size,)"])
def test_a_parameter_needs_a_type_and_a_name(signature: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="is no parameter"):
        names_of(signature)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", [""]),
        ("a:b", ["a", "b"]),
        ("f(a:b):c[d:e]", ["f(a:b)", "c[d:e]"]),
        ('"a:b":c', ['"a:b"', "c"]),
        (r'"a\":b":c', [r'"a\":b"', "c"]),
    ],
)
def test_parts_are_divided_outside_brackets_and_quotes(text: str, parts: list[str]) -> None:
    assert split_top(text, ":") == parts
