/* Functions in place of the kernel's: two congestion controls that share one of them. The struct
 * is a part of the kernel's, in another order. */
#include "common.h"

#ifdef LINKED
#define OPS ".struct_ops.link"
#define NAME(label) "seismo_l" label
#else
#define OPS ".struct_ops"
#define NAME(label) "seismo_" label
#endif

struct sock;

struct tcp_congestion_ops {
	unsigned int flags;
	void (*cong_avoid)(struct sock *sk, unsigned int ack, unsigned int acked);
	unsigned int (*undo_cwnd)(struct sock *sk);
	char name[16];
	unsigned int (*ssthresh)(struct sock *sk);
	void (*release)(struct sock *sk);
};

int grown;

SEC("struct_ops/half") unsigned int half(unsigned long long *ctx)
{
	return 7;
}

SEC("struct_ops/grow") void grow(unsigned long long *ctx)
{
	__sync_fetch_and_add(&grown, 1);
}

SEC("struct_ops") unsigned int undo(unsigned long long *ctx)
{
	return 9;
}

SEC(OPS) struct tcp_congestion_ops one = {
	.cong_avoid = (void *)grow,
	.ssthresh = (void *)half,
	.undo_cwnd = (void *)undo,
	.name = NAME("one"),
};

SEC(OPS) struct tcp_congestion_ops other = {
	.flags = 2,
	.cong_avoid = (void *)grow,
	.ssthresh = (void *)half,
	.undo_cwnd = (void *)undo,
	.name = NAME("other"),
};
GPL;
