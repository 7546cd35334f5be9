/* Several sections of one sort, and a large one of zeros. */
#include "common.h"

int a SEC(".data.a") = 1, b SEC(".data.b") = 2, c SEC(".data.a") = 3;
const volatile long d SEC(".rodata.d") = 4;
char large[70000];

SEC("socket") int use(struct __sk_buff *ctx) { return a + b + c + d + large[ctx->len & 0xffff]; }
GPL;
