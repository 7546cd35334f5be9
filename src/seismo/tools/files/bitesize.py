"""`bitesize`: how large the block I/O of each command is."""

from __future__ import annotations

from seismo.tools.tool import Area, Histograms, Tool, columns

__all__ = ("TOOL",)

TOOL = Tool(
    name="bitesize",
    area=Area.FILES,
    summary="Show how large block I/O is, as a histogram for each command.",
    about="""The bytes of each request that is given to a disk's driver, with all that was merged
into it. It is the request of the task that submitted it, which for buffered writes is a thread of
the kernel, later, not the writer. Flushes without data have no size and are not counted; what is
served from the page cache is no block I/O.""",
    kernel="Linux 5.17: the tracepoints of the block layer.",
    scripts=("bitesize",),
    reports=(Histograms("@bytes", "bytes", columns("comm")),),
    example="""examples:
  seismo bitesize                           until Ctrl-C
  seismo bitesize -i 5                      every five seconds
  seismo bitesize -c 'tar cf /tmp/x /usr'   of a command
""",
)
