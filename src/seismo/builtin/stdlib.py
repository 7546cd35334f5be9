"""The part of the standard library that is script itself: macros, parsed when a script uses one.

A macro whose name has several forms has them all in one text.
"""

from __future__ import annotations

from collections.abc import Mapping

from seismo.base.dataclass import dataclass

__all__ = ("LIBRARY", "TEXTS", "LibraryMacro")


@dataclass(frozen=True, slots=True)
class LibraryMacro:
    """A macro of the library: the `text` that defines all its forms, `example` a use of it."""

    name: str
    text: str
    doc: str
    example: str


_MACROS = (
    LibraryMacro(
        "assert",
        """
macro assert(condition, message) {
  if (!condition) {
    errorf("Assertion failed: %s", message);
    exit(1);
  }
}
""",
        "Ends seismo with exit code 1 and a message unless the condition holds.",
        'assert(args.count > 0, "an empty write");',
    ),
    LibraryMacro(
        "assert_str",
        """
macro assert_str(value) {
  if comptime (!is_str(value)) {
    if comptime (is_ptr(value) || is_array(value)) {
      if comptime (sizeof(value[0]) != 1) {
        fail("a string is made of characters of one byte");
      }
    } else {
      fail("this must be a string, an array of char or a pointer to char");
    }
  }
}
""",
        "Refuses to compile unless the value is like a string: one, or an array of or a pointer to "
        "char.",
        "assert_str(args.filename);",
    ),
    LibraryMacro(
        "default_str_length",
        "macro default_str_length() { config.max_strlen }",
        "How many bytes str() reads at most where it is not told.",
        "$size = default_str_length();",
    ),
    LibraryMacro(
        "is_err",
        # include/linux/err.h: the last 4095 addresses are error codes.
        "macro is_err(pointer) { (uint64)pointer >= 0xfffffffffffff001 }",
        "Whether a pointer that a kernel function gave is an error code, as IS_ERR() tells.",
        "if is_err(curtask.real_parent) { @failed = count() }",
    ),
    LibraryMacro(
        "leader_comm",
        """
macro leader_comm(task) { task.group_leader.comm }
macro leader_comm() { leader_comm(curtask) }
""",
        "Name of a task's process: that of its first thread. Without a task, of the current one.",
        "@[leader_comm] = count();",
    ),
    LibraryMacro(
        "leader_tid",
        """
macro leader_tid(task) { (uint32)task.group_leader.pid }
macro leader_tid() { leader_tid(curtask) }
""",
        "Thread id of the first thread of a task's process. Without a task, of the current one.",
        "@[leader_tid] = count();",
    ),
    LibraryMacro(
        "pcomm",
        """
macro pcomm(task) { task.real_parent.comm }
macro pcomm() { pcomm(curtask) }
""",
        "Name of a task's parent. Without a task, of the current one.",
        "@[pcomm, comm] = count();",
    ),
    LibraryMacro(
        "percpu_kaddr",
        """
macro percpu_kaddr(symbol, number) {
  (uint64)number < ncpus
    ? kaddr(symbol) + *(uint64 *)kptr(kaddr("__per_cpu_offset") + 8 * (uint64)number)
    : 0
}
macro percpu_kaddr(symbol) { percpu_kaddr(symbol, cpu) }
""",
        "Address of a per-CPU variable of the kernel on a CPU, by default the current one; 0 for a "
        "CPU that there is not. Needs a kernel that lists per-CPU variables in /proc/kallsyms.",
        '@processes = *(int32 *)percpu_kaddr("process_counts");',
    ),
    LibraryMacro(
        "ppid",
        """
macro ppid(task) { (uint32)task.real_parent.tgid }
macro ppid() { ppid(curtask) }
""",
        "Process id of a task's parent, in the initial namespace. Without a task, of the current "
        "one.",
        'printf("%d is a child of %d\\n", pid, ppid);',
    ),
    LibraryMacro(
        "stack_len",
        "macro stack_len(stack) { len(stack) }",
        "How many frames a stack has.",
        "@depth = hist(stack_len(kstack));",
    ),
)

LIBRARY: Mapping[str, LibraryMacro] = {macro.name: macro for macro in _MACROS}

TEXTS: Mapping[str, str] = {macro.name: macro.text for macro in _MACROS}
"""What defines each macro, as `lang.macro.expand_macros` wants it."""
