// All other kinds of tables, and their methods.
#include <uapi/linux/bpf.h>
#include <net/sock.h>
struct prefix { u32 bits; u32 address; };
struct item { u64 when; u32 pid; };
BPF_LPM_TRIE(networks, struct prefix, u32, 16);
BPF_QUEUE(waiting, struct item, 16);
BPF_STACK(undo, struct item, 16);
BPF_LRU_HASH(recent, u32, struct item, 64);
BPF_PERCPU_HASH(local, u32, u64, 64);
BPF_PROG_ARRAY(next, 4);
BPF_PERF_ARRAY(cycles, 2);
BPF_TABLE("lru_percpu_hash", u32, u64, both, 64);
BPF_RINGBUF_OUTPUT(ring, 8);
BPF_HISTOGRAM(linear, u32, 32);

int all(struct pt_regs *ctx) {
    struct prefix key = {.bits = 32, .address = htonl(0x7f000001)};
    u32 pid = bpf_get_current_pid_tgid() >> 32, *class;
    struct item one = {bpf_ktime_get_ns(), pid}, other;

    class = networks.lookup(&key);
    if (class && *class > 3)
        return 1;
    if (waiting.push(&one, BPF_EXIST) || waiting.peek(&other) || waiting.pop(&other))
        return 2;
    undo.push(&other, 0);
    if (recent.insert(&pid, &one) == 0)
        local.increment(pid);
    local.atomic_increment(pid, 2);
    both.increment(pid);
    linear.increment(bpf_log2(pid));
    if (ring.ringbuf_query(BPF_RB_AVAIL_DATA) < 4096)
        ring.ringbuf_output(&one, sizeof(one), 0);
    u64 count = cycles.perf_read(bpf_get_smp_processor_id());
    if ((s64)count < 0)
        next.call(ctx, 2);
    return 0;
}
