/* What is not there, used without a test: instructions that must never run. */
#include "common.h"

struct outer { int never; int also_never; } PORTABLE;
struct never_was { int field; } PORTABLE;
enum color { MAUVE = 12 };

SEC("raw_tp/sys_enter") int loads(struct bpf_raw_tracepoint_args *ctx)
{
	struct outer *outer = (void *)ctx->args[0];
	return outer->also_never;
}

SEC("raw_tp/sys_enter") int offsets(struct bpf_raw_tracepoint_args *ctx)
{
	struct outer *outer = (void *)ctx->args[0];
	return BPF_CORE_READ(outer, never);
}

SEC("raw_tp/sys_enter") int stores(struct bpf_raw_tracepoint_args *ctx)
{
	struct outer *outer = (void *)ctx->args[0];
	outer->never = 5;
	return 0;
}

SEC("raw_tp/sys_enter") int type_sizes(void *ctx)
{
	return bpf_core_type_size(struct never_was) + bpf_core_field_size(struct never_was, field);
}

SEC("raw_tp/sys_enter") int type_ids(void *ctx)
{
	return bpf_core_type_id_kernel(struct never_was);
}

SEC("raw_tp/sys_enter") int enumerators(void *ctx)
{
	return bpf_core_enum_value(enum color, MAUVE);
}
GPL;
