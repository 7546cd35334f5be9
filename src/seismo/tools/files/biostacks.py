"""`biostacks`: where in the kernel block I/O comes from, and how long it takes."""

from __future__ import annotations

from seismo.tools.tool import Area, Column, Stacks, Tool, columns

__all__ = ("TOOL",)

TOOL = Tool(
    name="biostacks",
    area=Area.FILES,
    summary="Show the kernel's stacks that submit block I/O, by the time that it takes.",
    about="""Each stack is that of a task when it submitted a request, with the task's name, the
disk, and the microseconds from there until the disk had completed its requests, all of them
together; the stack that took longest comes last. Buffered writes are submitted by threads of the
kernel. What is served from the page cache is no block I/O.""",
    kernel="Linux 5.17: the tracepoints of the block layer.",
    scripts=("biostacks",),
    reports=(Stacks("@us", (*columns("comm disk"), Column("kstack", is_stack=True)), "us"),),
    example="""examples:
  seismo biostacks                               every stack that submits, at Ctrl-C
  seismo biostacks --top 5 --duration 10         the five that took longest, of ten seconds
  seismo biostacks --flame io.svg -c 'sync'      a flame graph of a command's block I/O
""",
)
