"""What `ext4dist` and `xfsdist` share: the operations of one file system as histograms."""

from __future__ import annotations

from seismo.tools.tool import Area, Histograms, Tool, columns

__all__ = ("dist_tool",)


def dist_tool(name: str, file_system: str) -> Tool:
    """The tool of this name about the file system that people call so."""
    about = f"""One histogram for each operation on regular files of {file_system}, in microseconds:
from the call of the file system's function to its return, with all that it waited for (a disk, a
lock, a processor); most reads and writes wait for nothing but memory. Those that failed are left
out; a write to a file of O_SYNC is a write alone. Where the kernel shows no functions, whole system
calls are measured: the same operations, a microsecond or so longer, but for what the kernel reads
and writes by itself. Not seen are accesses to mapped memory."""
    example = f"""examples:
  seismo {name}                     until Ctrl-C
  seismo {name} -i 5                every five seconds
  seismo {name} -c 'tar xf x.tar'   of a command and all that it starts

  operation = fsync (us):
  [512, 1K)              3 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|
  [1K, 2K)               1 |@@@@@@@@@@@@@@@@@                                   |
"""
    return Tool(
        name=name,
        area=Area.FILES,
        summary=f"Show how long {file_system} reads, writes, opens and fsyncs take, as histograms.",
        about=about,
        kernel="Linux 5.8: fentry or kprobes; else the tracepoints of system calls.",
        user_engine=True,
        scripts=(name, f"{name}_calls"),
        reports=(Histograms("@us", "us", columns("operation")),),
        example=example,
    )
