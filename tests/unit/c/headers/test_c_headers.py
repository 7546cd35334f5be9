"""The kernel's headers as programs know them, held against the compiler's and the system's own."""

from __future__ import annotations

import subprocess

import pytest

import gen_c_headers
from c_kernels import RECORDED, KernelOf, KernelWithoutTypes
from seismo.btf.types import (
    Array,
    Enum,
    Enumerator,
    Int,
    IntEncoding,
    Member,
    Struct,
    Type,
    Typedef,
    Union,
)
from seismo.c.headers.constants import CONSTANTS
from seismo.c.headers.functions import DECLARATIONS
from seismo.c.headers.kernel_headers import KernelHeaders, version_code
from seismo.c.headers.machines import machine_macros
from seismo.c.headers.macros import MACROS

CHAR = Int("char", 1, IntEncoding.SIGNED)
INT = Int("int", 4, IntEncoding.SIGNED)
HEADERS = KernelHeaders(RECORDED)

OF_THE_KERNEL = {
    "MINORBITS": 20, "MAX_ERRNO": 4095, "PAGE_SHIFT": 12, "REQ_OP_BITS": 8,
}  # fmt: skip

VALUES = {
    "min(3, -1)": -1,
    "max(3, -1)": 3,
    "min_t(unsigned int, 3, -1)": 3,
    "max_t(unsigned char, 3, 257)": 3,
    "min3(3, 1, 2)": 1,
    "max3(3, 1, 2)": 3,
    "min(min(4, 3), max(1, 2))": 2,
    "clamp(9, 1, 5)": 5,
    "clamp_t(int, -9, 1, 5)": 1,
    "min_not_zero(0, 7)": 7,
    "MIN(1, 2) + MAX(1, 2)": 3,
    "abs(-5)": 5,
    "BIT(3) + BIT_ULL(40)": 8 + (1 << 40),
    "GENMASK(7, 4)": 0xF0,
    "GENMASK_ULL(63, 60) >> 60": 15,
    "DIV_ROUND_UP(7, 2)": 4,
    "roundup(7, 5) + rounddown(7, 5)": 15,
    "round_up(7, 4) + round_down(7, 4)": 12,
    "ALIGN(9, 8) + ALIGN_DOWN(9, 8)": 24,
    "IS_ALIGNED(16, 8)": 1,
    "upper_32_bits(0x500000007ULL) * 10 + lower_32_bits(0x500000007ULL)": 57,
    "div_u64(100, 7)": 14,
    "({ u64 n = 100; u32 rest = do_div(n, 7); n * 10 + rest; })": 142,
    "({ int a = 1, b = 2; swap(a, b); a * 10 + b; })": 21,
    "ARRAY_SIZE(((struct pair *)0)->more)": 3,
    "offsetof(struct pair, second)": 8,
    "offsetofend(struct pair, second)": 16,
    "sizeof_field(struct pair, more)": 12,
    "({ struct pair p; container_of(&p.second, struct pair, second) == &p; })": 1,
    "likely(5) + unlikely(0)": 1,
    "KERNEL_VERSION(6, 18, 300)": (6 << 16) + (18 << 8) + 255,
    "IS_ERR((void *)-2L) + IS_ERR((void *)1) + IS_ERR_OR_NULL(NULL)": 2,
    "PTR_ERR(ERR_PTR(-5))": -5,
    "PAGE_SIZE + (0x1fff & ~PAGE_MASK) + PAGE_ALIGN(1)": 4096 + 0xFFF + 4096,
    "MAJOR(MKDEV(8, 17)) * 100 + MINOR(MKDEV(8, 17))": 817,
    "S_ISREG(0100644) + S_ISDIR(0100644) + S_ISSOCK(0140755) + S_ISLNK(0120777)": 3,
    "U8_MAX + U16_MAX": 255 + 65535,
    "U64_MAX == UINT64_MAX && S64_MAX == INT64_MAX": 1,
    "INT_MIN": -(2**31),
    "LONG_MAX": 2**63 - 1,
    "TASK_REPORT": 0x7F,
    "REQ_OP_MASK": 255,
    "ntohs(0x1234) + htons(0x3412)": 0x3412 + 0x1234,
    "ntohl(0x12345678)": 0x78563412,
    "be64_to_cpu(1)": 1 << 56,
    "le16_to_cpu(0x1234) + cpu_to_le32(1)": 0x1235,
    "bpf_htonl(1)": 0x01000000,
    "swab16(0x1234)": 0x3412,
    "O_TMPFILE": 0o20200000,
    'memcmp("ab", "ac", 1)': 0,
}

