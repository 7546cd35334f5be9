"""Inline functions and types that programs know from the kernel's and BCC's headers.

A declaration stands before the program that mentions its name. The types are BCC's own, and those
of the kernel that are the same everywhere, so that no program has to read the kernel's types for
them. The members of BCC's packets are bit fields as the wire has them, first bit first.
"""

from __future__ import annotations

from collections.abc import Mapping

from seismo.c.headers.definitions import read_declarations

__all__ = ("DECLARATIONS",)

_SOCKETS = """
static inline struct inet_sock *inet_sk(const struct sock *sk) { return (struct inet_sock *)sk; }
static inline struct inet_connection_sock *inet_csk(const struct sock *sk)
    { return (struct inet_connection_sock *)sk; }
static inline struct tcp_sock *tcp_sk(const struct sock *sk) { return (struct tcp_sock *)sk; }
static inline struct udp_sock *udp_sk(const struct sock *sk) { return (struct udp_sock *)sk; }
static inline struct unix_sock *unix_sk(const struct sock *sk) { return (struct unix_sock *)sk; }
static inline struct inet_timewait_sock *inet_twsk(const struct sock *sk)
    { return (struct inet_timewait_sock *)sk; }
static inline struct tcp_timewait_sock *tcp_twsk(const struct sock *sk)
    { return (struct tcp_timewait_sock *)sk; }
static inline struct request_sock *inet_reqsk(const struct sock *sk)
    { return (struct request_sock *)sk; }
static inline struct inet_request_sock *inet_rsk(const struct request_sock *request)
    { return (struct inet_request_sock *)request; }
static inline struct tcp_request_sock *tcp_rsk(const struct request_sock *request)
    { return (struct tcp_request_sock *)request; }
static inline bool ipv6_addr_any(const struct in6_addr *a)
    { return !(a->in6_u.u6_addr32[0] | a->in6_u.u6_addr32[1] |
        a->in6_u.u6_addr32[2] | a->in6_u.u6_addr32[3]); }
static inline bool ipv6_addr_v4mapped(const struct in6_addr *a)
    { return !(a->in6_u.u6_addr32[0] | a->in6_u.u6_addr32[1] |
        (a->in6_u.u6_addr32[2] ^ htonl(0xffff))); }
"""

_PACKET_BUFFERS = """
static inline u16 skb_get_queue_mapping(const struct sk_buff *skb) { return skb->queue_mapping; }
static inline u16 skb_get_rx_queue(const struct sk_buff *skb) { return skb->queue_mapping - 1; }
static inline bool skb_rx_queue_recorded(const struct sk_buff *skb)
    { return skb->queue_mapping != 0; }
static inline unsigned int skb_headlen(const struct sk_buff *skb)
    { return skb->len - skb->data_len; }
static inline unsigned char *skb_end_pointer(const struct sk_buff *skb)
    { return skb->head + skb->end; }
static inline unsigned char *skb_transport_header(const struct sk_buff *skb)
    { return skb->head + skb->transport_header; }
static inline unsigned char *skb_network_header(const struct sk_buff *skb)
    { return skb->head + skb->network_header; }
static inline unsigned char *skb_mac_header(const struct sk_buff *skb)
    { return skb->head + skb->mac_header; }
static inline bool skb_transport_header_was_set(const struct sk_buff *skb)
    { return skb->transport_header != (u16)~0U; }
static inline bool skb_mac_header_was_set(const struct sk_buff *skb)
    { return skb->mac_header != (u16)~0U; }
static inline struct tcphdr *tcp_hdr(const struct sk_buff *skb)
    { return (struct tcphdr *)skb_transport_header(skb); }
static inline struct udphdr *udp_hdr(const struct sk_buff *skb)
    { return (struct udphdr *)skb_transport_header(skb); }
static inline struct iphdr *ip_hdr(const struct sk_buff *skb)
    { return (struct iphdr *)skb_network_header(skb); }
static inline struct ipv6hdr *ipv6_hdr(const struct sk_buff *skb)
    { return (struct ipv6hdr *)skb_network_header(skb); }
static inline struct ethhdr *eth_hdr(const struct sk_buff *skb)
    { return (struct ethhdr *)skb_mac_header(skb); }
static inline unsigned int tcp_hdrlen(const struct sk_buff *skb) { return tcp_hdr(skb)->doff * 4; }
"""

