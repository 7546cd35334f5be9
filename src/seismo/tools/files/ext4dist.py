"""`ext4dist`: how long operations on files of ext4 take, as histograms."""

from __future__ import annotations

from seismo.tools.tool import Area, Histograms, Tool, columns

__all__ = ("TOOL",)

TOOL = Tool(
    name="ext4dist",
    area=Area.FILES,
    summary="Show how long ext4 reads, writes, opens and fsyncs take, as histograms.",
    about="""One histogram for each operation on regular files of ext4, in microseconds: from the
call of the file system's function to its return, with all that it waited for (a disk, a lock, a
processor); most reads and writes wait for nothing but memory. Those that failed are left out; a
write to a file of O_SYNC is a write alone. Where the kernel shows no functions, whole system calls
are measured: the same operations, a microsecond or so longer, but for what the kernel reads and
writes by itself. Not seen are accesses to mapped memory.""",
    kernel="Linux 5.8: fentry or kprobes; else the tracepoints of system calls.",
    scripts=("ext4dist", "ext4dist_calls"),
    reports=(Histograms("@us", "us", columns("operation")),),
    example="""examples:
  seismo ext4dist                     until Ctrl-C
  seismo ext4dist -i 5                every five seconds
  seismo ext4dist -c 'tar xf x.tar'   of a command and all that it starts

  operation = fsync (us):
  [512, 1K)              3 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|
  [1K, 2K)               1 |@@@@@@@@@@@@@@@@@                                   |
""",
)
