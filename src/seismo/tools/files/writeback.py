"""`writeback`: when and why the kernel writes dirty pages back."""

from __future__ import annotations

from seismo.tools.tool import Area, Rows, Tool, columns

__all__ = ("TOOL",)

TOOL = Tool(
    name="writeback",
    area=Area.FILES,
    summary="Show when, why and how long the kernel writes dirty pages back.",
    about="""A row for each round in which a thread of the kernel writes pages of files back that
were changed in memory: who asked for it, which is the thread itself where nobody did; the disk (or,
where there is none, the kernel's name for what is written to), why, how many pages, and the
microseconds that it took to submit them. REASON is `background` (more is dirty than
vm.dirty_background_ratio), `periodic` (older than vm.dirty_expire_centisecs), `sync` (sync(2),
syncfs(2), unmounting), `vmscan` (memory is short), `fs_free_space`, `foreign_flush` (for another
cgroup). A round of 0 pages had nothing left to do. What fsync(2) writes is written by its caller,
and not seen here.""",
    kernel="Linux 5.5: the tracepoints of writeback.",
    scripts=("writeback",),
    rows=Rows(columns("pid comm disk reason pages us"), is_current=False),
    example="""examples:
  seismo writeback                  every round, until Ctrl-C
  seismo writeback -T -c sync       what sync(1) asks for, with the time

  PID     COMM             DISK       REASON            PAGES       US
  4711    sync             vda        sync                512     1841
  91      kworker/u8:2     vda        periodic             16      130
""",
)
