"""`seismo cc`: eBPF C to an object file, with clang and headers of our own.

    seismo cc tool.bpf.c

makes `tool.bpf.o`. A source finds `vmlinux.h`, which has the types of the running kernel, and
`bpf/bpf_helpers.h`, `bpf/bpf_core_read.h`, `bpf/bpf_tracing.h`, `bpf/bpf_endian.h`.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path

from seismo.clang.find import Compiler, find_compiler
from seismo.clang.headers import HEADERS, generated_headers
from seismo.ui.cli.errors import InputError
from seismo.ui.cli.parser import parser_for

__all__ = ("cc_parser", "run_cc")

_ARCHITECTURES = {"x86_64": "x86", "aarch64": "arm64"}
_EXAMPLES = """examples:
  seismo cc tool.bpf.c                       makes tool.bpf.o
  seismo cc tool.bpf.c -o out.o -DDEBUG -Iinclude
  seismo cc tool.bpf.c --vmlinux other.btf   with the types of another kernel
  seismo cc tool.bpf.c -- -Wall -Werror      what follows -- is for the compiler
"""


def run_cc(arguments: Sequence[str]) -> int:
    """Compile a file; the exit status: 1 when the compiler has complained."""
    ours, passed_on = _split(list(arguments))
    options = cc_parser().parse_args(ours)
    source = Path(options.source)
    if not source.exists():
        raise InputError(f"there is no file {source}")
    compiler = find_compiler(options.clang)
    with generated_headers(options.vmlinux) as generated:
        command = _command(compiler, options, generated, passed_on)
        if options.is_verbose:
            print(shlex.join(command), file=sys.stderr)
        try:
            done = subprocess.run(command)
        except OSError as error:
            raise InputError(f"cannot run {command[0]}: {error.strerror}") from error
        return 1 if done.returncode else 0


def cc_parser() -> ArgumentParser:
    """What reads the command line of `seismo cc`."""
    parser = parser_for("seismo cc", "Compile eBPF C to an object file.", _EXAMPLES)
    add = parser.add_argument
    add("source", metavar="FILE", help="the C source, by custom NAME.bpf.c")
    add("-o", "--output", default="", metavar="FILE", help="the object (NAME.bpf.o, here)")
    add("-I", dest="directories", action="append", default=[], metavar="DIR", help="search DIR")
    add("-D", dest="macros", action="append", default=[], metavar="NAME[=TEXT]", help="a macro")
    add("--vmlinux", default="", metavar="BTF", help="the kernel's types (the running kernel's)")
    add(
        "--target-arch",
        default=_ARCHITECTURES.get(os.uname().machine, os.uname().machine),
        metavar="ARCH",
        help="whose registers PT_REGS_* are: x86, arm64 (this machine's)",
    )
    add("--cpu", default="v3", metavar="VERSION", help="instructions up to v1 ... v4 (v3: 5.12)")
    add("--clang", default="", metavar="COMMAND", help="the compiler (clang, the newest clang-N)")
    add("-v", "--verbose", dest="is_verbose", action="store_true", help="show the compiler's call")
    return parser


def _split(arguments: list[str]) -> tuple[list[str], list[str]]:
    """What stands before `--` and what behind it."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    return arguments[:end], arguments[end + 1 :]


def _command(
    compiler: Compiler, options: Namespace, generated: Path, passed_on: list[str]
) -> list[str]:
    """The whole call. Directories that were named come before ours, the system's after them."""
    output = options.output or Path(options.source).with_suffix(".o").name
    system = [f"/usr/include/{os.uname().machine}-linux-gnu", "/usr/include"]
    return [
        *compiler.command,
        *("-target", compiler.target, f"-mcpu={options.cpu}", "-O2", "-g", "-std=gnu11"),
        f"-D__TARGET_ARCH_{options.target_arch}",
        *[f"-D{one}" for one in options.macros],
        *[f"-I{one}" for one in options.directories],
        *("-isystem", str(generated), "-isystem", str(HEADERS)),
        *[word for one in system for word in ("-idirafter", one)],
        *passed_on,
        *("-c", options.source, "-o", output),
    ]
