/* A function that has a section of a program's, and one that is called and attached. */
#include "common.h"

SEC("socket") __noinline int inner_program(struct __sk_buff *ctx) { return ctx->len * 3; }
SEC("socket") int outer_program(struct __sk_buff *ctx) { return inner_program(ctx) + 1; }
GPL;
