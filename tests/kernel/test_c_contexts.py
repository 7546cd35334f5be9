"""Programs on packets, kept values, other programs and other maps; and where contexts hold what."""

from __future__ import annotations

from struct import pack

import pytest

from c_runs import c_loaded, c_run
from seismo.base.errors import SourceError
from seismo.c.flavour import Flavour
from seismo.c.kernel_types import KernelTypes
from seismo.c.own_context import POINTERS
from seismo.c.registers import MACHINES
from seismo.isa.prog_types import ProgType
from seismo.kernel.live import LiveKernel
from seismo.kernel.tracefs import Tracefs
from seismo.objects.map import Map
from seismo.views import LiveView

pytestmark = pytest.mark.kernel

XDP = Flavour(type=ProgType.XDP)
SOCKET_FILTER = Flavour(type=ProgType.SOCKET_FILTER)
CLASSIFIER = Flavour(type=ProgType.SCHED_CLS)
_SOURCE = b"\x0a\0\0\x01"
_IPV4 = bytes(12) + b"\x08\x00\x45" + bytes(8) + b"\x06" + bytes(2) + _SOURCE + bytes(4)
_OTHER = bytes(12) + b"\x08\x06" + bytes(46)


@pytest.fixture
def view(kernel: LiveKernel) -> LiveView:
    return LiveView(kernel, Tracefs(kernel))


XDP_TEXT = """
    BPF_HASH(sources, u32);
    int f(struct xdp_md *ctx) {
        void *data = (void *)(long)ctx->data;
        void *data_end = (void *)(long)ctx->data_end;
        struct ethhdr *eth = data;
        struct iphdr *ip = data + sizeof(*eth);
        if ((void *)(ip + 1) > data_end) return XDP_PASS;
        if (eth->h_proto != htons(ETH_P_IP)) return XDP_PASS;
        if (ip->version != 4 || ip->ihl != 5) return XDP_ABORTED;
        u32 source = ip->saddr;
        sources.increment(source);
        ip->ttl = 9;
        return ip->protocol == IPPROTO_TCP ? XDP_DROP : XDP_TX;
    }
"""


def test_a_packet_is_read_and_written_in_place(kernel: LiveKernel, view: LiveView) -> None:
    packet = _IPV4 + bytes(30)
    with c_run(XDP_TEXT, kernel, flavour=XDP, packet=packet, view=view) as ran:
        assert ran.retval == 1
        assert ran.data == packet[:22] + b"\x09" + packet[23:]
        assert ran.items("sources") == {int.from_bytes(_SOURCE, "little"): 1}


@pytest.mark.parametrize("packet", [_OTHER, _IPV4[:20]], ids=["arp", "short"])
def test_other_packets_pass(kernel: LiveKernel, view: LiveView, packet: bytes) -> None:
    with c_run(XDP_TEXT, kernel, flavour=XDP, packet=packet, view=view) as ran:
        assert ran.retval == 2
        assert ran.items("sources") == {}


def test_a_socket_filter_loads_in_network_order(kernel: LiveKernel, view: LiveView) -> None:
    text = """
        int f(struct __sk_buff *skb) {
            return load_half(skb, 0) << 16 | load_byte(skb, 9) << 8 | (load_word(skb, 12) & 0xff);
        }
    """
    packet = _IPV4 + bytes(30)
    with c_run(text, kernel, flavour=SOCKET_FILTER, packet=packet, view=view) as ran:
        # Test runs have such a filter see packets from the network's header on.
        assert ran.retval == 0x4500_0601


def test_a_load_behind_the_packets_end_drops_it(kernel: LiveKernel, view: LiveView) -> None:
    text = "int f(struct __sk_buff *skb) { load_word(skb, 1000); return 7; }"
    with c_run(text, kernel, flavour=SOCKET_FILTER, packet=_OTHER, view=view) as ran:
        assert ran.retval == 0


def test_a_classifier_marks_packets(kernel: LiveKernel, view: LiveView) -> None:
    text = """
        int f(struct __sk_buff *skb) {
            skb->mark = 7;
            skb->cb[1] = skb->len;
            return skb->mark * 1000 + skb->cb[1];
        }
    """
    with c_run(text, kernel, flavour=CLASSIFIER, packet=_OTHER, view=view) as ran:
        assert ran.retval == 7000 + len(_OTHER)


def test_registers_cannot_be_written(kernel: LiveKernel, view: LiveView) -> None:
    text = "int f(struct bpf_raw_tracepoint_args *ctx) { ctx->args[0] = 1; return 0; }"
    with (
        pytest.raises(SourceError, match="cannot be written"),
        c_run(text, kernel, [0], view=view),
    ):
        pass


