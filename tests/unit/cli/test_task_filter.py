"""What the options that say whom to trace become in the programs."""

from __future__ import annotations

import pytest

from seismo.builtin.options import NO_FILTER, TaskFilter
from seismo.kernel.live import LiveKernel
from seismo.ui.cli.tasks import Tasks, task_filter


@pytest.mark.parametrize(
    ("tasks", "expected"),
    [
        (Tasks(), NO_FILTER),
        (Tasks(command="ls"), NO_FILTER),
        (Tasks(command="ls", is_tree=True), TaskFilter(pid=5, and_children=True)),
        (Tasks(pid=7), TaskFilter(pid=7)),
        (Tasks(pid=7, is_tree=True), TaskFilter(pid=7, and_children=True)),
        (Tasks(pid=7, tid=8), TaskFilter(pid=7, tid=8)),
        (Tasks(command="ls", pid=7, tid=8), TaskFilter(pid=7, tid=8)),
        (
            Tasks(command="ls", is_tree=True, pid=7, tid=8),
            TaskFilter(pid=5, and_children=True, tid=8),
        ),
        (Tasks(comm="cat*", uid=0), TaskFilter(comm="cat*", uid=0)),
    ],
)
def test_of_options(tasks: Tasks, expected: TaskFilter) -> None:
    assert task_filter(tasks, LiveKernel(), 5) == expected
