"""A process whose calls into the kernel are known to the last one, with arguments that no other
call has: it does what a line on its input asks for."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

from script_runs import run_script
from seismo.base.dataclass import dataclass
from seismo.builtin.options import TaskFilter

__all__ = ("ABSENT", "BAR", "BYTES", "Caller", "Row", "caller", "check")

Row: TypeAlias = tuple[str, str, list[str]]
"""A script, what the process does meanwhile ("zeros 3"), and the lines that are printed: blank ones
left out, stripped; after `~` it is a regular expression."""

BAR = "|" + "@" * 52 + "|"
"""A histogram's longest."""

BYTES = 4242
"""So many bytes of /dev/zero are read."""

_EMPTY = 77
"""So many bytes are asked for of a folder, which has none to read (EISDIR)."""

ABSENT = "/no/such/seismograph"
"""The file that is opened in vain."""

_PORT = 4660
"""Where nobody listens on this machine."""

_SOURCE = r"""
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void) {
    static char line[64], bytes[BYTES];
    struct sockaddr_in place = {AF_INET, htons(PORT), {htonl(INADDR_LOOPBACK)}};
    int zero = open("/dev/zero", O_RDONLY), folder = open("/", O_RDONLY | O_DIRECTORY);
    for (;;) {
        if (write(1, "\n", 1) != 1) return 1;
        ssize_t size = read(0, line, sizeof line - 1);
        if (size <= 0) return 0;
        line[size] = 0;
        long count = 0;
        for (char *at = line + 2; *at >= '0' && *at <= '9'; at++) count = count * 10 + *at - '0';
        for (long i = 0; i < count; i++) {
            switch (line[0]) {
            case 'a': open(ABSENT, O_RDONLY); break;
            case 'c': {
                int connection = socket(AF_INET, SOCK_STREAM, 0);
                connect(connection, (struct sockaddr *)&place, sizeof place);
                close(connection);
                break;
            }
            case 'f': (void)!read(folder, bytes, EMPTY); break;
            case 'g': syscall(SYS_getpgid, 0); syscall(SYS_getsid, 0); break;
            case 'h': syscall(SYS_sethostname, line, -1); break;
            case 'o': close(open("/dev/null", O_RDWR | O_CLOEXEC)); break;
            case 'p': syscall(SYS_getppid); break;
            case 'z': (void)!read(zero, bytes, sizeof bytes); break;
            }
        }
    }
}
"""


@dataclass(frozen=True, slots=True)
class Caller:
    """The process, which waits for something to do."""

    process: subprocess.Popen[bytes]

    @property
    def pid(self) -> int:
        return self.process.pid

    def do(self, what: str, count: int) -> None:
        """Have a call made so often: open an `absent` file, `connect` in vain, read a `folder`,
        `get` group and session, set the `hostname` in vain, `open` and close /dev/null, ask for
        the `parent`, read `zeros`."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{what[0]} {count}\n".encode())
        self.process.stdin.flush()
        self.wait()

    def wait(self) -> None:
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == b"\n"


@contextmanager
def caller(folder: Path) -> Iterator[Caller]:
    """The process, compiled in `folder`."""
    source, program = folder / "caller.c", folder / "caller"
    source.write_text(_SOURCE)
    macros = [f"-DBYTES={BYTES}", f"-DEMPTY={_EMPTY}", f'-DABSENT="{ABSENT}"', f"-DPORT={_PORT}"]
    subprocess.run(["cc", "-O1", *macros, "-o", program, source], check=True)
    pipe = subprocess.PIPE
    with subprocess.Popen([program], stdin=pipe, stdout=pipe) as process:
        try:
            one = Caller(process)
            one.wait()
            yield one
        finally:
            process.kill()


def check(row: Row, process: Caller) -> None:
    """Run the script, limited to the process, and compare."""
    script, work, expected = row
    what, count = work.split()
    ran = run_script(script, lambda: process.do(what, int(count)), filter=TaskFilter(process.pid))
    lines = [line.strip() for line in ran.output.splitlines() if line.strip()]
    assert len(lines) == len(expected), lines
    for line, one in zip(lines, expected, strict=True):
        assert re.fullmatch(one[1:], line) if one[0] == "~" else line == one, lines
