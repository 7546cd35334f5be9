/* Sockets as the kernel has them. */

#define AUDIT_AF_UNIX 1
#define AUDIT_AF_INET 2
#define AUDIT_AF_INET6 10
#define AUDIT_IPPROTO_TCP 6
#define AUDIT_S_IFMT 0xf000
#define AUDIT_S_IFSOCK 0xc000

/* ::ffff:1.2.3.4 is IPv4. */
static __always_inline int is_mapped(const u8 *address) {
    const u32 *words = (const u32 *)address;
    return !words[0] && !words[1] && words[2] == 0xffff0000;
}

static __always_inline void socket_addresses(struct audit_socket *to, struct sock *sk) {
    u64 *local = (u64 *)to->local, *remote = (u64 *)to->remote;
    to->local_port = sk->__sk_common.skc_num;
    to->remote_port = __builtin_bswap16(sk->__sk_common.skc_dport);
    if (to->family == AUDIT_AF_INET6) {
        bpf_probe_read_kernel(to->local, 16, &sk->__sk_common.skc_v6_rcv_saddr);
        bpf_probe_read_kernel(to->remote, 16, &sk->__sk_common.skc_v6_daddr);
        if (!is_mapped(to->remote) && !is_mapped(to->local))
            return;
        to->family = AUDIT_AF_INET;
        local[0] = local[1] = remote[0] = remote[1] = 0;
    }
    *(u32 *)to->local = sk->__sk_common.skc_rcv_saddr;
    *(u32 *)to->remote = sk->__sk_common.skc_daddr;
}

/* All but `started_ns` and `fd`, which stay 0. Of AF_UNIX `remote` begins with the inode number
   (u64) of the other end's socket. */
static __always_inline void socket_of(struct audit_socket *to, struct sock *sk) {
    u64 *words = (u64 *)to;
    for (u32 i = 0; i < sizeof(*to) / 8; i++)
        words[i] = 0;
    to->cookie = sk->__sk_common.skc_cookie.counter;
    to->inode = sk->sk_socket->file->f_inode->i_ino;
    to->netns = sk->__sk_common.skc_net.net->ns.inum;
    to->family = sk->__sk_common.skc_family;
    to->type = sk->sk_type;
    to->state = sk->__sk_common.skc_state;
    to->protocol = sk->sk_protocol;
    if (to->family == AUDIT_AF_UNIX) {
        struct sock *peer = ((struct unix_sock *)sk)->peer;
        if (peer)
            *(u64 *)to->remote = peer->sk_socket->file->f_inode->i_ino;
        return;
    }
    if (to->family != AUDIT_AF_INET && to->family != AUDIT_AF_INET6)
        return;
    to->is_ipv6 = to->family == AUDIT_AF_INET6;
    socket_addresses(to, sk);
    if (to->protocol == AUDIT_IPPROTO_TCP && to->type == 1) {
        struct tcp_sock *tcp = (struct tcp_sock *)sk;
        to->sent_bytes = tcp->bytes_acked;
        to->received_bytes = tcp->bytes_received;
    }
}

/* The socket of an open file; NULL where it is none. */
static __always_inline struct sock *sock_of(struct file *file) {
    if ((file->f_inode->i_mode & AUDIT_S_IFMT) != AUDIT_S_IFSOCK)
        return 0;
    struct socket *socket = file->private_data;
    return socket->sk;
}

/* Filters go by the other end's address, where there is one. */
static __always_inline void socket_facts(struct audit_facts *facts,
                                         const struct audit_socket *from) {
#if AUDIT_ADDRESS_FILTERS
    if (facts->family || !from->remote_port)
        return;
    facts->family = from->family;
    facts->port = from->remote_port;
    *(u64 *)facts->address = *(const u64 *)from->remote;
    *(u64 *)(facts->address + 8) = *(const u64 *)(from->remote + 8);
#endif
}

/* The address that a socket of AF_UNIX is bound to, as a section SOCKADDR of its descriptor. */
static __always_inline void section_unix_name(struct audit_record *record, u8 argument,
                                              struct sock *sk) {
    struct unix_address *address = ((struct unix_sock *)sk)->addr;
    if (!address)
        return;
    u64 size = (u32)address->len;
    u8 *place = section_begin(record, 128);
    if (!place)
        return;
    if (size > 110)
        size = 110;
    if (bpf_probe_read_kernel(place, size, address->name) == 0)
        record->pos += size;
    section_end(record, AUDIT_SECTION_SOCKADDR, argument, 0, 0);
}

static __always_inline void section_socket(struct audit_record *record, u8 argument,
                                           struct sock *sk, s32 fd) {
    struct audit_socket *to =
        (struct audit_socket *)section_fixed(record, AUDIT_SECTION_SOCKET, argument, sizeof(*to));
    if (!to)
        return;
    socket_of(to, sk);
    to->fd = fd;
    socket_facts(&record->facts, to);
    if (to->family == AUDIT_AF_UNIX)
        section_unix_name(record, argument, sk);
}
