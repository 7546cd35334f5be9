/* Enumerators of 64 bits, of which clang before 15 tells but the lower half. */
#include "common.h"

enum wide_color { WIDE_LARGE = 0x10000000000ULL, WIDE_SMALL = 2 };

SEC("raw_tp/sys_enter") int wide(void *ctx)
{
	__u64 large = bpf_core_enum_value(enum wide_color, WIDE_LARGE);
	return large >> 16 ^ bpf_core_enum_value(enum wide_color, WIDE_SMALL);
}
GPL;
