"""`fileslower`: reads and writes of files that took long."""

from __future__ import annotations

from seismo.tools.tool import Area, Option, Rows, Tool, columns, natural

__all__ = ("TOOL",)

TOOL = Tool(
    name="fileslower",
    area=Area.FILES,
    summary="Show reads and writes of files that took longer than 10 ms.",
    about="""A row for each read(2), write(2), pread64(2), pwrite64(2), and those with vectors, that
succeeded and took at least MIN_MS milliseconds, from the call to its return: whatever it waited
for, a disk, a lock or a processor. BYTES is what was read or written, LAT_US its time in
microseconds. Only regular files are shown, with -a also pipes, sockets and devices, which mostly
wait for others. Not seen are accesses to mapped memory, sendfile(2), splice(2) and io_uring.""",
    kernel="Linux 5.17: the tracepoints of system calls.",
    user_engine=True,
    scripts=("fileslower",),
    rows=Rows(columns("pid tid comm type bytes lat_us path")),
    options=(
        Option(
            "min_ms",
            "no faster ones than so many ms (10; 0: all)",
            metavar="MIN_MS",
            type=natural,
            is_positional=True,
        ),
        Option("all", "pipes, sockets, devices, too", "-a"),
    ),
    example="""examples:
  seismo fileslower                 reads and writes that took 10 ms or more
  seismo fileslower 1 -p 1234       1 ms or more, of a process
  seismo fileslower 0 -c 'cat /etc/hostname'

  PID     TID     COMM             TYPE       BYTES     LAT_US PATH
  3122    3122    postgres         write       8192      14210 /var/lib/postgresql/16/base/5/1259
""",
)
