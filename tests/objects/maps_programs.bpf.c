/* Tail calls: programs in the slots of a map, by its initialiser. */
#include "common.h"

int target(struct __sk_buff *ctx);
int other(struct __sk_buff *ctx);

struct { __uint(type, BPF_MAP_TYPE_PROG_ARRAY); __uint(max_entries, 5); __uint(key_size, 4);
	 __array(values, int(struct __sk_buff *)); } jumps SEC(".maps") = {
	.values = { [1] = (void *)&target, [4] = (void *)&other },
};

SEC("socket") int target(struct __sk_buff *ctx) { return 11; }
SEC("socket") int other(struct __sk_buff *ctx) { return 12; }
SEC("socket") int caller(struct __sk_buff *ctx)
{
	bpf_tail_call(ctx, &jumps, 1);
	bpf_tail_call(ctx, &jumps, 4);
	return 0;
}
GPL;
