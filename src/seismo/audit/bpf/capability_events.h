/* Linux 6.14 has a tracepoint. */
#include "capability.h"

RAW_TRACEPOINT_PROBE(cap_capable) {
    tell_capability(AUDIT_SLOT_OTHER, ctx->args[3], (s32)ctx->args[4]);
    return 0;
}
