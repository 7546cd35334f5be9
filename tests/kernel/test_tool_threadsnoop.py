"""`threadsnoop`: every thread that pthread_create() makes, and the function that it begins with."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tool_runs import tool_rows, tool_text

pytestmark = pytest.mark.kernel

_SOURCE = r"""
#include <pthread.h>
void *work_hard(void *none) { return none; }
void *rest_well(void *none) { return none; }
int main(void) {
    pthread_t thread;
    for (int i = 0; i < 5; i++) {
        pthread_create(&thread, 0, i % 2 ? rest_well : work_hard, 0);
        pthread_join(thread, 0);
    }
    return 0;
}
"""
_THREAD = "import threading; threading.Thread(target=int).start()"


@pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")
def test_threads_of_a_command(tmp_path: Path) -> None:
    source, program = tmp_path / "threads.c", tmp_path / "threads"
    source.write_text(_SOURCE)
    subprocess.run(["cc", "-pthread", "-o", program, source], check=True)
    heading, *lines = tool_text("threadsnoop", "-c", str(program)).splitlines()
    assert heading == "PID     COMM             FUNC"
    work, rest = "threads          work_hard", "threads          rest_well"
    assert [line[8:] for line in lines] == [work, rest, work, rest, work]
    rows = tool_rows("threadsnoop", "-c", f"sh -c {program}")
    assert [one["func"] for one in rows] == ["work_hard", "rest_well"] * 2 + ["work_hard"]
    assert len({one["pid"] for one in rows}) == 1


def test_threads_of_this_process_alone() -> None:
    def act() -> None:
        for _ in range(3):
            thread = threading.Thread(target=int)
            thread.start()
            thread.join()
        subprocess.run([sys.executable, "-I", "-S", "-c", _THREAD], check=True)

    rows = tool_rows("threadsnoop", "-p", str(os.getpid()), act=act)
    assert [one["pid"] for one in rows] == [os.getpid()] * 3
    assert len({one["func"] for one in rows}) == 1