def test_one_program_goes_on_in_another(kernel: LiveKernel, view: LiveView) -> None:
    text = """
        BPF_PROG_ARRAY(others, 4);
        int f(struct bpf_raw_tracepoint_args *ctx) { others.call(ctx, ctx->args[0]); return 1; }
        int g(struct bpf_raw_tracepoint_args *ctx) { return 20 + ctx->args[0]; }
    """
    with c_loaded(text, kernel, view=view) as (loaded, _):
        others: Map = loaded.maps["others"]
        others.put(pack("<I", 2), pack("<I", int(loaded.programs["g"].fd)))
        answers = [loaded.programs["f"].test_run(ctx=pack("<Q", index)).retval for index in (2, 3)]
    assert answers == [22, 1]


def test_a_map_in_a_map(kernel: LiveKernel, view: LiveView) -> None:
    text = """
        BPF_ARRAY(inner, u64, 4);
        BPF_ARRAY_OF_MAPS(outer, "inner", 2);
        int f(struct bpf_raw_tracepoint_args *ctx) {
            int key = ctx->args[0], index = 3;
            void *found = outer.lookup(&key);
            if (!found) return 0;
            u64 *value = bpf_map_lookup_elem(found, &index);
            return value ? *value : 1;
        }
    """
    with c_loaded(text, kernel, view=view) as (loaded, _):
        outer, inner = loaded.maps["outer"], loaded.maps["inner"]
        inner.put(pack("<I", 3), pack("<Q", 55))
        outer.put(pack("<I", 1), pack("<I", int(inner.fd)))
        answers = [loaded.programs["f"].test_run(ctx=pack("<Q", index)).retval for index in (1, 0)]
    assert answers == [55, 0]


def test_a_value_is_kept_with_a_task(kernel: LiveKernel, view: LiveView) -> None:
    text = """
        struct kept { u64 runs; char text[5]; };
        BPF_TASK_STORAGE(kept, struct kept);
        int f(struct bpf_raw_tracepoint_args *ctx) {
            struct task_struct *task = bpf_get_current_task_btf();
            struct kept *it = kept.task_storage_get(task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
            if (!it) return -1;
            it->runs += 1;
            return it->runs;
        }
    """
    with c_run(text, kernel, repeat=3, view=view) as ran:
        assert ran.retval == 3


def test_a_helper_calls_back(kernel: LiveKernel, view: LiveView) -> None:
    text = """
        static int add(u32 index, void *sum) { *(u64 *)sum += index; return 0; }
        int f(struct bpf_raw_tracepoint_args *ctx) {
            u64 sum = 0;
            bpf_loop(100, add, &sum, 0);
            return sum;
        }
    """
    with c_run(text, kernel, view=view) as ran:
        assert ran.retval == 4950


def test_a_stack_is_kept_under_its_id(kernel: LiveKernel, view: LiveView) -> None:
    text = """
        BPF_STACK_TRACE(stacks, 100);
        int f(struct bpf_raw_tracepoint_args *ctx) {
            int id = stacks.get_stackid(ctx, 0);
            return id < 0 ? 1000000 - id : id;
        }
    """
    with c_run(text, kernel, view=view) as ran:
        frames = ran.map("stacks").get(pack("<I", ran.retval))
    assert frames[:8] != bytes(8)


CONTEXTS = {
    ProgType.XDP: ("xdp_md", ("data", "data_end", "data_meta")),
    ProgType.SCHED_CLS: ("__sk_buff", ("data", "data_end", "data_meta", "flow_keys", "sk")),
    ProgType.SK_MSG: ("sk_msg_md", ("data", "data_end", "sk")),
    ProgType.SK_REUSEPORT: ("sk_reuseport_md", ("data", "data_end", "sk")),
    ProgType.SOCK_OPS: ("bpf_sock_ops", ("sk", "skb_data", "skb_data_end")),
    ProgType.CGROUP_SOCK_ADDR: ("bpf_sock_addr", ("sk",)),
    ProgType.CGROUP_SOCKOPT: ("bpf_sockopt", ("sk", "optval", "optval_end")),
    ProgType.SK_LOOKUP: ("bpf_sk_lookup", ("sk",)),
}


@pytest.mark.parametrize("type_", CONTEXTS, ids=lambda one: one.name)
def test_contexts_hold_pointers_where_the_kernel_says(type_: ProgType, view: LiveView) -> None:
    tag, names = CONTEXTS[type_]
    record = KernelTypes(view).record("struct", tag)
    assert tuple(record.find(name).offset for name in names) == POINTERS[type_]


def test_registers_lie_where_the_kernel_says(view: LiveView) -> None:
    machine, record = MACHINES["x86_64"], KernelTypes(view).record("struct", "pt_regs")
    if view.machine() != "x86_64":
        pytest.skip("other registers")

    def offsets(names: str) -> tuple[int, ...]:
        return tuple(record.find(name).offset for name in names.split())

    assert machine.calls == offsets("di si dx cx r8 r9")
    assert machine.syscalls == offsets("di si dx r10 r8 r9")
    assert (machine.result, machine.number, machine.mode) == offsets("ax orig_ax cs")
    assert machine.register(machine.syscalls[3]) == "r10"
