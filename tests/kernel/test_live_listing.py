"""Our listings against the kernel's own: the verifier's log prints each instruction it walks."""

from __future__ import annotations

import errno
import re
from ctypes import addressof, create_string_buffer

import pytest

from insn_strategies import ALL_FORMS
from seismo.base.errors import SyscallError
from seismo.isa.builder import Assembler
from seismo.isa.encode import encode
from seismo.isa.format import format_insn
from seismo.isa.forms import Form
from seismo.isa.helpers import helper_id
from seismo.isa.insn import REGS, Insn, Reg, slot_starts
from seismo.isa.parse import parse_insn, parse_listing
from seismo.isa.prog_types import ProgType
from seismo.kernel.abi import Cmd, ProgLoadAttr
from seismo.kernel.live import LiveKernel

pytestmark = pytest.mark.kernel

LOG_LEVEL_ALL = 2
FORMS_AT_ONCE = 8
LOG_LINE = re.compile(r"^(\d+): (\([0-9a-f]{2}\) .*?)\s*(?:;.*)?$", re.MULTILINE)

# What the loader replaces (the log shows addresses), what needs an arena or BTF, and what stands
# at the end of the program below.
NOT_HERE = ("map[", "btf[", "subprog[", "kernel-function", "addr_space_cast", "exit", "call")

# What came with Linux 6.6 or later: older kernels refuse it.
SINCE_6_6 = (
    *("(s8)", "(s16)", "(s32)", "*(s8 *)", "*(s16 *)", "*(s32 *)", "bswap", "s/=", "s%="),
    *("gotol", "may_goto", "load_acquire", "store_release"),
)
PLAIN_ENDING = "call pc+1 \n exit \n r0 = 0 \n exit"

# r2 and r3 are unknown numbers, r6 the context, and the highest word of the stack is written.
PREPARE = """
    call bpf_get_prandom_u32#7
    r2 = r0
    r3 = r0
    *(u64 *)(r10 -8) = r0
"""


def example(form: Form) -> Insn:
    """A harmless instruction of this form: jumps go to the next, memory is the stack."""
    fields = {"dst": 3, "src": 2, "off": 0, "imm": 2, "next_imm": 0, "imm64": 1 << 40}
    memory = "dst" if "({rd} {off})" in form.text else "src"
    if "{off})" in form.text:
        fields |= {memory: 10, "off": -8}
    if "{distance}" in form.text:
        fields["imm"] = 0
    kept = {field: fields[field] if field in form.shown else 0 for field in fields} | form.fixed
    imm = kept["imm64"] or kept["imm"]
    return Insn(form.op, REGS[kept["dst"]], REGS[kept["src"]], kept["off"], imm)


def program(forms: list[Form], ending: str) -> tuple[Insn, ...]:
    insns = list(parse_listing(f"r6 = r1{PREPARE}"))
    for form in forms:
        insns.append(example(form))
        if "skb[" in form.text:
            insns += parse_listing(PREPARE)
    return (*insns, *parse_listing(ending))


def verifier_log(kernel: LiveKernel, insns: tuple[Insn, ...], refusal: str = "") -> str:
    """The log of a load that succeeds, or that fails with this complaint."""
    log = create_string_buffer(1 << 20)
    attr = ProgLoadAttr(
        prog_type=ProgType.SOCKET_FILTER,
        insn_cnt=slot_starts(insns)[-1],
        insns=encode(insns),
        license=b"GPL",
        log_level=LOG_LEVEL_ALL,
        log_size=len(log),
        log_buf=addressof(log),
    )
    if refusal:
        with pytest.raises(SyscallError):
            kernel.bpf(Cmd.PROG_LOAD, attr)
        assert refusal in log.value.decode()
    else:
        kernel.close(kernel.bpf(Cmd.PROG_LOAD, attr))
    return log.value.decode()


def check_listing(kernel: LiveKernel, insns: tuple[Insn, ...]) -> None:
    logged = {int(slot): text for slot, text in LOG_LINE.findall(verifier_log(kernel, insns))}
    ours = {
        slot: f"({insn.op:02x}) {format_insn(insn)}"
        for slot, insn in zip(slot_starts(insns), insns, strict=False)
    }
    assert logged == ours
    listing = "\n".join(f"{slot}: {text}" for slot, text in sorted(logged.items()))
    assert parse_listing(listing) == insns


def is_taken(kernel: LiveKernel, form: Form) -> bool:
    """Whether this kernel's verifier knows the form."""
    try:
        verifier_log(kernel, program([form], PLAIN_ENDING))
    except SyscallError as error:
        assert error.errno == errno.EINVAL
        return False
    return True


def test_every_plain_form_is_listed_as_the_kernel_lists_it(kernel: LiveKernel) -> None:
    forms = [form for form in ALL_FORMS if not any(one in form.text for one in NOT_HERE)]
    plain = [form for form in forms if "skb[" not in form.text]
    assert len(plain) == 163
    newer = [form for form in plain if any(one in form.text for one in SINCE_6_6)]
    refused = [form for form in plain if not is_taken(kernel, form)]
    assert [form for form in refused if form not in newer] == []
    # An old kernel takes one of them all the same (0x06, gotol), for what it is not.
    known = [form for form in plain if form not in newer] if refused else plain
    # All in one would do, but older verifiers walk both arms of every jump to the end.
    for start in range(0, len(known), FORMS_AT_ONCE):
        check_listing(kernel, program(known[start : start + FORMS_AT_ONCE], PLAIN_ENDING))


def test_packet_loads_are_listed_as_the_kernel_lists_them(kernel: LiveKernel) -> None:
    loads = [form for form in ALL_FORMS if "skb[" in form.text]
    assert len(loads) == 6
    check_listing(kernel, program(loads, "exit"))


def test_helper_names_are_the_kernel_s(kernel: LiveKernel) -> None:
    calls = [f"call bpf_{name}#{helper_id(name)}" for name in ("ktime_get_ns", "jiffies64")]
    insns = tuple(parse_insn(line) for line in (*calls, "r0 = 0", "exit"))
    assert insns[0] == Insn(0x85, Reg.R0, Reg.R0, 0, 5)
    check_listing(kernel, insns)


def test_a_function_s_address_is_where_the_kernel_looks_for_it(kernel: LiveKernel) -> None:
    asm = Assembler()
    callback = asm.label()
    asm.ld_func(Reg.R2, callback)
    asm.mov(Reg.R0, 0)
    asm.exit()
    asm.bind(callback)
    asm.mov(Reg.R0, 0)
    asm.exit()
    # Only functions with BTF may be called back; the kernel says so after it has found this one.
    log = verifier_log(kernel, asm.finish(), "missing btf func_info")
    assert "func#0 @0\nfunc#1 @4\n" in log
