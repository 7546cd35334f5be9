/* Attributes in other orders, by pointers' sizes, and said twice where they agree. */
#include "common.h"

struct { __uint(max_entries, 3); __type(value, short); __type(key, char[5]);
	 __uint(type, BPF_MAP_TYPE_HASH); } backwards SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH); __type(key, long); __uint(key_size, 8);
	 __uint(value_size, 24); __uint(max_entries, 3); } twice SEC(".maps");
struct definition { int (*type)[BPF_MAP_TYPE_ARRAY]; int *key; int *value; int (*max_entries)[2]; };
struct definition named SEC(".maps");
struct definition same_type SEC(".maps");

SEC("socket") int use(void *ctx)
{
	int key = 0;
	return bpf_map_lookup_elem(&named, &key) == bpf_map_lookup_elem(&same_type, &key);
}
GPL;
