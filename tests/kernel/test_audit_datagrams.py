"""Datagrams in calls of many messages, and in those of 32-bit programs."""

from __future__ import annotations

import socket
import subprocess
import threading
from pathlib import Path

import pytest
from audit_reader import audit_run

from seismo.audit.record.layout import SOCKET, KernelEvent

pytestmark = pytest.mark.kernel

SEND, RECEIVE, ACCEPT = KernelEvent.NET_SEND, KernelEvent.NET_RECEIVE, KernelEvent.NET_ACCEPT

# Sends 100 messages of 1, 2 … bytes to the port at once, and receives them at once.
_MANY = r"""
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/socket.h>

int main(int argc, char **argv) {
    static char bytes[100], got[100][100];
    static struct mmsghdr out[100], in[100];
    static struct iovec parts[100], places[100];
    static struct sockaddr_in names[100];
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof to;
    int receiver = socket(AF_INET, SOCK_DGRAM, 0), sender = socket(AF_INET, SOCK_DGRAM, 0);
    bind(receiver, (void *)&to, sizeof to);
    getsockname(receiver, (void *)&to, &length);
    for (int i = 0; i < 100; i++) {
        parts[i] = (struct iovec){bytes, i + 1};
        out[i].msg_hdr = (struct msghdr){&to, sizeof to, &parts[i], 1};
        places[i] = (struct iovec){got[i], 100};
        in[i].msg_hdr = (struct msghdr){&names[i], sizeof names[i], &places[i], 1};
    }
    if (sendmmsg(sender, out, 100, 0) != 100) return 1;
    return recvmmsg(receiver, in, 100, 0, 0) != 100;
}
"""

# sendto(2) by socketcall(2), as the C library of 32-bit programs used to call it.
_NARROW = r"""
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>

int main(int argc, char **argv) {
    int kind = MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT;
    char *low = mmap(0, 4096, PROT_READ | PROT_WRITE, kind, -1, 0);
    unsigned *words = (unsigned *)low;
    struct sockaddr_in *to = (struct sockaddr_in *)(low + 64);
    *to = (struct sockaddr_in){AF_INET, htons(atoi(argv[1])), {htonl(INADDR_LOOPBACK)}};
    unsigned values[] = {socket(AF_INET, SOCK_DGRAM, 0), (long)low, 5, 0, (long)to, sizeof *to};
    for (int i = 0; i < 6; i++) words[i] = values[i];
    int answer;
    __asm__ volatile("int $0x80" : "=a"(answer) : "a"(102), "b"(11), "c"(low)
                     : "memory", "r8", "r9", "r10", "r11");
    return answer != 5;
}
"""


def compiled(folder: Path, text: str) -> str:
    source, program = folder / "program.c", folder / "program"
    source.write_text(text)
    subprocess.run(["cc", "-O1", "-w", "-o", program, source], check=True)
    return str(program)


def test_each_of_many_messages_is_told(tmp_path: Path) -> None:
    program = compiled(tmp_path, _MANY)
    with audit_run((SEND, RECEIVE)) as run:
        run.did(lambda: subprocess.run([program], check=True))
        for event in (SEND, RECEIVE):
            assert [one["bytes"] for one in run.of(event)] == list(range(1, 101))
            assert run.is_exact(event)
        ends = {one.blob("socket", SOCKET)["remote_port"] for one in run.of(RECEIVE)}
        assert ends == {run.of(SEND)[0].blob("socket", SOCKET)["local_port"]}


def test_a_call_of_a_32_bit_program(tmp_path: Path) -> None:
    program = compiled(tmp_path, _NARROW)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as to, audit_run((SEND,)) as run:
        to.bind(("127.0.0.1", 0))
        port = to.getsockname()[1]
        run.did(lambda: subprocess.run([program, str(port)], check=True))
        (sent,) = run.records()
        assert sent["bytes"] == 5
        assert sent.blob("socket", SOCKET)["remote_port"] == port


def test_all_of_those_that_wait_to_accept() -> None:
    """Returns have no limit: as many may be under way as there are threads."""
    waiting = 40

    def work() -> None:
        threads = [threading.Thread(target=server.accept) for _ in range(waiting)]
        for one in threads:
            one.start()
        clients = [socket.create_connection(server.getsockname()) for _ in threads]
        for one in threads:
            one.join()
        for each in clients:
            each.close()

    listening = socket.create_server(("127.0.0.1", 0), backlog=waiting)
    with listening as server, audit_run((ACCEPT,)) as run:
        run.did(work)
        assert len(run.records()) == waiting
        assert len({one["tid"] for one in run.records()}) == waiting
        assert run.is_exact(ACCEPT)
