/* Types as a whole: their ids here and there, and their sizes. */
#include "common.h"

struct outer { int plain; } PORTABLE;
union either { int number; } PORTABLE;
enum color { RED };
typedef struct { int x; } point_t;
typedef int (*callback_t)(struct outer *, int);
typedef enum color color_t;

SEC("raw_tp/sys_enter") int local_ids(void *ctx)
{
	return bpf_core_type_id_local(struct outer) + bpf_core_type_id_local(int)
	       + bpf_core_type_id_local(callback_t);
}

SEC("raw_tp/sys_enter") int target_ids(void *ctx)
{
	return bpf_core_type_id_kernel(struct outer) ^ bpf_core_type_id_kernel(union either)
	       ^ bpf_core_type_id_kernel(color_t) ^ bpf_core_type_id_kernel(point_t);
}

SEC("raw_tp/sys_enter") int sizes(void *ctx)
{
	return bpf_core_type_size(struct outer) + bpf_core_type_size(union either)
	       + bpf_core_type_size(point_t) + bpf_core_type_size(enum color)
	       + bpf_core_type_size(callback_t);
}

SEC("raw_tp/sys_enter") int exist(void *ctx)
{
	return bpf_core_type_exists(callback_t) + 2 * bpf_core_type_exists(color_t)
	       + 4 * bpf_core_type_exists(point_t);
}
GPL;