_FILES_AND_BLOCKS = """
static inline struct inode *file_inode(const struct file *file) { return file->f_inode; }
static inline struct dentry *file_dentry(const struct file *file) { return file->f_path.dentry; }
static inline loff_t i_size_read(const struct inode *inode) { return inode->i_size; }
static inline uid_t i_uid_read(const struct inode *inode) { return inode->i_uid.val; }
static inline gid_t i_gid_read(const struct inode *inode) { return inode->i_gid.val; }
static inline unsigned int blk_rq_bytes(const struct request *rq) { return rq->__data_len; }
static inline unsigned int blk_rq_sectors(const struct request *rq)
    { return rq->__data_len >> SECTOR_SHIFT; }
static inline sector_t blk_rq_pos(const struct request *rq) { return rq->__sector; }
static inline dev_t disk_devt(struct gendisk *disk)
    { return MKDEV(disk->major, disk->first_minor); }
static inline pid_t task_pid_nr(struct task_struct *task) { return task->pid; }
static inline pid_t task_tgid_nr(struct task_struct *task) { return task->tgid; }
static inline unsigned int sg_is_chain(struct scatterlist *sg)
    { return sg->page_link & SG_CHAIN; }
static inline unsigned int sg_is_last(struct scatterlist *sg) { return sg->page_link & SG_END; }
static inline struct scatterlist *sg_chain_ptr(struct scatterlist *sg)
    { return (struct scatterlist *)(sg->page_link & ~SG_PAGE_LINK_MASK); }
static inline struct page *sg_page(struct scatterlist *sg)
    { return (struct page *)(sg->page_link & ~SG_PAGE_LINK_MASK); }
"""

# include/uapi/linux/bpf.h and bpf_perf_event.h.
_BPF = """
struct bpf_raw_tracepoint_args { __u64 args[0]; };
struct bpf_perf_event_data { struct pt_regs regs; __u64 sample_period; __u64 addr; };
struct bpf_perf_event_value { __u64 counter; __u64 enabled; __u64 running; };
struct bpf_pidns_info { __u32 pid; __u32 tgid; };
struct bpf_cgroup_storage_key { __u64 cgroup_inode_id; __u32 attach_type; };
struct bpf_stack_build_id
    { __s32 status; unsigned char build_id[20]; union { __u64 offset; __u64 ip; }; };
struct bpf_stacktrace { u64 ip[127]; };
struct bpf_stacktrace_buildid { struct bpf_stack_build_id trace[127]; };
"""

_PACKETS = """
struct ethernet_t
    { unsigned long long dst:48; unsigned long long src:48; unsigned int type:16; }
    BPF_PACKET_HEADER;
struct dot1q_t
    { unsigned short pri:3; unsigned short cfi:1; unsigned short vlanid:12; unsigned short type; }
    BPF_PACKET_HEADER;
struct arp_t
    { unsigned short htype; unsigned short ptype; unsigned char hlen; unsigned char plen;
      unsigned short oper; unsigned long long sha:48; unsigned long long spa:32;
      unsigned long long tha:48; unsigned int tpa; }
    BPF_PACKET_HEADER;
struct ip_t
    { unsigned char ver:4; unsigned char hlen:4; unsigned char tos; unsigned short tlen;
      unsigned short identification; unsigned short ffo_unused:1; unsigned short df:1;
      unsigned short mf:1; unsigned short foffset:13; unsigned char ttl; unsigned char nextp;
      unsigned short hchecksum; unsigned int src; unsigned int dst; }
    BPF_PACKET_HEADER;
struct ip6_t
    { unsigned int ver:4; unsigned int priority:8; unsigned int flow_label:20;
      unsigned short payload_len; unsigned char next_header; unsigned char hop_limit;
      unsigned long long src_hi; unsigned long long src_lo;
      unsigned long long dst_hi; unsigned long long dst_lo; }
    BPF_PACKET_HEADER;
struct udp_t
    { unsigned short sport; unsigned short dport; unsigned short length; unsigned short crc; }
    BPF_PACKET_HEADER;
struct tcp_t
    { unsigned short src_port; unsigned short dst_port; unsigned int seq_num; unsigned int ack_num;
      unsigned char offset:4; unsigned char reserved:4; unsigned char flag_cwr:1;
      unsigned char flag_ece:1; unsigned char flag_urg:1; unsigned char flag_ack:1;
      unsigned char flag_psh:1; unsigned char flag_rst:1; unsigned char flag_syn:1;
      unsigned char flag_fin:1; unsigned short rcv_wnd; unsigned short cksum;
      unsigned short urg_ptr; }
    BPF_PACKET_HEADER;
struct icmp_t { unsigned char type; unsigned char code; unsigned short checksum; }
    BPF_PACKET_HEADER;
struct icmp6_t { unsigned char type; unsigned char code; unsigned short checksum; }
    BPF_PACKET_HEADER;
struct vxlan_t
    { unsigned int rsv1:4; unsigned int iflag:1; unsigned int rsv2:3; unsigned int rsv3:24;
      unsigned int key:24; unsigned int rsv4:8; }
    BPF_PACKET_HEADER;
"""

DECLARATIONS: Mapping[str, str] = read_declarations(
    _SOCKETS + _PACKET_BUFFERS + _FILES_AND_BLOCKS + _BPF + _PACKETS
)
"""By name: a function's, a record's tag."""
