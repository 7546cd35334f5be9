/* An XDP program that drops packets to one UDP port: IPv4 without options. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

enum verdict {
	PASSED,
	DROPPED,
	VERDICTS,
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, VERDICTS);
	__type(key, enum verdict);
	__type(value, __u64);
} verdicts SEC(".maps");

__u16 port = 0;

static int decided(enum verdict verdict, int action)
{
	__u64 *count = bpf_map_lookup_elem(&verdicts, &verdict);

	if (count)
		__sync_fetch_and_add(count, 1);
	return action;
}

SEC("xdp")
int filter(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *ethernet = data;
	struct iphdr *ip = (void *)(ethernet + 1);
	struct udphdr *udp = (void *)(ip + 1);

	if ((void *)(udp + 1) > end || ethernet->h_proto != bpf_htons(ETH_P_IP))
		return decided(PASSED, XDP_PASS);
	if (ip->protocol != IPPROTO_UDP || udp->dest != bpf_htons(port))
		return decided(PASSED, XDP_PASS);
	return decided(DROPPED, XDP_DROP);
}

char LICENSE[] SEC("license") = "GPL";
