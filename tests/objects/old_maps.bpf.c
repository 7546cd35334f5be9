/* Maps as they were defined before BTF: structs of five numbers in a section of their own. */
#include "common.h"

struct bpf_map_def { unsigned type, key_size, value_size, max_entries, map_flags; };

struct bpf_map_def SEC("maps") counts = {
	.type = BPF_MAP_TYPE_HASH, .key_size = 8, .value_size = 16, .max_entries = 10,
	.map_flags = BPF_F_NO_PREALLOC,
};
struct bpf_map_def SEC("maps") array = { BPF_MAP_TYPE_ARRAY, 4, 4, 2 };

SEC("socket") int use(void *ctx)
{
	int key = 1;
	return bpf_map_lookup_elem(&array, &key) != 0;
}
SEC("socket") int other(void *ctx)
{
	__u64 key = 1;
	return bpf_map_lookup_elem(&counts, &key) != 0;
}
GPL;
