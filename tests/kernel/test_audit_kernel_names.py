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

OPENAT, OPENAT2 = 257, 437

# A thread brings a page when the kernel asks for it. With two names that is the page of `how`,
# which openat2(2) reads before the name: the thread changes the first name to the second meanwhile.
# With one name it is the name's own page.
_PROGRAM = r"""
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static char *page, name[4096], *first, *second;
static int faults;
static void *bring(void *unused) {
    static char bytes[4096];
    struct uffd_msg message;
    read(faults, &message, sizeof message);
    strcpy(second ? name : bytes, second ? second : first);
    struct uffdio_copy copy = {.dst = (long)page, .src = (long)bytes, .len = 4096};
    ioctl(faults, UFFDIO_COPY, &copy);
    return unused;
}
int main(int argc, char **argv) {
    struct uffdio_api api = {.api = UFFD_API};
    pthread_t thread;
    first = argv[1];
    second = argv[2];
    strcpy(name, first);
    page = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    faults = syscall(SYS_userfaultfd, O_CLOEXEC);
    ioctl(faults, UFFDIO_API, &api);
    struct uffdio_register all = {.range = {(long)page, 4096}, .mode = 1}; /* MODE_MISSING */
    ioctl(faults, UFFDIO_REGISTER, &all);
    pthread_create(&thread, 0, bring, 0);
    if (second)
        return syscall(SYS_openat2, AT_FDCWD, name, page, sizeof(struct open_how)) < 0;
    return open(page, O_RDONLY) < 0;
}
"""


@pytest.fixture
def program(tmp_path: Path) -> str:
    source, made = tmp_path / "program.c", tmp_path / "program"
    source.write_text(_PROGRAM)
    subprocess.run(["cc", "-O1", "-pthread", "-w", "-o", made, source], check=True)
    return str(made)


def plan() -> bytes:
    """Of a call whose second argument is a path, and which opens it."""
    captures, parameters = [0, Capture.PATH_AT, 0, 0, 0, 0], [0] * 6
    assert PLAN.size == 16
    return struct.pack("=BB6B6BH", 0, Capture.FD_RETURNED, *captures, *parameters, 0)


def text(found: Found, kind: Section) -> str:
    return found.part(kind).data.decode()


def test_the_name_that_the_kernel_took_is_told(program: str, tmp_path: Path) -> None:
    asked, taken = tmp_path / "asked", tmp_path / "taken"
    asked.touch()
    taken.touch()
    with audit_run((OPENAT2,)) as run:
        run.maps["plans"].put(struct.pack("=I", OPENAT2), plan())
        run.did(lambda: subprocess.run([program, str(asked), str(taken)], check=True))
        (found,) = run.of(OPENAT2)
        assert text(found, Section.STRING) == str(asked)
        assert text(found, Section.KERNEL_STRING) == str(taken)
        assert text(found, Section.CHANGED_STRING) == str(taken)
        assert found["flags"] & EventFlag.KERNEL_DIFFERS
        assert found["flags"] & EventFlag.CHANGED
        opened = read(FIXED_FILE, found.part(Section.FILE).data)
        assert opened["inode"] == taken.stat().st_ino


def test_a_name_that_was_not_there_at_the_entry(program: str, tmp_path: Path) -> None:
    file = tmp_path / "late"
    file.touch()
    with audit_run((OPENAT,)) as run:
        run.maps["plans"].put(struct.pack("=I", OPENAT), plan())
        run.did(lambda: subprocess.run([program, str(file)], check=True))
        (found,) = [
            one
            for one in run.of(OPENAT)
            if any(part.kind == Section.KERNEL_STRING for part in one.parts)
        ]
        assert text(found, Section.KERNEL_STRING) == str(file)
        assert not found["flags"] & EventFlag.KERNEL_DIFFERS
        assert found.part(Section.STRING).flags & SectionFlag.RETRIED


def test_names_that_stay_are_told_once(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with audit_run((OPENAT,)) as run:
        run.maps["plans"].put(struct.pack("=I", OPENAT), plan())
        run.did(lambda: (tmp_path / "file").read_bytes())
        (found,) = [one for one in run.of(OPENAT) if one["ret"] >= 0]
        assert text(found, Section.STRING) == str(tmp_path / "file")
        assert not [one for one in found.parts if one.kind == Section.KERNEL_STRING]
        assert found["flags"] == 0
