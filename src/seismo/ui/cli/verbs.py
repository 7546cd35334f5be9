"""The words that may stand behind `seismo`, beside a script: commands, and the names of tools.

A word is one of these though a file is called so; a script of such a name is `./NAME`.
"""

from __future__ import annotations

import os.path
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from typing import Any, TypeAlias

from seismo.base.diagnostics import did_you_mean
from seismo.tools.table import NAMES, find_tool
from seismo.ui.cli.errors import InputError

__all__ = ("COMMANDS", "command_parser", "find_command")

Command: TypeAlias = Callable[[Sequence[str]], int]

COMMANDS = {
    "tools": ("tools", "the ready-made tools, by what they are about"),
    "doctor": ("doctor", "what works on this kernel, and what to do about the rest"),
    "build": ("build", "a script as a file that runs on other kernels, or as one program"),
    "obj": ("obj", "object files of eBPF: show, load, run"),
    "cc": ("cc", "eBPF C to an object file, with clang"),
    "gen-header": ("gen_header", "the types that an object file shares with user space, as C"),
    "btf": ("btf", "types of kernels, modules and files: list, dump, min"),
    "cbpf": ("cbpf", "classic BPF: filter expressions, its machine, and what it becomes"),
    "prog": ("prog", "programs that are in the kernel: list, show, dump"),
    "map": ("map", "maps that are in the kernel: list, show, dump"),
    "link": ("link", "attachments that are in the kernel: list, show"),
    "vm": ("vm", "programs in a virtual machine, without a kernel: run"),
    "sandbox": ("sandbox", "programs under dynamic checks, whatever a verifier says of them"),
    "attack": ("attack", "a laboratory: attacks on eBPF and with it, and what stops them"),
    "verify": ("verify", "whether the kernel would take a program, and if not, what would help"),
    "audit": ("audit", "what processes do: calls, files, connections, credentials; losses exact"),
    "audit build": ("audit_build", "an audit configuration as one program that runs elsewhere"),
    "audit events": ("audit_events", "the events that audits know"),
    "audit profiles": ("audit_profiles", "ready-made configurations of audits"),
    "audit query": ("audit_query", "SQL over what audits have written as Parquet"),
    "audit schema": ("audit_schema", "the events of audits as Python, C, JSON Schema, Arrow"),
    "strace": ("strace", "system calls of commands and processes, as strace shows them"),
    "record": ("record", "what comes by on this kernel, into a file"),
    "replay": ("replay", "a script over a recording, without a kernel and without privilege"),
    "test": ("test_script", "scripts over what their test files say happens, without privilege"),
}
"""Each command: the module here that has it (its function is `run_` and the module's name), and
what it is for."""


def find_command(word: str) -> Command | None:
    """What a word does as the first of a command line, or None where it is a file's name.

    Raises InputError for a word that is no command, no tool and no file.
    """
    if word in COMMANDS:
        run: Command = _function(COMMANDS[word][0])
        return run
    if word in NAMES:
        return partial(_function("tool"), find_tool(word))
    if os.path.exists(word):
        return None
    hint = did_you_mean(word, (*NAMES, *COMMANDS)) or "`seismo tools` lists them"
    raise InputError(f"there is no tool, and no file, called '{word}'\nhint: {hint}")


def command_parser(name: str) -> ArgumentParser:
    """What reads the command line of a command."""
    module = COMMANDS[name][0]
    make: Callable[[], ArgumentParser] = _named(module, f"{module}_parser")
    return make()


def _function(module: str) -> Callable[..., int]:
    run: Callable[..., int] = _named(module, f"run_{module}")
    return run


def _named(module: str, name: str) -> Any:
    return getattr(import_module(f"seismo.ui.cli.{module}"), name)
