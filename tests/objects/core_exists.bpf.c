/* What is there and what is not, and reads that a test for it guards. */
#include "common.h"

struct inner { int deep; int never; } PORTABLE;
struct outer { int plain; int never; struct inner nested; long long last; } PORTABLE;
struct never_was { int field; } PORTABLE;
union either { int number; } PORTABLE;
enum color { RED, MAUVE };
typedef struct { int x; } point_t;

SEC("raw_tp/sys_enter") int fields(void *ctx)
{
	struct outer *outer = 0;
	return bpf_core_field_exists(outer->plain) + 2 * bpf_core_field_exists(outer->never)
	       + 4 * bpf_core_field_exists(outer->nested.never)
	       + 8 * bpf_core_field_exists(struct never_was, field)
	       + 16 * bpf_core_field_exists(outer->last);
}

SEC("raw_tp/sys_enter") int types(void *ctx)
{
	return bpf_core_type_exists(struct outer) + 2 * bpf_core_type_exists(struct never_was)
	       + 4 * bpf_core_type_exists(union either) + 8 * bpf_core_type_exists(point_t)
	       + 16 * bpf_core_type_exists(enum color);
}

SEC("raw_tp/sys_enter") int enumerators(void *ctx)
{
	return bpf_core_enum_value_exists(enum color, RED)
	       + 2 * bpf_core_enum_value_exists(enum color, MAUVE);
}

SEC("raw_tp/sys_enter") int guarded(struct bpf_raw_tracepoint_args *ctx)
{
	struct outer *outer = (void *)ctx->args[0];
	if (bpf_core_field_exists(outer->never))
		return BPF_CORE_READ(outer, never);
	if (bpf_core_type_exists(struct never_was))
		return bpf_core_type_size(struct never_was);
	return BPF_CORE_READ(outer, plain);
}
GPL;
