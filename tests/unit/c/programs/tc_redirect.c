// A classifier: bytes loaded, changed and summed again.
#include <uapi/linux/bpf.h>
#include <uapi/linux/if_ether.h>
#include <uapi/linux/in.h>
#include <uapi/linux/ip.h>
#include <uapi/linux/pkt_cls.h>
#include <bcc/proto.h>
#define TTL_OFF (ETH_HLEN + offsetof(struct iphdr, ttl))
BPF_PERF_OUTPUT(skb_events);
struct meta_t { u32 len; u16 type; };
int classify(struct __sk_buff *skb) {
    u16 type = load_half(skb, offsetof(struct ethhdr, h_proto));
    if (type != ETH_P_IP)
        return TC_ACT_OK;
    u32 from = load_word(skb, ETH_HLEN + offsetof(struct iphdr, saddr));
    u8 ttl = load_byte(skb, TTL_OFF);
    struct meta_t meta = {.len = skb->len, .type = type};
    skb_events.perf_submit_skb(skb, skb->len < 64 ? skb->len : 64, &meta, sizeof(meta));
    if ((from & 0xff000000) == 0x7f000000 && ttl > 1) {
        __be16 was = htons(ttl << 8), now = htons((ttl - 1) << 8);
        bpf_l3_csum_replace(skb, ETH_HLEN + offsetof(struct iphdr, check), was, now, sizeof(now));
        ttl--;
        bpf_skb_store_bytes(skb, TTL_OFF, &ttl, sizeof(ttl), 0);
    }
    return bpf_redirect(1, BPF_F_INGRESS);
}
