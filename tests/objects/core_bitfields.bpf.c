/* Bit-fields: offset, size, sign and the two shifts. */
#include "common.h"

struct bits {
	unsigned char low : 3, high : 5;
	int negative : 5;
	unsigned long long crossing : 33;
	unsigned now_whole : 12;
	unsigned head;
	unsigned in_short : 3;
} PORTABLE;

SEC("raw_tp/sys_enter") int probed(struct bpf_raw_tracepoint_args *ctx)
{
	struct bits *bits = (void *)ctx->args[0];
	__u64 sum = BPF_CORE_READ_BITFIELD_PROBED(bits, low);
	sum += BPF_CORE_READ_BITFIELD_PROBED(bits, negative);
	sum += BPF_CORE_READ_BITFIELD_PROBED(bits, crossing);
	return sum + BPF_CORE_READ_BITFIELD_PROBED(bits, in_short);
}

SEC("raw_tp/sys_enter") int direct(struct bpf_raw_tracepoint_args *ctx)
{
	struct bits *bits = (void *)ctx->args[0];
	return BPF_CORE_READ_BITFIELD(bits, high) + BPF_CORE_READ_BITFIELD(bits, now_whole);
}

SEC("raw_tp/sys_enter") int facts(void *ctx)
{
	struct bits *bits = 0;
	return __builtin_preserve_field_info(bits->negative, BPF_FIELD_LSHIFT_U64)
	       + __builtin_preserve_field_info(bits->negative, BPF_FIELD_RSHIFT_U64)
	       + __builtin_preserve_field_info(bits->negative, BPF_FIELD_SIGNED)
	       + __builtin_preserve_field_info(bits->head, BPF_FIELD_LSHIFT_U64)
	       + __builtin_preserve_field_info(bits->high, BPF_FIELD_BYTE_OFFSET)
	       + __builtin_preserve_field_info(bits->crossing, BPF_FIELD_BYTE_SIZE);
}
GPL;
