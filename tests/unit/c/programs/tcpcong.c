// Time in the states of congestion control: a large switch over a member that is a bit field.
#include <uapi/linux/ptrace.h>
#include <net/sock.h>
#include <net/inet_connection_sock.h>
#include <linux/tcp.h>

typedef struct ipv4_flow_key { u32 saddr; u32 daddr; u16 lport; u16 dport; } ipv4_flow_key_t;
typedef struct data_val {
    u64  open_dura;
    u64  loss_dura;
    u64  disorder_dura;
    u64  recover_dura;
    u64  cwr_dura;
    u64  total_changes;
    u64  last_ts;
    u16  last_cong_stat;
} data_val_t;
BPF_HASH(ipv4_stat, ipv4_flow_key_t, data_val_t);
BPF_HASH(start, u64, u64);

int trace_tcp_set_ca(struct pt_regs *ctx, struct sock *sk, const u8 ca_state)
{
    struct inet_connection_sock *icsk = inet_csk(sk);
    u16 family = sk->sk_family, lport = sk->sk_num;
    u16 dport = ntohs(sk->sk_dport);
    u8 state = icsk->icsk_ca_state;
    u64 ts = bpf_ktime_get_ns(), dura;

    if (family != AF_INET)
        return 0;
    ipv4_flow_key_t key = {
        .saddr = sk->sk_rcv_saddr, .daddr = sk->sk_daddr, .lport = lport, .dport = dport };
    data_val_t *val, zero = {.total_changes = 0, .last_ts = ts};
    val = ipv4_stat.lookup_or_try_init(&key, &zero);
    if (!val)
        return 0;
    dura = (ts - val->last_ts) / 1000;
    switch (val->last_cong_stat) {
        case TCP_CA_Open: val->open_dura += dura; break;
        case TCP_CA_Disorder: val->disorder_dura += dura; break;
        case TCP_CA_CWR: val->cwr_dura += dura; break;
        case TCP_CA_Recovery: val->recover_dura += dura; break;
        case TCP_CA_Loss: { val->loss_dura += dura; break; }
    }
    val->last_cong_stat = ca_state ?: state;
    val->last_ts = ts;
    val->total_changes += 1;
    return 0;
}
