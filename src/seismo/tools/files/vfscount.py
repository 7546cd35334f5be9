"""`vfscount`: how often each function of the kernel's virtual file system is called."""

from __future__ import annotations

from seismo.tools.tool import Area, Column, Table, Tool, columns

__all__ = ("TOOL",)

TOOL = Tool(
    name="vfscount",
    area=Area.FILES,
    summary="Count the calls of the kernel's VFS functions (vfs_*).",
    about="""How often each function of the kernel's virtual file system whose name begins with
`vfs_` was called, by processes (vfs_read by read(2)) and by the kernel for itself; the most first.
A function that the compiler has put into its callers is not seen. Where the kernel has no kprobes,
`seismo vfsstat` counts the system calls.""",
    kernel="Linux 5.15, with kprobes.",
    scripts=("vfscount",),
    reports=(Table(columns("function"), (("@calls", Column("count")),)),),
    example="""examples:
  seismo vfscount                     until Ctrl-C
  seismo vfscount -i 1 --top 5        the five most frequent, every second
  seismo vfscount -c 'ls -R /etc'     those of a command

  FUNCTION     COUNT
  vfs_getattr    812
  vfs_open       120
""",
)
