/* Fields that have another type there: an array that was an integer, a pointer that was one. */
#include "common.h"

struct outer { int numbers; int pointer; float plain; struct inner { int deep; } before; } PORTABLE;
struct inner___wrong { struct { int x; } deep; } PORTABLE;

SEC("raw_tp/sys_enter") int fields(void *ctx)
{
	struct outer *outer = 0;
	struct inner___wrong *inner = 0;
	return bpf_core_field_exists(outer->numbers) + 2 * bpf_core_field_exists(outer->pointer)
	       + 4 * bpf_core_field_exists(outer->plain) + 8 * bpf_core_field_exists(outer->before)
	       + 16 * bpf_core_field_exists(inner->deep);
}
GPL;
