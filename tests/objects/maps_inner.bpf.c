/* Maps of maps: a pattern in the definition, and which map is in which slot. */
#include "common.h"

struct inner { __uint(type, BPF_MAP_TYPE_ARRAY); __type(key, int); __type(value, long);
	       __uint(max_entries, 2); };
struct inner first SEC(".maps"), second SEC(".maps");

struct { __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS); __type(key, int); __uint(max_entries, 4);
	 __array(values, struct inner); } of_arrays SEC(".maps") = {
	.values = { [0] = &first, [2] = &second, [3] = &first },
};
struct { __uint(type, BPF_MAP_TYPE_HASH_OF_MAPS); __type(key, int); __uint(max_entries, 8);
	 __array(values, struct { __uint(type, BPF_MAP_TYPE_HASH); __type(key, long);
				  __type(value, int); __uint(max_entries, 5);
				  __uint(map_flags, BPF_F_NO_PREALLOC); });
} of_hashes SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS); __uint(key_size, 4); __uint(max_entries, 2);
	 __uint(value_size, 4); __array(values, struct inner); } empty SEC(".maps");

SEC("socket") int use(void *ctx)
{
	int key = 2;
	void *inner = bpf_map_lookup_elem(&of_arrays, &key);
	return inner ? bpf_map_lookup_elem(inner, &key) != 0 : 0;
}
GPL;
