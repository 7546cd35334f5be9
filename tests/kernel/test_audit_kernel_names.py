"""The name that the kernel took, where a program changes it meanwhile; where functions can be
traced."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path

import pytest
from audit_reader import Found, audit_run, read

from seismo.audit.record.layout import (
    FIXED_FILE,
    PLAN,
    Capture,
    EventFlag,
    Section,
    SectionFlag,
)

pytestmark = [pytest.mark.kernel, pytest.mark.guest]

OPENAT = 257

# One thread writes the name's last letter, a and b in turn, while the other opens it.
_SWAPPER = r"""
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile char *last;
static void *swap(void *unused) {
    for (;;) { *last = 'b'; *last = 'a'; }
    return unused;
}
int main(int argc, char **argv) {
    static char name[4096];
    pthread_t thread;
    strcpy(name, argv[1]);
    last = name + strlen(name) - 1;
    pthread_create(&thread, 0, swap, 0);
    for (int i = 0; i < atoi(argv[2]); i++)
        close(open(name, O_RDONLY));
    _exit(0);
}
"""

# The name is in a page that is not there yet: it comes when the kernel asks for it.
_LATE = r"""
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static char *page;
static const char *path;
static int faults;
static void *bring(void *unused) {
    static char first[4096];
    struct uffd_msg message;
    read(faults, &message, sizeof message);
    strcpy(first, path);
    struct uffdio_copy copy = {.dst = (long)page, .src = (long)first, .len = 4096};
    ioctl(faults, UFFDIO_COPY, &copy);
    return unused;
}
int main(int argc, char **argv) {
    struct uffdio_api api = {.api = UFFD_API};
    pthread_t thread;
    path = argv[1];
    page = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    faults = syscall(SYS_userfaultfd, O_CLOEXEC);
    ioctl(faults, UFFDIO_API, &api);
    struct uffdio_register all = {.range = {(long)page, 4096}, .mode = 1}; /* MODE_MISSING */
    ioctl(faults, UFFDIO_REGISTER, &all);
    pthread_create(&thread, 0, bring, 0);
    open(page, O_RDONLY);
    return 0;
}
"""


def compiled(folder: Path, text: str) -> Path:
    source, program = folder / "program.c", folder / "program"
    source.write_text(text)
    subprocess.run(["cc", "-O1", "-pthread", "-w", "-o", program, source], check=True)
    return program


def plan() -> bytes:
    """What the catalog says of openat(2): its path, and what was opened."""
    captures, parameters = [0, Capture.PATH_AT, 0, 0, 0, 0], [0] * 6
    assert PLAN.size == 16
    return struct.pack("=BB6B6BH", 0, Capture.FD_RETURNED, *captures, *parameters, 0)


def part(found: Found, kind: Section) -> str:
    return next(one for one in found.parts if one.kind == kind).data.decode()


def test_the_name_that_the_kernel_took_is_told(tmp_path: Path) -> None:
    inodes = {}
    for letter in "ab":
        file = tmp_path / f"name-{letter}"
        file.touch()
        inodes[str(file)] = file.stat().st_ino
    program = compiled(tmp_path, _SWAPPER)
    with audit_run((OPENAT,)) as run:
        run.maps["plans"].put(struct.pack("=I", OPENAT), plan())
        differing: list[Found] = []
        for _ in range(20):
            command = [str(program), str(tmp_path / "name-a"), "500"]
            run.did(lambda: subprocess.run(command, check=True))  # noqa: B023
            mine = [one for one in run.of(OPENAT) if one["ret"] >= 0]
            differing = [one for one in mine if one["flags"] & EventFlag.KERNEL_DIFFERS]
            if differing:
                break
        assert differing
        for one in differing:
            taken, asked = part(one, Section.KERNEL_STRING), part(one, Section.STRING)
            assert {taken, asked} == inodes.keys()
            opened = next(part for part in one.parts if part.kind == Section.FILE)
            assert read(FIXED_FILE, opened.data)["inode"] == inodes[taken]
        agreeing = [one for one in mine if one not in differing]
        assert not [
            one for one in agreeing for part in one.parts if part.kind == Section.KERNEL_STRING
        ]


def test_a_name_that_was_not_there_at_the_entry(tmp_path: Path) -> None:
    file = tmp_path / "late"
    file.touch()
    program = compiled(tmp_path, _LATE)
    with audit_run((OPENAT,)) as run:
        run.maps["plans"].put(struct.pack("=I", OPENAT), plan())
        run.did(lambda: subprocess.run([str(program), str(file)], check=True))
        (found,) = [
            one
            for one in run.of(OPENAT)
            if any(part.kind == Section.KERNEL_STRING for part in one.parts)
        ]
        assert part(found, Section.KERNEL_STRING) == str(file)
        assert not found["flags"] & EventFlag.KERNEL_DIFFERS
        (asked,) = [one for one in found.parts if one.kind == Section.STRING]
        assert asked.flags & SectionFlag.RETRIED
