"""What must hold when a program ends: nothing held, and a result that its type allows.

The ranges are those of check_return_code of kernel/bpf/verifier.c.
"""

from __future__ import annotations

from collections.abc import Mapping

from seismo.isa.prog_types import AttachType, ProgType
from seismo.spec.types import ProgramSpec
from seismo.verifier.locks import check_let_go
from seismo.verifier.options import Setting
from seismo.verifier.register import Register
from seismo.verifier.rules import Refused, Rule
from seismo.verifier.state import State

__all__ = ("check_leaks", "check_result")

_A = AttachType
_LARGEST_ERRNO = 4095
_YES_OR_NO = (0, 1)
_BY_TYPE: Mapping[ProgType, tuple[int, int]] = dict.fromkeys(
    (
        *(ProgType.CGROUP_SKB, ProgType.CGROUP_SOCK, ProgType.CGROUP_SOCK_ADDR, ProgType.SOCK_OPS),
        *(ProgType.CGROUP_DEVICE, ProgType.CGROUP_SYSCTL, ProgType.CGROUP_SOCKOPT),
        *(ProgType.SK_LOOKUP, ProgType.NETFILTER),
    ),
    _YES_OR_NO,
)
_BY_PLACE: Mapping[AttachType, tuple[int, int]] = {
    _A.CGROUP_INET_EGRESS: (0, 3),
    _A.CGROUP_INET4_BIND: (0, 3),
    _A.CGROUP_INET6_BIND: (0, 3),
    **dict.fromkeys(
        (
            *(_A.CGROUP_UDP4_RECVMSG, _A.CGROUP_UDP6_RECVMSG, _A.CGROUP_UNIX_RECVMSG),
            *(_A.CGROUP_INET4_GETPEERNAME, _A.CGROUP_INET6_GETPEERNAME),
            *(_A.CGROUP_INET4_GETSOCKNAME, _A.CGROUP_INET6_GETSOCKNAME),
            *(_A.CGROUP_UNIX_GETPEERNAME, _A.CGROUP_UNIX_GETSOCKNAME),
        ),
        (1, 1),
    ),
    _A.TRACE_FENTRY: (0, 0),
    _A.TRACE_FEXIT: (0, 0),
    _A.TRACE_ITER: _YES_OR_NO,
    _A.TRACE_KPROBE_SESSION: _YES_OR_NO,
    _A.TRACE_UPROBE_SESSION: _YES_OR_NO,
    _A.LSM_MAC: (-_LARGEST_ERRNO, 0),
    _A.LSM_CGROUP: _YES_OR_NO,
}
_YES_OR_NO_HOOKS = (
    *("bpf_lsm_audit_rule_known", "bpf_lsm_inode_xattr_skipcap"),
    "bpf_lsm_xfrm_state_pol_flow_match",
)


def check_leaks(state: State, what: str) -> None:
    """Raises Refused for what is held, or not released, where `what` happens."""
    check_let_go(state.held, what)
    if state.references:
        reference, index = state.references[0]
        raise Refused(
            Rule.REFERENCE,
            f"Unreleased reference id={reference} alloc_insn={index}\n"
            f"{what} would lead to reference leak",
            "submit or discard the record, or release the object, on every path",
        )


def check_result(setting: Setting, state: State, result: Register) -> None:
    """At the program's exit; raises Refused."""
    check_leaks(state, "BPF_EXIT instruction in main prog")
    allowed = _allowed(setting.spec)
    if allowed is None:
        return
    low, high = allowed
    hint = f"set r0 to {low} to {high} before exit"
    if not result.is_scalar:
        raise Refused(
            Rule.RESULT,
            f"At program exit the register R0 is not a known value ({result.type_text})",
            hint,
        )
    bounds = result.value.low if setting.spec.type is ProgType.LSM else result.value.wide
    if bounds.smin < low or bounds.smax > high:
        raise Refused(
            Rule.RESULT,
            f"At program exit the register R0 has {result} should have been in [{low}, {high}]",
            hint,
        )


def _allowed(spec: ProgramSpec) -> tuple[int, int] | None:
    """The smallest and the largest result, None for any."""
    place = spec.expected_attach_type
    if spec.type is ProgType.LSM and spec.target is not None:
        if spec.target.name in _YES_OR_NO_HOOKS:
            return _YES_OR_NO
        place = place or AttachType.LSM_MAC
    if place is not None and place in _BY_PLACE:
        return _BY_PLACE[place]
    return _BY_TYPE.get(spec.type)
