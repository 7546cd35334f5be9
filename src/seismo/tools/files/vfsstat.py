"""`vfsstat`: how often processes read, write, open, make and remove files."""

from __future__ import annotations

from seismo.tools.tool import Area, Column, Table, Tool

__all__ = ("TOOL",)

_OPERATIONS = ("read", "write", "fsync", "open", "create", "unlink", "mkdir", "rmdir")

TOOL = Tool(
    name="vfsstat",
    area=Area.FILES,
    summary="Count reads, writes, opens, and files that are made and removed.",
    about="""How many system calls of each sort succeeded, at the end or, with -i, in each interval:
those that read and write (whatever is behind the descriptor: a file, a pipe, a socket), fsync(2)
and fdatasync(2), those that open, those of them that made the file that they opened, and those that
remove files, make directories, and remove them. Not counted is what the kernel does for itself,
such as reading a program that it starts, nor what io_uring, sendfile(2) and splice(2) do.""",
    kernel="Linux 5.6: the tracepoints of system calls.",
    scripts=("vfsstat",),
    reports=(Table((), tuple((f"@{name}", Column(name)) for name in _OPERATIONS)),),
    example="""examples:
  seismo vfsstat -i 1                 every second, until Ctrl-C
  seismo vfsstat -c 'tar xf x.tar'    of a command and all that it starts
  seismo vfsstat -i 5 --count 3       three times, five seconds each

  READ  WRITE  FSYNC  OPEN  CREATE  UNLINK  MKDIR  RMDIR
   812     94      2   120       6       4      1      1
""",
)
