/* Types that only a module has: overlayfs, which the root of the lab's guests is. */
#include "common.h"

struct inode { unsigned long i_ino; } PORTABLE;
struct ovl_inode {
	unsigned long flags;
	unsigned long long version;
	struct inode vfs_inode;
} PORTABLE;
struct ovl_no_such { int member; } PORTABLE;

SEC("raw_tp/sched_process_exit") int places(void *ctx)
{
	struct ovl_inode *inode = 0;

	if (!bpf_core_type_exists(struct ovl_inode))
		return 0;
	return bpf_core_field_offset(struct ovl_inode, vfs_inode.i_ino) +
	       bpf_core_field_size(struct ovl_inode, flags) + bpf_core_type_size(struct ovl_inode) +
	       bpf_core_field_exists(inode->version) + bpf_core_type_exists(struct ovl_no_such);
}

GPL;
