/* An option that the kernel does not have and that must be there. */
#include "common.h"

extern int CONFIG_NO_SUCH_OPTION __kconfig;
SEC("socket") int use(void *ctx) { return CONFIG_NO_SUCH_OPTION; }
GPL;
