/* An option whose value does not fit. */
#include "common.h"

extern char LINUX_KERNEL_VERSION __kconfig;
SEC("socket") int use(void *ctx) { return LINUX_KERNEL_VERSION; }
GPL;
