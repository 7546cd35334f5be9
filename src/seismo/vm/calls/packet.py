"""Helpers on the packet: its bytes, where it begins and ends, where it goes."""

from __future__ import annotations

import errno
from collections.abc import Callable, Mapping

from seismo.base.bits import U32_MAX, to_signed
from seismo.vm.calls.refusal import refusing
from seismo.vm.errors import BadAccess, Errno
from seismo.vm.packet import Packet
from seismo.vm.run import Helper, Run

__all__ = ("PACKET", "writable")

_U16_MAX = 0xFFFF
_INT_MAX = (1 << 31) - 1
_STORE_FLAGS = 0b11  # BPF_F_RECOMPUTE_CSUM, BPF_F_INVALIDATE_HASH
_FROM_LINK, _FROM_NETWORK = 0, 1
_XDP_ABORTED, _XDP_REDIRECT = 0, 4
_TC_ACT_SHOT, _TC_ACT_REDIRECT = 2, 7
_INGRESS = 1


def skb_load_bytes(run: Run, a: int, b: int, c: int, d: int, e: int) -> int:
    """(context, offset, target, size): -EFAULT, and zeros, past the packet's end."""
    offset, size = b & U32_MAX, d & U32_MAX
    is_inside = offset + size <= len(run.packet)
    data = bytes(run.packet[offset : offset + size]) if is_inside else bytes(size)
    run.memory.write(c, data)
    return 0 if is_inside else -errno.EFAULT


def skb_load_bytes_relative(run: Run, a: int, b: int, c: int, d: int, e: int) -> int:
    """(context, offset, target, size, from where): of the Ethernet header, or of what follows it.
    Since Linux 4.18."""
    offset, size = b & U32_MAX, d & U32_MAX
    framed = _framed(run)
    starts = {_FROM_LINK: framed.from_link, _FROM_NETWORK: framed.from_network}
    data = bytes(starts.get(e & U32_MAX, b"")[offset : offset + size])
    is_inside = len(data) == size and offset <= _U16_MAX
    run.memory.write(c, data if is_inside else bytes(size))
    return 0 if is_inside else -errno.EFAULT


@refusing
def skb_store_bytes(run: Run, a: int, b: int, c: int, d: int, e: int) -> int:
    """(context, offset, source, size, flags)"""
    offset, size = b & U32_MAX, d & U32_MAX
    data = run.memory.read(c, size)
    if e & ~_STORE_FLAGS:
        raise Errno(errno.EINVAL)
    if offset > _INT_MAX:
        raise Errno(errno.EFAULT)
    writable(run, offset, size)[:] = data
    return 0


def writable(run: Run, offset: int, size: int) -> memoryview:
    """Bytes of the packet, to be changed; Errno (EFAULT) where it has none. The kernel may have to
    copy a packet that others share, so that all pointers into it end."""
    view = memoryview(run.packet)
    if offset + size > len(view) or view.readonly:
        raise Errno(errno.EFAULT)
    _moved(run)
    return view[offset : offset + size]


@refusing
def xdp_load_bytes(run: Run, a: int, b: int, c: int, d: int, e: int) -> int:
    """(context, offset, target, size). Since Linux 5.18."""
    start, end = _xdp_range(run, b & U32_MAX, d & U32_MAX)
    run.memory.write(c, bytes(run.packet[start:end]))
    return 0


@refusing
def xdp_store_bytes(run: Run, a: int, b: int, c: int, d: int, e: int) -> int:
    """(context, offset, source, size). Since Linux 5.18."""
    start, end = _xdp_range(run, b & U32_MAX, d & U32_MAX)
    data = run.memory.read(c, end - start)
    view = memoryview(run.packet)
    if view.readonly:
        raise Errno(errno.EFAULT)
    view[start:end] = data  # pointers into the packet stay good
    return 0


def _xdp_range(run: Run, offset: int, size: int) -> tuple[int, int]:
    if offset > _U16_MAX or size > _U16_MAX:
        raise Errno(errno.EFAULT)
    if offset + size > len(run.packet):
        raise Errno(errno.EINVAL)
    return offset, offset + size


def xdp_get_buff_len(run: Run, a: int, b: int, c: int, d: int, e: int) -> int:
    """(context): the bytes of the packet. Since Linux 5.18."""
    return len(run.packet)


@refusing
def skb_pull_data(run: Run, a: int, b: int, c: int, d: int, e: int) -> int:
    """(context, size): so many bytes lie in one piece, as all do here; -ENOMEM for more."""
    _framed(run)
    if b & U32_MAX > len(run.packet):
        raise Errno(errno.ENOMEM)
    _moved(run)
    return 0


def _moving(move: Callable[[Packet, int], None], *, is_signed: bool) -> Helper:
    """The helper (context, size, flags) that moves an end of the packet."""

    @refusing
    def helper(run: Run, a: int, b: int, c: int, d: int, e: int) -> int:
        if not is_signed and c:
            raise Errno(errno.EINVAL)
        move(_framed(run), to_signed(b, 32) if is_signed else b & U32_MAX)
        _moved(run)
        return 0

    return helper


def redirect(run: Run, a: int, b: int, c: int, d: int, e: int) -> int:
    """(interface, flags): what the program is to return then."""
    framed = _framed(run)
    if framed.is_xdp:
        refused, answer = b, _XDP_REDIRECT
    else:
        refused, answer = b & ~_INGRESS, _TC_ACT_REDIRECT
    if refused:
        return _XDP_ABORTED if framed.is_xdp else _TC_ACT_SHOT
    framed.redirect = a & U32_MAX
    return answer


def _framed(run: Run) -> Packet:
    if run.framed is None:
        raise BadAccess("the program was run on bytes, and not on a packet with room around it")
    return run.framed


def _moved(run: Run) -> None:
    """Pointers into the packet end, as the kernel's verifier has it, whether or not it moved."""
    if run.framed is not None:
        run.framed.expose(run.memory)
        run.packet = run.framed.contents


PACKET: Mapping[str, Helper] = {
    "redirect": redirect,
    "skb_change_head": _moving(Packet.grow_head, is_signed=False),
    "skb_change_tail": _moving(Packet.resize, is_signed=False),
    "skb_load_bytes": skb_load_bytes,
    "skb_load_bytes_relative": skb_load_bytes_relative,
    "skb_pull_data": skb_pull_data,
    "skb_store_bytes": skb_store_bytes,
    "xdp_adjust_head": _moving(Packet.move_head, is_signed=True),
    "xdp_adjust_meta": _moving(Packet.move_meta, is_signed=True),
    "xdp_adjust_tail": _moving(Packet.move_tail, is_signed=True),
    "xdp_get_buff_len": xdp_get_buff_len,
    "xdp_load_bytes": xdp_load_bytes,
    "xdp_store_bytes": xdp_store_bytes,
}
