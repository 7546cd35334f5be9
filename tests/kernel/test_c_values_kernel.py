"""The same in the kernel, whose verifier must see what is bounded; and objects of the kernel."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from c_program_cases import CCase
from c_runs import c_run
from c_value_cases import VALUE_CASES
from seismo.kernel.live import LiveKernel
from seismo.kernel.tracefs import Tracefs
from seismo.views import LiveView

pytestmark = pytest.mark.kernel

PID, PARENT = os.getpid(), os.getppid()
UTS = os.stat("/proc/self/ns/uts").st_ino

TASK_CASES = {
    "return t->pid;": PID,
    "return t->real_parent->tgid;": PARENT,
    f"return t->nsproxy->uts_ns->ns.inum == {UTS}u;": 1,
    "struct list_head *p = &t->tasks; return container_of(p, struct task_struct, tasks)->pid;": PID,
    "struct list_head h = t->children, *p = &t->children; return h.next == p->next;": 1,
    "char c[TASK_COMM_LEN]; bpf_get_current_comm(&c, sizeof(c));"
    "for (int i = 0; i < 16; i++) { if (c[i] != t->comm[i]) return 1; if (!c[i]) break; }"
    "return 2;": 2,
    "u32 k = 1; tasks.update(&k, &t); struct task_struct **p = tasks.lookup(&k);"
    "if (!p) return 0; struct task_struct *q = *p;"
    "return q->pid - (*p)->tgid + (*p)->real_parent->tgid;": PARENT,
    "struct seen s = {t, 5}; u32 k = 1; seen.update(&k, &s); struct seen *p = seen.lookup(&k);"
    "return p ? p->t->pid + p->n : 0;": PID + 5,
    "return READ(READ(t, real_parent), tgid);": PARENT,
    "struct task_struct *none = 0; return none->pid;": 0,
}
TABLES = """
struct seen { struct task_struct *t; u32 n; };
BPF_HASH(seen, u32, struct seen);
BPF_HASH(tasks, u32, struct task_struct *);
#define READ(p, m) ({ typeof((p)->m) _v; bpf_probe_read_kernel(&_v, sizeof(_v), &(p)->m); _v; })
"""


@pytest.mark.parametrize("case", VALUE_CASES, ids=str)
def test_a_program_answers(case: CCase, kernel: LiveKernel) -> None:
    with c_run(case.text, kernel, case.args) as ran:
        assert ran.retval == case.retval


@pytest.fixture
def view(kernel: LiveKernel) -> Iterator[LiveView]:
    with Tracefs(kernel) as tracefs:
        yield LiveView(kernel, tracefs)


@pytest.mark.parametrize("body", TASK_CASES)
def test_objects_of_the_kernel_are_read(body: str, kernel: LiveKernel, view: LiveView) -> None:
    text = f"""{TABLES}
    int f(struct bpf_raw_tracepoint_args *ctx) {{
        struct task_struct *t = (struct task_struct *)bpf_get_current_task();
        {body}
    }}"""
    with c_run(text, kernel, view=view) as ran:
        assert ran.retval == TASK_CASES[body]
