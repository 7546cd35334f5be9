/* Atomics, byte order, wide constants, signed divisions where the processor has them. */
#include "common.h"

__u64 total, swapped;
int small;

SEC("socket") int use(struct __sk_buff *ctx)
{
	__u64 old = __sync_fetch_and_add(&total, ctx->len);
	__sync_fetch_and_add(&small, 3);
	swapped = bpf_htons(ctx->len) + ((__u64)bpf_htonl(ctx->mark) << 32) + bpf_cpu_to_be64(old);
	if ((__s32)ctx->mark < (__s32)ctx->len && total > 0x123456789abcdefULL)
		return ctx->mark >> 3;
	return 0;
}
GPL;
