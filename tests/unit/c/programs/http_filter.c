// A socket filter in BCC's manner: a cursor over the packet.
#include <uapi/linux/ptrace.h>
#include <net/sock.h>
#include <bcc/proto.h>

#define IP_TCP  6
#define ETH_HLEN 14

int http_filter(struct __sk_buff *skb) {

    u8 *cursor = 0;

    struct ethernet_t *ethernet = cursor_advance(cursor, sizeof(*ethernet));
    // filter IP packets (ethernet type = 0x0800)
    if (!(ethernet->type == 0x0800)) {
        goto DROP;
    }

    struct ip_t *ip = cursor_advance(cursor, sizeof(*ip));
    // filter TCP packets (ip next protocol = 0x06)
    if (ip->nextp != IP_TCP) {
        goto DROP;
    }

    u32  tcp_header_length = 0;
    u32  ip_header_length = 0;
    u32  payload_offset = 0;
    u32  payload_length = 0;

    // calculate ip header length
    ip_header_length = ip->hlen << 2;    // SHL 2 -> *4 multiply

    // check ip header length against minimum
    if (ip_header_length < sizeof(*ip)) {
        goto DROP;
    }

    // shift cursor forward for dynamic ip header size
    void *_ = cursor_advance(cursor, (ip_header_length-sizeof(*ip)));

    struct tcp_t *tcp = cursor_advance(cursor, sizeof(*tcp));

    // calculate tcp header length
    tcp_header_length = tcp->offset << 2; // SHL 2 -> *4 multiply

    // calculate payload offset and length
    payload_offset = ETH_HLEN + ip_header_length + tcp_header_length;
    payload_length = ip->tlen - ip_header_length - tcp_header_length;

    if (payload_length < 7) {
        goto DROP;
    }

    // load first 7 byte of payload into p (payload_array)
    unsigned long p[7];
    int i = 0;
    for (i = 0; i < 7; i++) {
        p[i] = load_byte(skb, payload_offset + i);
    }

    // find a match with an HTTP message
    // HTTP
    if ((p[0] == 'H') && (p[1] == 'T') && (p[2] == 'T') && (p[3] == 'P')) {
        goto KEEP;
    }
    // GET
    if ((p[0] == 'G') && (p[1] == 'E') && (p[2] == 'T')) {
        goto KEEP;
    }
    goto DROP;

    // keep the packet and send it to userspace returning -1
    KEEP:
    return -1;

    // drop the packet returning 0
    DROP:
    return 0;
}
