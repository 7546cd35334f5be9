/* Functions that programs call: static and global, shared, nested, in programs' own sections. */
#include "common.h"

int counter;
static __noinline int leaf(int n) { return n + counter; }
static __noinline int middle(int n) { return leaf(n) * leaf(n + 1); }
__noinline int global_one(int n) { counter += n; return middle(n) - n; }
__weak __noinline int weak_one(int n) { return leaf(n) ^ 5; }
static __noinline int only_second(struct __sk_buff *ctx) { return ctx->len + middle(3); }

SEC("socket") int first(struct __sk_buff *ctx) { return global_one(ctx->len) + weak_one(1); }
SEC("socket") int second(struct __sk_buff *ctx)
{
	return only_second(ctx) + weak_one(2) + global_one(ctx->len);
}
SEC("socket") int third(struct __sk_buff *ctx) { return ctx->len; }
SEC("tc") int fourth(struct __sk_buff *ctx) { return middle(ctx->len) + middle(7); }
GPL;
