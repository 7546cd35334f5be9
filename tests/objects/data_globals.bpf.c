/* Global variables: written, read only, zero, of sections with names of their own. */
#include "common.h"

struct pair { int a; long b; };
int counter = 42;
static int hidden = 43;
struct pair pair = { 1, -2 };
long zero;
static __u64 table[64];
const volatile int limit = 1000;
const volatile char name[8] = "seismo";
static const int constants[4] = { 10, 20, 30, 40 };
int mine SEC(".data.mine") = 77;
const int fixed SEC(".rodata.fixed") = 88;
int blank SEC(".bss.blank");
__u64 aligned __attribute__((aligned(64))) = 5;

SEC("socket") int use(struct __sk_buff *ctx)
{
	counter += limit;
	hidden++;
	pair.b = ctx->len;
	zero += constants[ctx->len & 3] + name[ctx->len & 7];
	table[ctx->len & 63] = mine++ + *(volatile const int *)&fixed + blank++ + aligned;
	return pair.a;
}
GPL;
