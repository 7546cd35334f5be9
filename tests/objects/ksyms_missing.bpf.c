/* A kernel symbol that must be there and is not. */
#include "common.h"

extern const void no_such_symbol __ksym;
SEC("raw_tp/sys_enter") int use(void *ctx) { return (long)&no_such_symbol >> 4; }
GPL;
