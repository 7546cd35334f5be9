/* Types whose declarations must agree: `BPF_CORE_TYPE_MATCHES`, which clang has since 15. */
#include "common.h"

struct inner { int deep; } PORTABLE;
enum color { RED, GREEN };
struct outer { int plain; } PORTABLE;
typedef int (*callback_t)(struct outer *, int);
struct matching { int a; struct inner *b; } PORTABLE;
struct matching___function { callback_t d; enum color c; } PORTABLE;
struct matching___more { int a; int extra; } PORTABLE;
struct not_matching { int a; } PORTABLE;
struct never_was { int a; } PORTABLE;
enum color___unknown { RED_ = 0, MAUVE };
typedef long point_t;

SEC("raw_tp/sys_enter") int matches(void *ctx)
{
	return bpf_core_type_matches(struct matching)
	       + 2 * bpf_core_type_matches(struct matching___function)
	       + 4 * bpf_core_type_matches(struct matching___more)
	       + 8 * bpf_core_type_matches(struct not_matching)
	       + 16 * bpf_core_type_matches(struct never_was)
	       + 32 * bpf_core_type_matches(enum color)
	       + 64 * bpf_core_type_matches(enum color___unknown)
	       + 128 * bpf_core_type_matches(callback_t)
	       + 256 * bpf_core_type_matches(point_t);
}
GPL;
