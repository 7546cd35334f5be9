// bind(2): bit fields and unions of the program's own.
#include <uapi/linux/ptrace.h>
#include <net/sock.h>
#include <net/inet_sock.h>
#include <net/net_namespace.h>

BPF_HASH(currsock, u32, struct socket *);

// bind options for event reporting
union bind_options {
    u8 data;
    struct {
        u8 freebind:1;
        u8 transparent:1;
        u8 bind_address_no_port:1;
        u8 reuseaddress:1;
        u8 reuseport:1;
    } fields;
};

struct ipv4_bind_data_t {
    u64 ts_us;
    u32 pid;
    u32 uid;
    u64 ip;
    u32 saddr;
    u32 bound_dev_if;
    int return_code;
    u16 sport;
    u8 socket_options;
    u8 protocol;
    char task[TASK_COMM_LEN];
};
BPF_PERF_OUTPUT(ipv4_bind_events);

int bindsnoop_entry(struct pt_regs *ctx, struct socket *socket)
{
    u32 tid = bpf_get_current_pid_tgid();
    currsock.update(&tid, &socket);
    return 0;
};

static int bindsnoop_return(struct pt_regs *ctx, short ipver)
{
    int ret = PT_REGS_RC(ctx);
    u64 pid_tgid = bpf_get_current_pid_tgid();
    u32 pid = pid_tgid >> 32, tid = pid_tgid;

    struct socket **skpp;
    skpp = currsock.lookup(&tid);
    if (skpp == 0) {
        return 0; // missed entry
    }

    struct socket *skp_ = *skpp;
    struct sock *skp = skp_->sk;
    struct inet_sock *sockp = (struct inet_sock *)skp;

    u16 sport = 0;
    bpf_probe_read_kernel(&sport, sizeof(sport), &sockp->inet_sport);
    sport = ntohs(sport);

    union bind_options opts = {0};
    u8 bitfield;
    // fetching freebind, transparent, and bind_address_no_port bitfields
    bitfield = (u8) *(&sockp->inet_saddr - 2);
    opts.fields.freebind             = bitfield >> 2 & 0x01;
    opts.fields.transparent          = bitfield >> 3 & 0x01;
    opts.fields.bind_address_no_port = bitfield >> 4 & 0x01;
    opts.fields.reuseaddress         = (skp->__sk_common.skc_reuse) & 0x0F;
    opts.fields.reuseport            = skp->__sk_common.skc_reuseport;

    // kernels that have sk_protocol as a bit field and those that have not
    u8 protocol = 0;
    if (offsetof(struct sock, sk_protocol) % 4 == 0)
        protocol = skp->sk_protocol;
    else
        protocol = (u8)skp->sk_protocol;

    if (ipver == 4) {
        struct ipv4_bind_data_t data4 = {.pid = pid, .ip = ipver};
        data4.uid = bpf_get_current_uid_gid();
        data4.ts_us = bpf_ktime_get_ns() / 1000;
        bpf_probe_read_kernel(&data4.saddr, sizeof(data4.saddr), &sockp->inet_saddr);
        data4.return_code = ret;
        data4.sport = sport;
        data4.bound_dev_if = skp->__sk_common.skc_bound_dev_if;
        data4.socket_options = opts.data;
        data4.protocol = protocol;
        bpf_get_current_comm(&data4.task, sizeof(data4.task));
        ipv4_bind_events.perf_submit(ctx, &data4, sizeof(data4));
    }

    currsock.delete(&tid);
    return 0;
}

int bindsnoop_v4_return(struct pt_regs *ctx) { return bindsnoop_return(ctx, 4); }
