"""TraceLeft's own acceptance tests, anew: its configuration, small programs, and its lines.

The twelve system calls of its configuration, reading a file by its name, and connections over IPv4
and IPv6 from both of their ends. The expected logs have its placeholders: %PID%, %FD%,
%HOST_NETNS%; beside them %HASH%, which is counted anew from what the line itself shows, %DIR%, and
the ports.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from seismo.base.dataclass import dataclass

pytestmark = pytest.mark.kernel

# Calls as they are, whatever the C library calls instead, in a process each; static, so that there
# are no others.
_ACTS = r"""
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define CALL(name, ...) syscall(SYS_##name, __VA_ARGS__)

static struct { int server, client; } *ports;
static int listener;
static char text[32];

static int file(void) { return CALL(open, "file", O_RDWR, 0); }
static void do_open(void) {
    CALL(open, "file", O_RDONLY | O_CLOEXEC, 0);
    CALL(open, "none", O_RDONLY, 0);
    CALL(open, "new", O_WRONLY | O_CREAT, 0640);
}
static void do_close(void) { CALL(close, file()); CALL(close, 900); }
static void do_read(void) { int fd = file(); CALL(read, fd, text, 5); CALL(read, fd, text, 16); }
static void do_write(void) { CALL(write, file(), "say \"it\"\n", 9); CALL(write, 900, "no", 2); }
static void do_mkdir(void) { CALL(mkdir, "made", 0755); CALL(mkdir, "made", 0700); }
static void do_mkdirat(void) {
    CALL(mkdirat, AT_FDCWD, "one", 0755);
    CALL(mkdirat, CALL(open, "one", O_DIRECTORY, 0), "two", 0711);
}
static void do_chmod(void) { CALL(chmod, "file", 0604); CALL(chmod, "none", 0); }
static void do_fchmod(void) { CALL(fchmod, file(), 0640); }
static void do_fchmodat(void) { CALL(fchmodat, AT_FDCWD, "file", 0644); }
static void do_chown(void) { CALL(chown, "file", 1, 2); CALL(chown, "file", -1, -1); }
static void do_fchown(void) { CALL(fchown, file(), 3, 4); }
static void do_fchownat(void) { CALL(fchownat, AT_FDCWD, "link", 5, 6, AT_SYMLINK_NOFOLLOW); }
static void do_read_filename(void) {
    int fd = CALL(open, "/proc/cpuinfo", O_RDONLY, 0);
    CALL(read, fd, text, 4);
    CALL(close, fd);
}
static void do_others(void) { /* of the families that open and read give their names */
    int fd = CALL(openat, AT_FDCWD, "file", O_RDONLY, 0);
    CALL(pread64, fd, text, 5, 0);
    CALL(pwrite64, fd, text, 5, 0);
}

static int socket_of(int family, struct sockaddr_in6 *to, socklen_t *size) {
    struct sockaddr_in *v4 = (void *)to;
    memset(to, 0, sizeof *to);
    to->sin6_family = family;
    *size = family == AF_INET ? sizeof *v4 : sizeof *to;
    if (family == AF_INET)
        v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    else
        to->sin6_addr = in6addr_loopback;
    return socket(family, SOCK_STREAM, 0);
}
static void act_client(int family) {
    struct sockaddr_in6 to;
    socklen_t size;
    int fd = socket_of(family, &to, &size);
    to.sin6_port = htons(ports->server);
    if (connect(fd, (void *)&to, size))
        _exit(1);
    CALL(close, fd);
}
static void act_server(int unused) {
    struct sockaddr_in6 from;
    socklen_t size = sizeof from;
    int fd = accept(listener, (void *)&from, &size);
    ports->client = ntohs(from.sin6_port);
    recv(fd, text, 1, 0); /* until it has closed its end */
    CALL(close, fd);
}
static int start(void (*act)(int), int value) {
    int pid = fork();
    if (!pid) {
        act(value);
        _exit(0);
    }
    return pid;
}
static void run(const char *name, void (*act)(void)) {
    int status, pid = start((void (*)(int))act, 0);
    waitpid(pid, &status, 0);
    printf("%s %d\n", name, status ? -1 : pid);
}
static void tcp(const char *name, int family) {
    struct sockaddr_in6 at;
    socklen_t size;
    int status, other;
    listener = socket_of(family, &at, &size);
    if (bind(listener, (void *)&at, size) || listen(listener, 1) ||
        getsockname(listener, (void *)&at, &size))
        exit(1);
    ports->server = ntohs(at.sin6_port);
    int server = start(act_server, 0), client = start(act_client, family);
    waitpid(client, &status, 0);
    waitpid(server, &other, 0);
    printf("%s_client %d\n%s_server %d\n", name, status ? -1 : client, name, other ? -1 : server);
    printf("%s_client_port %d\n%s_server_port %d\n", name, ports->client, name, ports->server);
    close(listener);
}

#define RUN(name) run(#name, do_##name)
int main(void) {
    ports = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    setvbuf(stdout, malloc(4096), _IOFBF, 4096);
    int fd = dup(0);
    close(fd);
    printf("fd %d\n", fd);
    RUN(open); RUN(close); RUN(read); RUN(write); RUN(mkdir); RUN(mkdirat); RUN(chmod);
    RUN(fchmod); RUN(fchmodat); RUN(chown); RUN(fchown); RUN(fchownat); RUN(read_filename);
    RUN(others);
    tcp("v4", AF_INET);
    tcp("v6", AF_INET6);
    return 0;
}
"""

# Name, C type and, behind a colon, what hashing does with it: as in TraceLeft's configuration.
_CONFIG = """
open filename:char:string flags:int mode:umode_t
close fd:unsigned~int
read fd:unsigned~int buf:char:skip count:size_t
write fd:unsigned~int buf:char:skip count:size_t
mkdir pathname:char:string mode:umode_t
mkdirat dfd:int pathname:char:string mode:umode_t
chmod filename:char:string mode:umode_t
fchmod fd:unsigned~int mode:umode_t
fchmodat dfd:int filename:char:string mode:umode_t
chown filename:char:string user:uid_t group:gid_t
fchown fd:unsigned~int user:uid_t group:gid_t
fchownat dfd:int filename:char:string user:uid_t group:gid_t flag:int
net_connect
net_accept
net_close
"""

_OPENED = (
    'name open pid %PID% program id 0 return value %FD% hash %HASH% Filename "file" Flags 2 Mode 0'
)
_HEAD = "pid %PID% program id 0 return value"

_LOGS = {
    "open": rf"""
name open {_HEAD} %FD% hash %HASH% Filename "file" Flags 524288 Mode 0
name open {_HEAD} -2 hash %HASH% Filename "none" Flags 0 Mode 0
name open {_HEAD} %FD+1% hash %HASH% Filename "new" Flags 65 Mode 416
""",
    "close": rf"""
{_OPENED}
name close {_HEAD} 0 hash %HASH% Fd %FD%<%DIR%/file>
name close {_HEAD} -9 hash %HASH% Fd 900
""",
    "read": rf"""
{_OPENED}
name read {_HEAD} 5 hash %HASH% Fd %FD%<%DIR%/file> Buf "hello" Count 5
name read {_HEAD} 1 hash %HASH% Fd %FD%<%DIR%/file> Buf "\n" Count 16
""",
    "write": rf"""
{_OPENED}
name write {_HEAD} 9 hash %HASH% Fd %FD%<%DIR%/file> Buf "say \"it\"\n" Count 9
name write {_HEAD} -9 hash %HASH% Fd 900 Buf "no" Count 2
""",
    "mkdir": rf"""
name mkdir {_HEAD} 0 hash %HASH% Pathname "made" Mode 493
name mkdir {_HEAD} -17 hash %HASH% Pathname "made" Mode 448
""",
    "mkdirat": rf"""
name mkdirat {_HEAD} 0 hash %HASH% Dfd -100 Pathname "one" Mode 493
name open {_HEAD} %FD% hash %HASH% Filename "one" Flags 65536 Mode 0
name mkdirat {_HEAD} 0 hash %HASH% Dfd %FD%<%DIR%/one> Pathname "two" Mode 457
""",
    "chmod": rf"""
name chmod {_HEAD} 0 hash %HASH% Filename "file" Mode 388
name chmod {_HEAD} -2 hash %HASH% Filename "none" Mode 0
""",
    "fchmod": rf"""
{_OPENED}
name fchmod {_HEAD} 0 hash %HASH% Fd %FD%<%DIR%/file> Mode 416
""",
    "fchmodat": rf"""
name fchmodat {_HEAD} 0 hash %HASH% Dfd -100 Filename "file" Mode 420
""",
    "chown": rf"""
name chown {_HEAD} 0 hash %HASH% Filename "file" User 1 Group 2
name chown {_HEAD} 0 hash %HASH% Filename "file" User 4294967295 Group 4294967295
""",
    "fchown": rf"""
{_OPENED}
name fchown {_HEAD} 0 hash %HASH% Fd %FD%<%DIR%/file> User 3 Group 4
""",
    "fchownat": rf"""
name fchownat {_HEAD} 0 hash %HASH% Dfd -100 Filename "link" User 5 Group 6 Flag 256
""",
    "read_filename": rf"""
name open {_HEAD} %FD% hash %HASH% Filename "/proc/cpuinfo" Flags 0 Mode 0
name read {_HEAD} 4 hash %HASH% Fd %FD%</proc/cpuinfo> Buf "proc" Count 4
name close {_HEAD} 0 hash %HASH% Fd %FD%</proc/cpuinfo>
""",
}

_TUPLE = "Saddr %HOST% Daddr %HOST% Sport {} Dport {} Netns %HOST_NETNS%"
_CLIENT = _TUPLE.format("%CLIENT_PORT%", "%SERVER_PORT%")
_SERVER = _TUPLE.format("%SERVER_PORT%", "%CLIENT_PORT%")
_CONNECTIONS = {
    "connect": ("client", rf"name net_connect {_HEAD} 0 hash %HASH% {_CLIENT}"),
    "accept": ("server", rf"name net_accept {_HEAD} %FD+1% hash %HASH% {_SERVER}"),
    "close": ("server", rf"name net_close {_HEAD} 0 hash %HASH% {_SERVER}"),
}
_HOSTS = {"v4": "127.0.0.1", "v6": "::1"}


@dataclass(frozen=True, slots=True)
class Log:
    """What was logged, in which directory, and what the program said of itself: ids and ports."""

    lines: tuple[str, ...]
    directory: Path
    said: dict[str, int]
    errors: str

    def of(self, pid: int) -> list[str]:
        return [one for one in self.lines if f" pid {pid} " in one]

    def expected(self, template: str, pid: int, **more: object) -> list[str]:
        """The lines that a template stands for."""
        fd = self.said["fd"]
        known = {
            "%PID%": pid,
            "%FD%": fd,
            "%FD+1%": fd + 1,
            "%DIR%": self.directory,
            "%HOST_NETNS%": os.stat("/proc/self/ns/net").st_ino,
            **{f"%{name}%": value for name, value in more.items()},
        }
        for name, value in known.items():
            template = template.replace(name, str(value))
        return [with_hash(one) for one in template.strip().splitlines()]


def with_hash(line: str) -> str:
    """The line with its hash: FNV-1a over program id, process, result, name and arguments."""
    head, rest = line.split(" hash %HASH%")
    found = re.fullmatch(r"name (\S+) pid (\d+) program id (\d+) return value (-?\d+)", head)
    assert found is not None
    name, tgid, program, ret = found[1], int(found[2]), int(found[3]), int(found[4])
    arguments = re.findall(r'([A-Z]\w*) (?:"((?:\\.|[^"\\])*)"|(-?[\da-f.:]+)(?:<[^>]*>)?)', rest)
    data = b"".join(one.to_bytes(8, "little", signed=True) for one in (program, tgid, ret))
    data += name.encode() + b"\0"
    if not name.startswith("net_"):
        for key, text, number in arguments:
            if key == "Buf":
                continue
            data += (
                int(number).to_bytes(8, "little", signed=True) if number else text.encode() + b"\0"
            )
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 % (1 << 64)
    return f"{head} hash {value}{rest}"


def config() -> dict[str, Any]:
    """TraceLeft's configuration as its protocol buffers are in JSON, all fields written out."""
    events = []
    for line in _CONFIG.split("\n")[1:-1]:
        name, *words = line.split()
        arguments = []
        for position, word in enumerate(words, 1):
            argument, c_type, hashed = [*word.split(":"), ""][:3]
            arguments.append(
                {
                    "position": position,
                    "type": c_type.replace("~", " "),
                    "name": argument,
                    "suffix": "[256]" if hashed else "",
                    "hashFunc": hashed,
                }
            )
        events.append({"name": name, "args": arguments})
    return {"event": events}


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Log:
    """All that the program did, as the command logs it."""
    top = tmp_path_factory.mktemp("traceleft")
    source, program, directory = top / "acts.c", top / "acts", top / "work"
    source.write_text(_ACTS)
    subprocess.run(["cc", "-O1", "-static", "-w", "-o", program, source], check=True)
    (top / "config.json").write_text(json.dumps(config()))
    directory.mkdir()
    (directory / "file").write_text("hello\n")
    (directory / "link").symlink_to("file")
    words = ["audit", "-c", str(top / "config.json"), "-o", f"traceleft:{top}/log", "--"]
    run = subprocess.run(
        [sys.executable, "-m", "seismo", *words, str(program)],
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": ":".join(one for one in sys.path if one)},
    )
    assert run.returncode == 0, run.stderr
    said = {name: int(number) for name, number in map(str.split, run.stdout.splitlines())}
    lines = (top / "log").read_text().splitlines()
    return Log(tuple(lines), directory.resolve(), said, run.stderr)


@pytest.mark.parametrize("name", list(_LOGS))
def test_system_calls(log: Log, name: str) -> None:
    pid = log.said[name]
    assert log.of(pid) == log.expected(_LOGS[name], pid)


@pytest.mark.parametrize("version", list(_HOSTS))
@pytest.mark.parametrize("what", list(_CONNECTIONS))
def test_connections(log: Log, what: str, version: str) -> None:
    role, template = _CONNECTIONS[what]
    pid = log.said[f"{version}_{role}"]
    ports = {
        f"{one}_PORT".upper(): log.said[f"{version}_{one}_port"] for one in ("client", "server")
    }
    expected = log.expected(template, pid, HOST=_HOSTS[version], **ports)
    assert [one for one in log.of(pid) if one.startswith(f"name net_{what} ")] == expected


def test_nothing_else_is_logged(log: Log) -> None:
    assert log.of(log.said["others"]) == []
    names = {line.split()[0] for line in _CONFIG.split("\n")[1:-1]}
    assert {line.split()[1] for line in log.lines} <= names
    assert "lost 0 + unfinished 0" in log.errors
    delivered = re.search(r"delivered (\d+)", log.errors)
    assert delivered is not None
    assert int(delivered[1]) == len(log.lines)
