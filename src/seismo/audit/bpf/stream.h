/* TCP connections by their states: asked for, standing, listening, ended. */
#include "sockets.h"

#define AUDIT_TELLS_CLOSE 1

/* The current task asks for a connection, or listens. NULL where nobody wants to know. */
static __always_inline int remember_owner(struct audit_owner *owner, struct sock *sk, u16 how) {
    u32 tgid = bpf_get_current_pid_tgid() >> 32;
    long handler = task_handler(tgid);
    if (handler < 0)
        return 0;
    struct audit_header header = {};
    header_of_task(&header, audit_task());
    owner_of_header(owner, &header);
    owner->handler = handler;
    owner->how = how;
    owner->pad = 0;
    owner->started_ns = bpf_ktime_get_ns();
    owner->inode = sk->sk_socket->file->f_inode->i_ino;
    u64 key = (u64)sk;
    return sockets.update(&key, owner) < 0 ? -1 : 1;
}

static __always_inline void stream_asked(struct sock *sk) {
    struct audit_owner owner;
    if (remember_owner(&owner, sk, AUDIT_ASKED) >= 0)
        return;
    count_forgotten(owner.handler, AUDIT_EVENT_NET_CONNECT);
    count_forgotten(owner.handler, AUDIT_EVENT_NET_CLOSE);
}

static __always_inline void stream_listens(struct sock *sk) {
    struct audit_owner owner;
    int known = remember_owner(&owner, sk, AUDIT_LISTENS);
    if (!known)
        return;
    if (known < 0)
        count_forgotten(owner.handler, AUDIT_EVENT_NET_CLOSE);
    stream_event(AUDIT_SLOT_NETWORK, AUDIT_EVENT_NET_LISTEN, &owner, sk, AUDIT_TCP_LISTEN, 0);
}

static __always_inline void stream_stands(struct sock *sk) {
    u64 key = (u64)sk;
    struct audit_owner *owner = sockets.lookup(&key);
    if (owner && owner->how == AUDIT_ASKED)
        stream_event(AUDIT_SLOT_NETWORK, AUDIT_EVENT_NET_CONNECT, owner, sk, AUDIT_TCP_ESTABLISHED,
                     0);
}

/* `old` is the state that it ends in; one that never stood has failed. */
static __always_inline void stream_ends(struct sock *sk, u32 old) {
    u64 key = (u64)sk;
    struct audit_owner *found = sockets.lookup(&key);
    if (!found)
        return;
    struct audit_owner owner = *found;
    if (sockets.delete(&key) < 0)
        return;
    if (old == AUDIT_TCP_SYN_SENT || (old == AUDIT_TCP_SYN_RECV && owner.how == AUDIT_ASKED))
        stream_event(AUDIT_SLOT_NETWORK, AUDIT_EVENT_NET_CONNECT_FAILED, &owner, sk, old,
                     -(s64)sk->sk_err);
    else
        stream_event(AUDIT_SLOT_NETWORK, AUDIT_EVENT_NET_CLOSE, &owner, sk, old, -(s64)sk->sk_err);
}

static __always_inline void stream_changes(struct sock *sk, u32 old, u32 state) {
    if (sk->sk_protocol != AUDIT_IPPROTO_TCP)
        return;
    if (state == AUDIT_TCP_SYN_SENT)
        stream_asked(sk);
    else if (state == AUDIT_TCP_LISTEN)
        stream_listens(sk);
    else if (state == AUDIT_TCP_ESTABLISHED)
        stream_stands(sk);
    else if (state == AUDIT_TCP_CLOSE)
        stream_ends(sk, old);
}
