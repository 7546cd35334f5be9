/* Fields of another size: loads and stores become as wide as the target's. */
#include "common.h"

struct outer { unsigned grown; unsigned shrunk; int is_signed; } PORTABLE;

SEC("raw_tp/sys_enter") int loads(struct bpf_raw_tracepoint_args *ctx)
{
	struct outer *outer = (void *)ctx->args[0];
	return outer->grown + outer->shrunk;
}

SEC("raw_tp/sys_enter") int sizes(void *ctx)
{
	struct outer *outer = 0;
	return bpf_core_field_size(outer->grown) + 100 * bpf_core_field_size(outer->shrunk);
}

SEC("raw_tp/sys_enter") int stores(struct bpf_raw_tracepoint_args *ctx)
{
	struct outer *outer = (void *)ctx->args[0];
	outer->grown = 1;
	outer->shrunk = 2;
	return 0;
}

SEC("raw_tp/sys_enter") int signs(void *ctx)
{
	struct outer *outer = 0;
	return __builtin_preserve_field_info(outer->is_signed, BPF_FIELD_SIGNED)
	       + 2 * __builtin_preserve_field_info(outer->grown, BPF_FIELD_SIGNED);
}
GPL;
