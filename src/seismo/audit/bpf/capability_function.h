/* Before Linux 6.14 the function itself tells. */
#include "capability.h"

KRETFUNC_PROBE(cap_capable, const struct cred *cred, struct user_namespace *namespace,
               int capability, u32 options, int ret) {
    tell_capability(AUDIT_SLOT_CAPABILITY, capability, ret);
    return 0;
}
