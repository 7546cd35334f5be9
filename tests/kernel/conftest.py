"""The live kernel, and what a machine must be for these tests: else they skip and say why."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from audit_programs import Made, audit_programs
from network_setup import Host, two_hosts
from seismo.audit.catalog.build import audit_catalog
from seismo.audit.tracer.probe import Probe
from seismo.audit.tracer.stream import Stream
from seismo.kernel.live import LiveKernel
from seismo.kernel.tracefs import Tracefs
from seismo.views import LiveView

_NOT_ROOT = "needs root: loads BPF programs"
_NO_GUEST = "needs a guest of the lab: make lab"
_FIRST_OF_FILE = (
    *("test_cli_", "test_engine_", "test_live_", "test_record_", "test_replay_", "test_ship"),
    "test_audit_",
    *(
        "test_tool_",
        "test_verifier_",
        "test_vm_",
        "test_cc_",
        "test_bcc_clang",
        "test_nstrace_c",
        "test_filters",
    ),
)
_ALL_PARAMETERS = (
    *("test_attach_objects", "test_attach_kprobe", "test_attach_tracing", "test_attach_uprobe"),
    *("test_language_probes", "test_probe_iter", "test_probe_raw", "test_probes_kernel_table"),
    *("test_c_programs", "test_tools_matrix"),
)


@pytest.fixture(scope="session")
def kernel() -> LiveKernel:
    """The kernel that runs the tests."""
    return LiveKernel()


@pytest.fixture
def hosts() -> Iterator[tuple[Host, Host]]:
    """Two hosts of our own that only know each other."""
    with two_hosts() as both:
        yield both


@pytest.fixture(scope="session")
def made(kernel: LiveKernel) -> Made:
    """Audit's programs, and the events that this kernel has."""
    with Tracefs(kernel) as tracefs:
        return audit_programs(), audit_catalog(LiveView(kernel, tracefs))


@pytest.fixture
def stream(kernel: LiveKernel, made: Made) -> Iterator[Stream]:
    """Audit at work, for handlers that are to be registered."""
    audit, catalog = made
    with Tracefs(kernel) as tracefs, Stream(Probe(kernel, audit, catalog, tracefs), kernel) as one:
        one.start()
        yield one


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip what this process or this machine cannot do; with CI=true lack of root is a failure."""
    is_root = os.geteuid() == 0
    if not is_root and os.environ.get("CI") == "true":
        raise pytest.UsageError(f"the kernel tests must run in CI, but this {_NOT_ROOT}")
    is_guest = "SEISMO_LAB_KERNEL" in os.environ
    if is_guest and not config.option.keyword:
        items[:] = _for_guests(items)
    for item in items:
        if item.get_closest_marker("kernel") and not is_root:
            item.add_marker(pytest.mark.skip(reason=_NOT_ROOT))
        if item.get_closest_marker("guest") and not is_guest:
            item.add_marker(pytest.mark.skip(reason=_NO_GUEST))


def _for_guests(items: list[pytest.Item]) -> list[pytest.Item]:
    """What shows that a thing works with what this kernel has: one parameter of each test, all of
    those about attaching, the first test of what is mostly user space (commands, tools, the machine
    and the verifier). What needs a guest is kept whole.

    A guest without KVM takes some 15 times as long as the host, where all of them run; `-k` runs
    all that it finds in a guest too.
    """
    seen: set[str] = set()
    kept: list[pytest.Item] = []
    for item in items:
        one = _one_of_many(item)
        if one not in seen or item.get_closest_marker("guest"):
            kept.append(item)
        seen.add(one)
    return kept


def _one_of_many(item: pytest.Item) -> str:
    """What a guest needs one of, of which this is one."""
    file = item.path.name
    if file.startswith(_FIRST_OF_FILE):
        return file
    return item.nodeid if file.startswith(_ALL_PARAMETERS) else item.nodeid.partition("[")[0]
