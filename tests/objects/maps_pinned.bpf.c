/* A map that programs of several objects share by its name on the bpf file system. */
#include "common.h"

struct { __uint(type, BPF_MAP_TYPE_ARRAY); __type(key, int); __type(value, int);
	 __uint(max_entries, 1); __uint(pinning, LIBBPF_PIN_BY_NAME); } seismo_shared SEC(".maps");
SEC("socket") int use(void *ctx)
{
	int key = 0;
	return bpf_map_lookup_elem(&seismo_shared, &key) != 0;
}
GPL;
