"""What links tell, of kernels that know more or less of it."""

from __future__ import annotations

import errno
import struct
from ctypes import c_char

import pytest

from seismo.base.errors import SyscallError
from seismo.kernel.abi import BpfAttr, Cmd, ObjInfoAttr
from seismo.kernel.link_details import LinkType, PerfLinkType, link_details
from seismo.kernel.live import LiveKernel

UPROBES = (0x1000, 0x2000)


class OneLink(LiveKernel):
    """A kernel of one link; its `struct bpf_link_info` has only so many bytes."""

    def __init__(self, known_bytes: int, type_: int, rest: bytes = b"") -> None:
        super().__init__()
        self._known = known_bytes
        self._info = (struct.pack("III4x", type_, 9, 4) + rest).ljust(known_bytes, b"\0")

    def bpf(self, cmd: Cmd, attr: BpfAttr) -> int:
        assert cmd is Cmd.OBJ_GET_INFO_BY_FD
        _, size, address = struct.unpack_from("IIQ", bytes(attr))
        asked = (c_char * size).from_address(address)
        if any(asked.raw[self._known :]):
            raise SyscallError("bpf(BPF_OBJ_GET_INFO_BY_FD)", errno.E2BIG)
        self.fill(asked.raw)
        asked[: self._known] = self._info[: self._known]
        assert isinstance(attr, ObjInfoAttr)
        attr.info_len = self._known
        return 0

    def fill(self, asked: bytes) -> None:
        """Put texts and arrays where `asked` wants them."""


class UprobeMulti(OneLink):
    """A link to two places of a file, of Linux 6.8 (64 bytes) or of one that tells less."""

    def fill(self, asked: bytes) -> None:
        path, offsets = struct.unpack_from("QQ", asked, 16)
        room, count = struct.unpack_from("II", asked, 48)
        if path:
            assert room > 9
            (c_char * 9).from_address(path).raw = b"/bin/true"
        if offsets:
            assert count == len(UPROBES)
            (c_char * 16).from_address(offsets).raw = struct.pack("QQ", *UPROBES)


def test_texts_and_arrays_are_asked_for() -> None:
    rest = struct.pack("QQQQIIII", 0, 0, 0, 0, 0, len(UPROBES), 1, 77)
    told = link_details(UprobeMulti(64, LinkType.UPROBE_MULTI, rest), 0)
    assert (told.id, told.type, told.prog_id, told.perf_type) == (9, LinkType.UPROBE_MULTI, 4, 0)
    assert told.details == {
        "path": "/bin/true",
        "offsets": UPROBES,
        "ref_ctr_offsets": (0, 0),
        "cookies": (0, 0),
        "count": 2,
        "flags": 1,
        "pid": 77,
    }


@pytest.mark.parametrize("known_bytes", [32, 48])
def test_an_old_kernel_is_not_asked_for_what_it_does_not_know(known_bytes: int) -> None:
    details = link_details(UprobeMulti(known_bytes, LinkType.UPROBE_MULTI), 0).details
    assert (details["count"], details["pid"], details["offsets"]) == (0, 0, ())


def test_a_perf_event_of_which_nothing_is_told() -> None:
    told = link_details(OneLink(32, LinkType.PERF_EVENT), 0)
    assert (told.perf_type, told.details) == (0, {})


def test_types_that_are_newer() -> None:
    assert link_details(OneLink(64, 99), 0).type == 99
    assert link_details(OneLink(64, 99), 0).details == {}
    event = struct.pack("I", 99)
    assert link_details(OneLink(64, LinkType.PERF_EVENT, event), 0).perf_type == 99


def test_numbers_keep_their_sign() -> None:
    rest = struct.pack("IIiI", 2, 3, -5, 1)
    assert link_details(OneLink(64, LinkType.NETFILTER, rest), 0).details == {
        "pf": 2,
        "hooknum": 3,
        "priority": -5,
        "flags": 1,
    }


def test_what_an_event_is() -> None:
    rest = struct.pack("II QII Q", PerfLinkType.EVENT, 0, 1 << 40, 4, 0, 5)
    told = link_details(OneLink(64, LinkType.PERF_EVENT, rest), 0)
    assert told.details == {"config": 1 << 40, "event_type": 4, "cookie": 5}
