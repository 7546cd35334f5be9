"""BCC's macros for tables and programs: what they come down to."""

from __future__ import annotations

import pytest

from c_runs import RECORDED, c_unit
from seismo.base.diagnostics import Diagnostics, DiagnosticsError
from seismo.base.source import Source
from seismo.c.headers.dialect import DIALECT
from seismo.c.headers.kernel_headers import KernelHeaders
from seismo.c.preprocess import preprocess


def expanded(text: str) -> str:
    """The text of a program after the preprocessor, a space between words."""
    diagnostics = Diagnostics()
    tokens = preprocess(Source("<text>", text), KernelHeaders(RECORDED), {}, diagnostics)
    diagnostics.stop_on_errors()
    return " ".join(one.value for one in tokens)


def declared(kind: str, members: str, name: str, size: str, rest: str = "( 0 )") -> str:
    """A table as the checker reads it; `rest` is its flags, and attributes after them."""
    return (
        f'__attribute__ ( ( seismo_table ( "{kind}" ) ) ) struct {{ {members} }} {name} '
        f"__attribute__ ( ( seismo_entries ( {size} ) , seismo_flags {rest} ) ) ; ;"
    )


TABLES = {
    "BPF_HASH(a);": declared("hash", "u64 key ; u64 leaf ;", "a", "10240"),
    "BPF_HASH(a, u32);": declared("hash", "u32 key ; u64 leaf ;", "a", "10240"),
    "BPF_HASH(a, u32, struct sock *);": declared(
        "hash", "u32 key ; struct sock * leaf ;", "a", "10240"
    ),
    "BPF_HASH(a, struct k, u8, 2 * 4);": declared("hash", "struct k key ; u8 leaf ;", "a", "2 * 4"),
    "BPF_PERCPU_HASH(a, u32);": declared("percpu_hash", "u32 key ; u64 leaf ;", "a", "10240"),
    "BPF_LRU_HASH(a, u32);": declared("lru_hash", "u32 key ; u64 leaf ;", "a", "10240"),
    "BPF_LPM_TRIE(a, struct k);": declared(
        "lpm_trie", "struct k key ; u64 leaf ;", "a", "10240", "( 1 )"
    ),
    "BPF_ARRAY(a);": declared("array", "int key ; u64 leaf ;", "a", "10240"),
    "BPF_ARRAY(a, struct v, 1);": declared("array", "int key ; struct v leaf ;", "a", "1"),
    "BPF_PERCPU_ARRAY(a, u32);": declared("percpu_array", "int key ; u32 leaf ;", "a", "10240"),
    "BPF_HISTOGRAM(a);": declared("histogram", "int key ; u64 leaf ;", "a", "64"),
    "BPF_HISTOGRAM(a, struct k, 9);": declared("histogram", "struct k key ; u64 leaf ;", "a", "9"),
    "BPF_PERF_OUTPUT(a);": declared("perf_output", "int key ; u32 leaf ;", "a", "0"),
    "BPF_RINGBUF_OUTPUT(a, 8);": declared("ringbuf", "int key ; u32 leaf ;", "a", "8"),
    "BPF_PROG_ARRAY(a, 8);": declared("prog", "u32 key ; u32 leaf ;", "a", "8"),
    "BPF_QUEUE(a, struct v, 8);": declared("queue", "struct v leaf ;", "a", "8", "( 0 ) , unused"),
    "BPF_STACK(a, u64, 8, 4);": declared("stack", "u64 leaf ;", "a", "8", "( 4 ) , unused"),
    "BPF_STACK_SHARED(a, u64, 8);": declared(
        "stack", "u64 leaf ;", "a", "8", "( 0 ) , seismo_shared"
    ),
    'BPF_ARRAY_OF_MAPS(a, "b", 8);': declared(
        "array_of_maps", "int key ; int leaf ;", "a", "8", '( 0 ) , seismo_inner ( "b" )'
    ),
    'BPF_HASH_OF_MAPS(a, u8, "b", 8);': declared(
        "hash_of_maps", "u8 key ; int leaf ;", "a", "8", '( 0 ) , seismo_inner ( "b" )'
    ),
    "BPF_XSKMAP(a, 8);": declared("xskmap", "u32 key ; int leaf ;", "a", "8"),
    'BPF_XSKMAP(a, 8, "/p");': declared(
        "xskmap", "u32 key ; int leaf ;", "a", "8", '( 0 ) , seismo_pin ( "/p" )'
    ),
    "BPF_SOCKHASH(a);": declared("sockhash", "u32 key ; int leaf ;", "a", "10240"),
    "BPF_SOCKHASH(a, u64, 8);": declared("sockhash", "u64 key ; int leaf ;", "a", "8"),
    'BPF_TABLE("hash", u8, u16, a, 8);': declared("hash", "u8 key ; u16 leaf ;", "a", "8"),
    'BPF_F_TABLE("hash", u8, u16, a, 8, 1);': declared(
        "hash", "u8 key ; u16 leaf ;", "a", "8", "( 1 )"
    ),
    'BPF_TABLE_PUBLIC("hash", u8, u16, a, 8);': declared(
        "hash", "u8 key ; u16 leaf ;", "a", "8", "( 0 ) , seismo_public"
    ),
    'BPF_TABLE_SHARED("hash", u8, u16, a, 8);': declared(
        "hash", "u8 key ; u16 leaf ;", "a", "8", "( 0 ) , seismo_shared"
    ),
    'BPF_TABLE_PINNED("hash", u8, u16, a, 8, "/p");': declared(
        "hash", "u8 key ; u16 leaf ;", "a", "8", '( 0 ) , seismo_pin ( "/p" )'
    ),
    'BPF_TABLE_PINNED("hash", u8, u16, a, 8, "/p", 1);': declared(
        "hash", "u8 key ; u16 leaf ;", "a", "8", '( 1 ) , seismo_pin ( "/p" )'
    ),
}


