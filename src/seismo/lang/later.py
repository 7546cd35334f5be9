"""Names that the language has and this release has not: their use is no misspelling."""

from __future__ import annotations

__all__ = ("LATER_NAMES",)

LATER_NAMES = frozenset(
    (
        *(f"arg{number}" for number in range(10)),
        *("assert", "assert_str", "avg", "bswap", "buf", "cat", "cgroup", "cgroup_path"),
        *("cgroupid", "config", "container_of", "cpid", "ctx", "curtask", "debugf", "dw_ustack"),
        *("elapsed", "errorf", "fail", "find", "func", "getopt", "has_cpid", "hist", "is_array"),
        *("is_err", "is_integer", "is_literal", "is_ptr", "is_str", "is_unsigned_integer"),
        *("jiffies", "join", "kaddr", "kfunc_allowed", "kfunc_exist", "kptr", "kstack", "ksym"),
        *("leader_comm", "leader_tid", "len", "lhist", "macaddr", "max", "memcmp", "min", "ncpus"),
        *("ntop", "numaid", "override", "path", "pcomm", "percpu_kaddr", "ppid", "probetype"),
        *("pton", "rand", "reg", "retval", "signal", "signal_name", "signal_thread", "skboutput"),
        *("socket_cookie", "stack_len", "static_assert", "stats", "str_concat", "strcap"),
        *("strcontains", "strerror", "strftime", "strlen", "strncmp", "strstr", "sum"),
        *("syscall_name", "system", "time", "tseries", "uaddr", "unwatch", "uptr", "usermode"),
        *("username", "ustack", "usym", "warnf", "write_user"),
    )
)
