"""Scripts that are compiled on one kernel and run on others, each with what it must print.

`python tests/shipped_scripts.py DIRECTORY` builds the bundles; the lab does so before it boots its
guests, and tells the tests by `SEISMO_SHIPPED` where they are.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

__all__ = ("SCRIPTS", "SHIPPED", "ShippedScript", "build")

SHIPPED = "SEISMO_SHIPPED"
_FILE = "/etc/passwd"


@dataclass(frozen=True, kw_only=True)
class ShippedScript:
    """A script, the command that it watches, and the lines that it prints of that, in any order."""

    text: str
    command: str = f"/bin/cat {_FILE}"
    lines: tuple[str, ...] = ()
    status: int = 0
    options: tuple[str, ...] = ()
    needs_functions: bool = False
    """Whether it asks for probes of kernel functions, which the kernel that builds may not have."""


def _walk() -> tuple[str, ...]:
    return (f"{os.uname().nodename} 1 cat 0",)


SCRIPTS = {
    "begin": ShippedScript(
        text='BEGIN { printf("%d %s\\n", 6 * 7, str($1)); exit(3); } END { printf("end\\n"); }',
        command="/bin/true",
        lines=("42 seven", "end"),
        status=3,
        options=("seven",),
    ),
    "writes": ShippedScript(
        text="""tracepoint:syscalls:sys_enter_write / pid == cpid && args.fd == 1 /
            { printf("%s %d\\n", comm, args.count > 0); @[comm] = count(); }""",
        lines=("cat 1", "@[cat]: 1"),
    ),
    "walk": ShippedScript(
        text="""tracepoint:sched:sched_process_exit / pid == cpid / {
            $name = curtask->nsproxy->uts_ns->name.nodename;
            printf("%s %d %s %d\\n", $name, curtask->tgid == pid, curtask->comm,
                curtask->exit_code); }""",
        lines=_walk(),
    ),
    "exec": ShippedScript(
        text="""tracepoint:sched:sched_process_exec / args.pid == cpid /
            { printf("%s %d\\n", str(args.filename), curtask->mm->exe_file != 0); }""",
        lines=("/bin/cat 1",),
    ),
    "raw": ShippedScript(
        text="""rawtracepoint:sched_process_exit / args.p->tgid == cpid /
            { printf("%s %d\\n", args.p->comm, args.p->signal->group_exit_code); }""",
        lines=("cat 0",),
    ),
    "family": ShippedScript(
        text='tracepoint:sched:sched_process_exec { printf("%s\\n", str(args.filename)); }',
        command='/bin/sh -c "/bin/true; /bin/true"',
        lines=("/bin/sh", "/bin/true", "/bin/true"),
        options=("--tree",),
    ),
    "loops": ShippedScript(
        text="""fn twice($n : uint64) : uint64 { return $n * 2; }
            BEGIN { for ($i : 0..4) { @m[$i] = twice($i); } @h = hist(elapsed < 10000000000); }
            END { $sum = (uint64)0; for ($kv : @m) { $sum += $kv.1; } print($sum);
                clear(@m); clear(@h); }""",
        command="/bin/true",
        lines=("12",),
    ),
    "functions": ShippedScript(
        text="""kprobe:vfs_open / pid == cpid / {
                $path = (struct path *)arg0;
                @opened[str($path->dentry->d_name.name)] = max(1); }
            kretprobe:vfs_open / pid == cpid / { @failed = sum(retval < 0); }
            END { printf("%d %d\\n", @opened["passwd"], @failed);
                clear(@opened); clear(@failed); }""",
        lines=("1 0",),
        needs_functions=True,
    ),
    "tasks": ShippedScript(
        text="iter:task { @ = max((int64)(ctx->task->tgid > 0)); }",
        command="/bin/true",
        lines=("@: 1",),
    ),
}
"""By name: what one kernel has otherwise than another is named in each but the first."""


def build(name: str, directory: Path) -> Path:
    """The bundle of a script, made in this directory; the object file lies beside it."""
    script = SCRIPTS[name]
    bundle = directory / f"{name}.pyz"
    command = [sys.executable, "-m", "seismo", "build", "-e", script.text]
    command += ["-o", str(directory / f"{name}.bo"), "--bundle", str(bundle), *script.options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return bundle


if __name__ == "__main__":
    for one in SCRIPTS:
        build(one, Path(sys.argv[1]))