@pytest.mark.parametrize("text", TABLES)
def test_a_table(text: str) -> None:
    assert expanded(text) == TABLES[text]


PROGRAMS = {
    "TRACEPOINT_PROBE(sched, sched_switch)": "int tracepoint__sched__sched_switch "
    "( struct tracepoint__sched__sched_switch * args )",
    "KFUNC_PROBE(vfs_read)": "int kfunc__vfs_read ( unsigned long long * ctx )",
    "KFUNC_PROBE(vfs_read, struct file *f, int n)": "int kfunc__vfs_read "
    "( unsigned long long * ctx , struct file * f , int n )",
    "KRETFUNC_PROBE(f, int ret)": "int kretfunc__f ( unsigned long long * ctx , int ret )",
    "MODULE_KFUNC_PROBE(xfs, f)": "int kfunc__xfs__f ( unsigned long long * ctx )",
    "KMOD_RET(f, int ret)": "int kmod_ret__f ( unsigned long long * ctx , int ret )",
    "LSM_PROBE(file_open, struct file *f)": "int lsm__file_open "
    "( unsigned long long * ctx , struct file * f )",
    "BPF_ITER(task)": "int bpf_iter__task ( struct bpf_iter__task * ctx )",
}


@pytest.mark.parametrize("text", PROGRAMS)
def test_a_program(text: str) -> None:
    assert expanded(text) == PROGRAMS[text]


def test_what_a_macro_needs_stands_before_the_program() -> None:
    assert expanded("RAW_TRACEPOINT_PROBE(sys_enter)") == (
        "struct bpf_raw_tracepoint_args { __u64 args [ 0 ] ; } ; "
        "int raw_tracepoint__sys_enter ( struct bpf_raw_tracepoint_args * ctx )"
    )
    assert expanded("BPF_STACK_TRACE(s, 8);") == (
        "struct bpf_stacktrace { u64 ip [ 127 ] ; } ; "
        + declared("stack_trace", "int key ; struct bpf_stacktrace leaf ;", "s", "8")
    )
    with_build_ids = expanded("BPF_STACK_TRACE_BUILDID(s, 8);")
    assert with_build_ids.startswith("struct bpf_stack_build_id {")
    assert with_build_ids.endswith(
        declared(
            "stack_trace", "int key ; struct bpf_stacktrace_buildid leaf ;", "s", "8", "( 32 )"
        )
    )


@pytest.mark.parametrize(
    "text", ["BPF_HASH(a, u8, u8, 1, 0);", "BPF_QUEUE(a, u64);", "BPF_XSKMAP(a);"]
)
def test_a_wrong_number_of_arguments_is_an_error(text: str) -> None:
    with pytest.raises(DiagnosticsError):
        c_unit(text)


def test_names_for_itself_are_marked() -> None:
    own = [name for name in DIALECT if name.startswith("__")]
    assert all(name.startswith("__seismo_") for name in own)
