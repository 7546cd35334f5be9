/* Programs that are not loaded unless they are asked for. */
#include "common.h"

int shared;
SEC("?socket") int optional(void *ctx) { return shared++; }
SEC("socket") int always(void *ctx) { return shared; }
SEC("?raw_tp/sys_enter") int also_optional(void *ctx) { return 0; }
GPL;
