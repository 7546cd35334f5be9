#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

enum kind {
	FILE_KIND = 1,
	SOCKET_KIND,
};

struct key {
	__u32 pid;
	__u16 port;
};

struct value {
	enum kind kind;
	char name[12];
	__u64 bytes;
};

struct prefix {
	__u32 length;
	__u8 address[4];
};

struct inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u64);
};

#define MAP(name, kind, entries, key_type, value_type) \
	struct {                                       \
		__uint(type, BPF_MAP_TYPE_##kind);     \
		__uint(max_entries, entries);          \
		__type(key, key_type);                 \
		__type(value, value_type);             \
	} name SEC(".maps")

MAP(records, HASH, 64, struct key, struct value);
MAP(counts, LRU_HASH, 4096, int, __u64);
MAP(numbers, ARRAY, 4, __u32, __s32);
MAP(cpu_numbers, PERCPU_ARRAY, 2, __u32, struct value);
MAP(cpu_counts, PERCPU_HASH, 8, __u32, __u64);

struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 2);
	__type(value, struct key);
} queue SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_STACK);
	__uint(max_entries, 2);
	__type(value, __u32);
} stack SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_BLOOM_FILTER);
	__uint(max_entries, 64);
	__type(value, __u32);
} bloom SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 8);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct prefix);
	__type(value, __u32);
} routes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 2);
	__uint(key_size, 4);
	__uint(value_size, 4);
} calls SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
	__uint(max_entries, 4);
	__type(key, __u32);
	__array(values, struct inner);
} outer SEC(".maps");

SEC("xdp")
int callee(struct xdp_md *ctx)
{
	return 7;
}

SEC("xdp")
int caller(struct xdp_md *ctx)
{
	__u32 which = 3, index = 1;
	void *inner = bpf_map_lookup_elem(&outer, &which);
	__u64 *number;

	if (inner) {
		number = bpf_map_lookup_elem(inner, &index);
		if (number)
			*number += 1;
	}
	bpf_tail_call(ctx, &calls, 1);
	return XDP_ABORTED;
}

char LICENSE[] SEC("license") = "GPL";
