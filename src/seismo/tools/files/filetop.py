"""`filetop`: which process reads and writes how much of which file."""

from __future__ import annotations

from seismo.tools.tool import Area, Column, Option, Table, Tool, columns

__all__ = ("TOOL",)

TOOL = Tool(
    name="filetop",
    area=Area.FILES,
    summary="Show reads and writes by process and file, the most bytes first.",
    about="""For each process and file how many bytes it read and wrote in all, how often it read
and wrote, and how many bytes that were each. Counted are read(2), write(2), pread64(2),
pwrite64(2), and those with vectors, that succeeded; whether a disk was needed for them is not told.
Only regular files are shown, with -a also pipes, sockets and devices. Not seen are accesses to
mapped memory, sendfile(2), splice(2) and io_uring.""",
    kernel="Linux 5.17: the tracepoints of system calls.",
    user_engine=True,
    scripts=("filetop",),
    reports=(
        Table(
            columns("pid comm path"),
            (
                ("@bytes", Column("bytes")),
                ("@reads", Column("reads")),
                ("@writes", Column("writes")),
                ("@read_bytes", Column("read_bytes")),
                ("@write_bytes", Column("write_bytes")),
            ),
        ),
    ),
    options=(Option("all", "pipes, sockets, devices, too", "-a"),),
    example="""examples:
  seismo filetop                    until Ctrl-C
  seismo filetop -i 1 --top 20      every second, the 20 with the most bytes
  seismo filetop -a -p 1234         of a process, pipes and sockets, too
""",
)
