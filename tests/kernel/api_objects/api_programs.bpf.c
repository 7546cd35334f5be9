#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct limits {
	int low;
	int high;
};

struct config {
	struct limits limits;
	char name[8];
	__u32 level : 3;
	__u32 rest : 5;
};

const volatile struct config fixed = {.limits = {.low = 1}};
struct config live = {.limits = {.high = 9}, .name = "live"};
__u64 runs = 0, table[4] = {};
int hot SEC(".data.hot") = 5;
static volatile __u32 scale = 2;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} events_map SEC(".maps");

SEC("xdp")
int measure(struct xdp_md *ctx)
{
	runs += 1;
	table[runs & 3] += 1;
	live.limits.low += 1;
	return fixed.limits.low + fixed.level + live.limits.high + hot * scale;
}

SEC("?raw_tp/sys_enter")
int wrong(struct bpf_raw_tracepoint_args *ctx)
{
	__u32 key = 0;
	__u64 *value = bpf_map_lookup_elem(&events_map, &key);

	return *value;
}

SEC("tracepoint/syscalls/sys_enter_getppid")
int at_getppid(void *ctx)
{
	__sync_fetch_and_add(&table[0], 1);
	return 0;
}

SEC("socket")
int keep(struct __sk_buff *ctx)
{
	__sync_fetch_and_add(&runs, 1);
	return ctx->len;
}

SEC("syscall")
int answer(struct limits *ctx)
{
	ctx->high = ctx->low + 1;
	return 0;
}

SEC("tc")
int mark(struct __sk_buff *ctx)
{
	ctx->mark += 1;
	return 0;
}

SEC("uprobe")
int at_function(void *ctx)
{
	__sync_fetch_and_add(&table[1], 1);
	return 0;
}

struct bpf_iter__bpf_map;

SEC("iter/bpf_map")
int each_map(struct bpf_iter__bpf_map *ctx)
{
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
