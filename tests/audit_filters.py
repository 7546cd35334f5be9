"""Runs the C of filters in the machine: what it answers for facts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path
from struct import pack

import seismo.audit
from c_runs import RECORDED
from seismo.audit.config.filter_meaning import Facts
from seismo.audit.program.generate import FILTERS_MAP, GeneratedFilters
from seismo.base.source import Source
from seismo.c.compile import build_program, compile_c
from seismo.c.flavour import RAW_TRACEPOINT
from seismo.c.tables import map_specs, map_types
from seismo.engine.kernel import VmKernel
from seismo.objects.load import Loaded, load
from seismo.spec.types import ObjectSpec

__all__ = ("Filtering", "address_bytes", "filtering")

_BPF = Path(seismo.audit.__file__).parent / "bpf"
_FACTS = re.search(r"struct audit_facts \{.*?\n\};", (_BPF / "maps.h").read_text(), re.DOTALL)
_HEAD = """
#define AUDIT_HANDLERS 64
struct audit_pending { u64 started_ns; u64 args[6]; };
FACTS
struct audit_record { u64 pos; u32 type; u32 flags; struct audit_pending call;
                      struct audit_facts facts; };
BPF_ARRAY(given, struct audit_record, 1);
"""
_PROGRAM = """
int f(void *ctx) {
    u32 zero = 0;
    struct audit_record *record = given.lookup(&zero);
    if (!record)
        return 99;
    record->flags = 0;
    int wanted = audit_wanted(&record->facts);
    int counted = wanted ? audit_counted(&record->facts) : 0;
    return wanted | (record->flags != 0) << 1 | counted << 2;
}
"""


class Filtering:
    """A loaded text; `answer` runs it on facts."""

    def __init__(self, loaded: Loaded) -> None:
        self.loaded = loaded

    def answer(self, facts: Facts) -> tuple[bool, bool, bool]:
        """(wanted, hidden, counted)."""
        record = pack("<QII", 0, facts.type, 0) + pack("<Q6Q", 0, *facts.args)
        record += pack("<QqQ", facts.path_mask, facts.ret, facts.cgroup)
        record += pack("<4I", facts.uid, facts.gid, facts.pid, facts.ppid)
        record += pack("<4H", facts.type, facts.handler, facts.family, facts.port)
        record += pack("<16s16s64s", facts.comm, facts.address, facts.path)
        self.loaded.maps["given"].put(bytes(4), record)
        number = self.loaded.programs["f"].test_run(ctx=bytes(8)).retval
        assert number < 8
        return bool(number & 1), bool(number & 2), bool(number & 4)

    def handle(self, index: int, bits: int) -> None:
        """Which of the configuration's handlers an index stands for."""
        self.loaded.maps[FILTERS_MAP].put(pack("<I", index), pack("<Q", bits))

    def counts(self, name: str) -> dict[bytes, int]:
        """A map of numbers by its keys."""
        items = self.loaded.maps[name].items()
        return {key: int.from_bytes(value, "little") for key, value in items}


@contextmanager
def filtering(made: GeneratedFilters) -> Iterator[Filtering]:
    """The text compiled for a recorded kernel, loaded into the machine."""
    assert _FACTS is not None
    text = _HEAD.replace("FACTS", _FACTS[0]) + made.text + _PROGRAM
    unit = compile_c(Source("filter.c", text), RECORDED)
    program = build_program(unit, "f", RAW_TRACEPOINT, RECORDED)
    spec = ObjectSpec(maps=map_specs(unit), programs=(program,), btf=map_types(unit))
    with load(spec, VmKernel()) as loaded:
        yield Filtering(loaded)


def address_bytes(text: str) -> bytes:
    """An address as `facts.address` has it."""
    packed = ip_address(text).packed
    return packed + bytes(16 - len(packed))
