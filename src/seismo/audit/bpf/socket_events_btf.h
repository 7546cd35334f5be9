/* TCP connections, by a typed program, which may give a socket its cookie. Linux 5.12. */
#include "stream.h"

int tp_btf__inet_sock_set_state(void *ctx, struct sock *sk, int old, int state) {
    /* What is accepted gets its own only after it was made, which is in SYN_RECV. */
    if (state == AUDIT_TCP_SYN_SENT || state == AUDIT_TCP_ESTABLISHED || state == AUDIT_TCP_LISTEN)
        bpf_get_socket_cookie(sk);
    stream_changes(sk, old, state);
    return 0;
}
