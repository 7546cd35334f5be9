/* A section that says nothing about what its program is. */
#include "common.h"

SEC("nonsense/of_mine") int unknown(void *ctx) { return 0; }
SEC("socket") int known(void *ctx) { return 0; }
GPL;
