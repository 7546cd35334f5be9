/* Whose a TCP socket is. Its state changes in interrupts, too, where the current task is anybody's:
   who asked for it, accepted it or listens is remembered until it is closed. */
#ifndef AUDIT_SOCKETS
#define AUDIT_SOCKETS

/* include/net/tcp_states.h */
#define AUDIT_TCP_ESTABLISHED 1
#define AUDIT_TCP_SYN_SENT 2
#define AUDIT_TCP_SYN_RECV 3
#define AUDIT_TCP_CLOSE 7
#define AUDIT_TCP_LISTEN 10

#define AUDIT_SOCK_DONE 2 /* 1 << SOCK_DONE, include/net/sock.h: the other end's FIN has come */

#define AUDIT_ASKED 1
#define AUDIT_ACCEPTED 2
#define AUDIT_LISTENS 3

struct audit_owner {
    u64 start_ns;
    u64 cgroup;
    u64 started_ns;
    u64 inode;
    u32 tgid, tid, ppid, uid, gid, mntns;
    u16 handler;
    u16 how; /* AUDIT_ASKED and so on */
    u32 pad;
    char comm[16];
};

/* By the address of the struct sock. */
BPF_HASH(sockets, u64, struct audit_owner, 16384);

static __always_inline void owner_of_header(struct audit_owner *owner,
                                            const struct audit_header *header) {
    owner->start_ns = header->start_ns;
    owner->cgroup = header->cgroup;
    owner->tgid = header->tgid;
    owner->tid = header->tid;
    owner->ppid = header->ppid;
    owner->uid = header->uid;
    owner->gid = header->gid;
    owner->mntns = header->mntns;
    *(u64 *)owner->comm = *(const u64 *)header->comm;
    *(u64 *)(owner->comm + 8) = *(const u64 *)(header->comm + 8);
}

static __always_inline void header_of_owner(struct audit_header *header,
                                            const struct audit_owner *owner) {
    header->start_ns = owner->start_ns;
    header->cgroup = owner->cgroup;
    header->tgid = owner->tgid;
    header->tid = owner->tid;
    header->ppid = owner->ppid;
    header->uid = owner->uid;
    header->gid = owner->gid;
    header->mntns = owner->mntns;
    *(u64 *)header->comm = *(const u64 *)owner->comm;
    *(u64 *)(header->comm + 8) = *(const u64 *)(owner->comm + 8);
}

/* An event that could not be told, because there was no room to remember whose it is. */
static __always_inline void count_forgotten(u32 handler, u32 type) {
    if (!handler_wants(handler, type))
        return;
    count(type, AUDIT_COUNTER_PRODUCED);
    count(type, AUDIT_COUNTER_LOST_PENDING);
}

/* Data alone: what the kernel counts has SYN and FIN in it, which take a place in the sequence. */
static __always_inline void stream_bytes(struct audit_socket *to, struct sock *sk) {
    struct tcp_sock *tcp = (struct tcp_sock *)sk;
    u64 sent = tcp->bytes_sent - tcp->bytes_retrans, acknowledged = tcp->bytes_acked;
    u64 received = tcp->bytes_received;
    if (received && sk->__sk_common.skc_flags & AUDIT_SOCK_DONE)
        received--;
    to->sent_bytes = acknowledged < sent ? acknowledged : sent;
    to->received_bytes = received;
}

/* Send what has happened to a socket. `state` is what is shown of it. */
static __always_inline void stream_event(u32 slot, u32 type, const struct audit_owner *owner,
                                         struct sock *sk, u32 state, s64 ret) {
    if (!handler_wants(owner->handler, type))
        return;
    struct audit_record *record = record_new(slot);
    if (!record)
        return;
    record_begin(record, type, owner->handler, sizeof(struct audit_socket));
    struct audit_header *header = record_header(record);
    struct audit_socket *to = record_fixed(record);
    header_of_owner(header, owner);
    header->ret = ret;
    socket_of(to, sk);
    stream_bytes(to, sk);
    if (!to->local_port) /* of one that is closed the kernel keeps it elsewhere */
        to->local_port = __builtin_bswap16(((struct inet_sock *)sk)->inet_sport);
    to->state = state;
    to->started_ns = owner->started_ns;
    if (owner->inode)
        to->inode = owner->inode;
    to->fd = type == AUDIT_EVENT_NET_ACCEPT ? ret : -1;
    socket_facts(&record->facts, to);
    record_finish(record);
}

#endif