SIZES = {
    "ethernet_t": 14, "dot1q_t": 4, "arp_t": 28, "ip_t": 20, "ip6_t": 40, "udp_t": 8, "tcp_t": 20,
    "icmp_t": 4, "icmp6_t": 4, "vxlan_t": 8, "bpf_stacktrace": 127 * 8, "bpf_stack_build_id": 32,
    "bpf_stacktrace_buildid": 127 * 32, "bpf_perf_event_value": 24, "bpf_pidns_info": 8,
    "bpf_cgroup_storage_key": 16, "bpf_raw_tracepoint_args": 0,
}  # fmt: skip

_TYPES = """
typedef unsigned char u8, __u8; typedef unsigned short u16, __u16; typedef unsigned int u32, __u32;
typedef unsigned long long u64, __u64; typedef int s32, __s32; typedef long long s64, __s64;
typedef unsigned long size_t; typedef unsigned int dev_t;
struct pair { u64 first; u64 second; int more[3]; };
int printf(const char *, ...);
"""


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> list[int]:
    """What the compiler says of `VALUES` and `SIZES` with our definitions."""
    names = {**MACROS} | machine_macros("x86_64")
    defines = [f"#undef {name}\n#define {text}" for name, text in names.items()]
    defines += [f"#define {name} {value}" for name, value in CONSTANTS.items() if name not in names]
    records = [DECLARATIONS[name] for name in SIZES if name != "bpf_stacktrace_buildid"]
    records.append(DECLARATIONS["bpf_stacktrace_buildid"])
    shown = [*VALUES, *(f"sizeof(struct {name})" for name in SIZES)]
    prints = [f'printf("%lld\\n", (long long)({one}));' for one in shown]
    main = ["int main(void) {", *prints, "return 0; }"]
    text = "\n".join([_TYPES, *defines, *records, *main])
    program = tmp_path_factory.mktemp("c") / "program"
    command = ["gcc", "-w", "-x", "c", "-", "-o", str(program)]
    subprocess.run(command, input=text, text=True, check=True)
    output = subprocess.run([program], capture_output=True, text=True, check=True).stdout
    return [int(line) for line in output.splitlines()]


def test_macros_mean_what_the_compiler_makes_of_them(said: list[int]) -> None:
    assert dict(zip(VALUES, said, strict=False)) == VALUES


def test_records_are_as_large_as_what_they_describe(said: list[int]) -> None:
    assert dict(zip(SIZES, said[len(VALUES) :], strict=True)) == SIZES


def test_constants_are_those_of_the_systems_headers() -> None:
    generated = [name for name in CONSTANTS if name not in gen_c_headers.KERNEL]
    known = gen_c_headers.values(generated)
    assert len(known) > 1500
    assert {name: CONSTANTS[name] for name in known} == known


def test_constants_of_the_kernel_alone_are_as_they_were_written_down() -> None:
    assert {name: CONSTANTS[name] for name in gen_c_headers.KERNEL} == gen_c_headers.KERNEL
    assert {name: int(CONSTANTS[name]) for name in OF_THE_KERNEL} == OF_THE_KERNEL


@pytest.mark.parametrize(
    ("name", "definition"),
    [
        ("AF_INET6", "AF_INET6 10"),
        ("CLONE_IO", "CLONE_IO 2147483648U"),
        ("AT_FDCWD", "AT_FDCWD (-100)"),
        ("NSEC_PER_SEC", "NSEC_PER_SEC 1000000000L"),
        ("PT_REGS_RC", "PT_REGS_RC(ctx) ((ctx)->ax)"),
        ("PT_REGS_PARM4", "PT_REGS_PARM4(ctx) ((ctx)->cx)"),
        ("PT_REGS_PARM4_SYSCALL", "PT_REGS_PARM4_SYSCALL(ctx) ((ctx)->r10)"),
        ("sk_state", "sk_state __sk_common.skc_state"),
        ("rcu_head", "rcu_head callback_head"),
        ("CONFIG_X86_64", "CONFIG_X86_64 1"),
        ("REQ_SYNC", "REQ_SYNC (1ULL << __REQ_SYNC)"),
    ],
)
def test_a_definition(name: str, definition: str) -> None:
    assert HEADERS.macros[name] == definition


