"""Arguments of raw tracepoints that may be null, which nothing in the kernel's BTF says.

Asked of Linux 6.18, whose kernel/bpf/btf.c lists them (`raw_tp_null_args`): the kind of pointer
that each argument of each tracepoint is for a program of type TRACING.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ("NULLABLE_ARGUMENTS",)

_BY_ARGUMENT: tuple[tuple[tuple[int, ...], str], ...] = (
    (
        (0,),
        "tmigr_update_events mm_page_alloc mm_page_alloc_zone_locked mm_page_pcpu_drain "
        "mm_collapse_huge_page_isolate xfs_inodegc_flush xfs_inodegc_push xfs_inodegc_start "
        "xfs_inodegc_stop xfs_inodegc_queue xfs_inodegc_throttle xfs_fs_sync_fs "
        "xfs_blockgc_start xfs_blockgc_stop xfs_blockgc_worker xfs_blockgc_flush_all "
        "xfs_defer_create_intent xfs_defer_cancel_list xfs_defer_pending_finish "
        "xfs_defer_pending_abort xfs_defer_relog_intent xfs_defer_isolate_paused "
        "xfs_defer_item_pause xfs_defer_item_unpause xfs_defer_add_item xfs_defer_cancel_item "
        "xfs_defer_finish_item",
    ),
    (
        (0, 1),
        "tcp_send_reset",
    ),
    (
        (1,),
        "sched_pi_setprio mm_khugepaged_scan_pmd mm_khugepaged_scan_file "
        "mm_khugepaged_collapse_file writeback_dirty_folio folio_wait_writeback "
        "posix_lock_inode fcntl_setlk locks_remove_posix flock_lock_inode break_lease_noblock "
        "break_lease_block break_lease_unblock generic_delete_lease time_out_leases "
        "ext4_mballoc_discard ext4_mballoc_free hugetlbfs_alloc_inode xfs_ioc_free_eofblocks "
        "xfs_blockgc_free_space",
    ),
    (
        (2,),
        "sched_stick_numa sched_swap_numa xfs_btree_updkeys xfs_btree_overlapped_query_range "
        "tcp_sendmsg_locked fib_table_lookup",
    ),
    (
        (3,),
        "kfree_skb qdisc_dequeue",
    ),
    (
        (4,),
        "xfs_map_blocks_found xfs_map_blocks_alloc",
    ),
)
NULLABLE_ARGUMENTS: Mapping[str, tuple[int, ...]] = {
    name: arguments for arguments, names in _BY_ARGUMENT for name in names.split()
}
"""Indexes of arguments, from 0, by the tracepoint's name."""
