/* A kernel function that must be there and is not. */
#include "common.h"

extern void bpf_no_such_function(int) __ksym;
SEC("raw_tp/sys_enter") int calls(void *ctx) { bpf_no_such_function(3); return 0; }
GPL;