def test_another_machine_has_other_registers() -> None:
    macros = machine_macros("aarch64")
    assert macros["PT_REGS_PARM1"] == "PT_REGS_PARM1(ctx) ((ctx)->regs[0])"
    assert macros["PT_REGS_RC"] == "PT_REGS_RC(ctx) ((ctx)->regs[0])"
    assert macros["PT_REGS_IP"] == "PT_REGS_IP(ctx) ((ctx)->pc)"
    assert macros["O_DIRECT"] == "O_DIRECT 00200000"
    assert "CONFIG_X86_64" not in macros


def test_every_definition_is_named_by_its_key() -> None:
    for name, definition in HEADERS.macros.items():
        assert definition.startswith((f"{name} ", f"{name}(")) or definition == name


def test_what_is_not_defined_is_missing() -> None:
    assert HEADERS.macros.get("current") is None
    assert "CONFIG_NOTHING" not in HEADERS.macros


def _dentry(name: str, type_: Type, size: int) -> list[Type]:
    return [CHAR, INT, Array(1, 2, 40), type_, Struct("dentry", size, (Member(name, 4, 0),))]


def test_the_name_in_a_dentry_is_as_long_as_the_kernel_says() -> None:
    union = Union("shortname_store", 40, (Member("string", 3, 0),))
    newer = KernelHeaders(KernelOf(_dentry("d_shortname", union, 40)))
    assert newer.macros["DNAME_INLINE_LEN"] == "DNAME_INLINE_LEN 40"
    older = KernelHeaders(KernelOf(_dentry("d_iname", Array(1, 2, 32), 32)))
    assert older.macros["DNAME_INLINE_LEN"] == "DNAME_INLINE_LEN 32"
    assert "DNAME_INLINE_LEN" not in KernelHeaders(KernelOf([CHAR])).macros
    assert "DNAME_INLINE_LEN" not in KernelHeaders(KernelWithoutTypes()).macros


def test_the_configuration_shows_in_the_types() -> None:
    zone: list[Type] = [
        INT,
        Struct("zone", 4, (Member("node", 1, 0),)),
        Struct("mem_cgroup", 0, ()),
    ]
    net: list[Type] = [Struct("", 4, (Member("net", 1, 0),)), Typedef("possible_net_t", 4)]
    macros = KernelHeaders(KernelOf(zone + net)).macros
    assert macros["CONFIG_NUMA"] == "CONFIG_NUMA 1"
    assert macros["CONFIG_NET_NS"] == "CONFIG_NET_NS 1"
    assert "CONFIG_MEMCG" not in macros
    assert "CONFIG_NUMA" not in KernelHeaders(KernelWithoutTypes()).macros


def test_bits_that_move_are_the_kernels_own() -> None:
    bits = Enum("", 4, (Enumerator("___GFP_IO_BIT", 5),))
    macros = KernelHeaders(KernelOf([bits])).macros
    assert macros["___GFP_IO_BIT"] == "___GFP_IO_BIT 5"
    assert macros["___GFP_FS_BIT"] == "___GFP_FS_BIT 7"


def test_a_function_stands_after_what_it_needs() -> None:
    text = HEADERS.prelude_for({"tcp_hdr"})
    assert text == DECLARATIONS["skb_transport_header"] + "\n" + DECLARATIONS["tcp_hdr"]
    assert HEADERS.prelude_for({"tcp_hdrlen", "tcp_hdr"}).count("tcp_hdr(const") == 1
    assert HEADERS.prelude_for({"x", "AF_INET"}) == ""


def test_no_declaration_names_an_unknown_macro() -> None:
    assert "BPF_PACKET_HEADER" in MACROS
    assert all(text.endswith(("}", ";")) for text in DECLARATIONS.values())


@pytest.mark.parametrize(
    ("release", "code"),
    [
        ("6.18.44-fc", 0x06122C),
        ("6.1.0-50-amd64", 0x060100),
        ("5.4.301", 0x0504FF),
        ("7.0", 0x70000),
    ],
)
def test_the_code_of_a_version(release: str, code: int) -> None:
    assert version_code(release) == code
