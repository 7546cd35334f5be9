/* TCP connections, where the kernel takes no typed programs: cookies are those that there are. */
#include "stream.h"

RAW_TRACEPOINT_PROBE(inet_sock_set_state) {
    stream_changes((struct sock *)ctx->args[0], ctx->args[1], ctx->args[2]);
    return 0;
}
