/* Enumerators, by name: other values there than here, and negative ones. */
#include "common.h"

enum color { RED, GREEN, BLUE, NEGATIVE = -1 };
typedef enum color color_t;

SEC("raw_tp/sys_enter") int values(void *ctx)
{
	return bpf_core_enum_value(enum color, RED) + bpf_core_enum_value(enum color, GREEN)
	       + bpf_core_enum_value(color_t, BLUE);
}

SEC("raw_tp/sys_enter") int negative(void *ctx)
{
	return bpf_core_enum_value(enum color, NEGATIVE);
}

GPL;
