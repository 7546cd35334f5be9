/* Datagrams of internet sockets: what was sent and received, with both addresses. */

#define AUDIT_SOCK_DGRAM 2
#define AUDIT_NOT_RECEIVED 0x2002 /* MSG_PEEK: it stays; MSG_ERRQUEUE: it is an error */
#define AUDIT_MESSAGES 1024       /* UIO_MAXIOV: of one call */

struct audit_datagram {
    u64 name; /* the address that the program gives or gets, NULL for none */
    u64 vector; /* of messages */
    u32 type; /* NET_SEND or NET_RECEIVE */
    u32 handler;
    s32 fd;
    u32 is_compat;
};

/* The other end as the program has it. */
static __always_inline void remote_of_name(struct audit_socket *to, u64 name) {
    u8 address[28];
    u16 family = 0;
    u64 *remote = (u64 *)to->remote;
    if (bpf_probe_read_user(address, 16, (void *)name) < 0)
        return;
    family = *(u16 *)address;
    if (family == AUDIT_AF_INET) {
        remote[0] = *(u32 *)(address + 4);
        remote[1] = 0;
    } else if (family == AUDIT_AF_INET6) {
        if (bpf_probe_read_user(to->remote, 16, (void *)(name + 8)) < 0)
            return;
        if (is_mapped(to->remote)) {
            family = AUDIT_AF_INET;
            remote[0] = *(u32 *)(to->remote + 12);
            remote[1] = 0;
        }
    } else
        return;
    if (to->family != family) { /* bound to :: and talking IPv4 */
        u64 *local = (u64 *)to->local;
        local[0] = local[1] = 0;
        to->family = family;
    }
    to->remote_port = __builtin_bswap16(*(u16 *)(address + 2));
}

static __always_inline void tell_datagram(const struct audit_datagram *what, u64 name, u64 bytes) {
    struct sock *sk = sock_of(file_of(audit_task(), what->fd));
    u16 family = sk->__sk_common.skc_family;
    if (!sk || sk->sk_type != AUDIT_SOCK_DGRAM)
        return;
    if (family != AUDIT_AF_INET && family != AUDIT_AF_INET6)
        return;
    struct audit_record *record = record_new(AUDIT_SLOT_PROCESS);
    if (!record)
        return;
    record_begin(record, what->type, what->handler, sizeof(struct audit_net_send));
    struct audit_net_send *fixed = record_fixed(record);
    struct audit_socket *to = (struct audit_socket *)fixed->socket;
    fixed->bytes = bytes;
    socket_of(to, sk);
    to->fd = what->fd;
    if (name)
        remote_of_name(to, name);
    record_header(record)->ret = bytes;
    socket_facts(&record->facts, to);
    record_finish(record);
}

/* Where the address is in a struct user_msghdr of the program. */
static __always_inline u64 name_of_message(u64 message, u32 is_compat) {
    u64 name = 0;
    bpf_probe_read_user(&name, is_compat ? 4 : 8, (void *)message);
    return name;
}

static long tell_message(u32 index, void *context) {
    struct audit_datagram *what = context;
    u32 stride = what->is_compat ? 32 : 64, length = 0; /* sizeof(struct mmsghdr) */
    u64 message = what->vector + index * stride;
    bpf_probe_read_user(&length, 4, (void *)(message + stride - (what->is_compat ? 4 : 8)));
    tell_datagram(what, name_of_message(message, what->is_compat), length);
    return 0;
}

/* `count` messages, one behind the other. */
static __always_inline void tell_messages(struct audit_datagram *what, u64 vector, u64 count) {
    what->vector = vector;
    if (count > AUDIT_MESSAGES)
        count = AUDIT_MESSAGES;
    bpf_loop(count, tell_message, what, 0);
}
