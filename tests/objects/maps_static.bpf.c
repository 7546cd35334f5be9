/* A map that only its own file knows. */
#include "common.h"

static struct { __uint(type, BPF_MAP_TYPE_HASH); __type(key, int); __type(value, int);
		__uint(max_entries, 2); } hidden SEC(".maps");
SEC("socket") int use(void *ctx)
{
	int key = 1;
	return bpf_map_lookup_elem(&hidden, &key) != 0;
}
GPL;
