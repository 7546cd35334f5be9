"""What the arguments of system calls mean that are about files, descriptors, mounts and events.

The form is that of `meaning.py`.
"""

from __future__ import annotations

__all__ = ("MEANINGS",)

MEANINGS = """
[file open]
open | path flags:open mode -> fd | Open, or create, a file
openat | dirfd path@0 flags:open mode -> fd | Open a file relative to a directory
openat2 | dirfd path@0 in:open_how size -> fd | Open a file, with how paths are walked
creat | path mode -> fd | Create a file, or empty it, and open it for writing
name_to_handle_at | dirfd path@0 out:file_handle ptr flags:at_handle | Get a file's handle
open_by_handle_at | fd in:file_handle flags:open -> fd | Open a file by its handle

[file desc]
close | fd@1 | Close a descriptor
close_range | uint uint flags:close_range | Close all descriptors of a range
dup | fd -> fd | Copy a descriptor
dup2 | fd int -> fd | Copy a descriptor to a number
dup3 | fd int flags:pipe -> fd | Copy a descriptor to a number, with flags
fcntl | fd enum:fcntl ulong | Change or ask about a descriptor
flock | fd flags:flock | Lock a file
ioctl | fd enum:ioctl ptr | Ask a device, a socket or a file system for something
lseek | fd int enum:whence -> size | Move a descriptor's position
fsync | fd | Write a file's contents and inode to disk
fdatasync | fd | Write a file's contents to disk
syncfs | fd | Write a file system to disk
sync | | Write all file systems to disk
sync_file_range | fd int size flags:sync_file_range | Write part of a file to disk
fadvise64 | fd int size enum:fadvise | Say how a file is going to be read
readahead | fd int size | Read a file into the page cache
fallocate | fd flags:fallocate int size | Allocate, or take away, a file's room
ftruncate | fd size | Cut a file, or make it longer
truncate | path size | Cut a file, or make it longer, by its path
cachestat | fd in:cachestat_range out:cachestat flags:none | What of a file is in the page cache

[file read]
read | fd out@2 size -> size | Read from a descriptor
pread64 | fd out@2 size int -> size | Read from a place of a file
readv | fd iov_out@2 uint -> size | Read into several buffers
preadv | fd iov_out@2 uint uint uint -> size | Read from a place into several buffers
preadv2 | fd iov_out@2 uint uint uint flags:rwf -> size | Read into several buffers, with flags
getdents | fd ptr size -> size | Read entries of a directory (old)
getdents64 | fd ptr size -> size | Read entries of a directory

[file write]
write | fd in@2 size -> size | Write to a descriptor
pwrite64 | fd in@2 size int -> size | Write to a place of a file
writev | fd iov_in@2 uint -> size | Write several buffers
pwritev | fd iov_in@2 uint uint uint -> size | Write several buffers to a place of a file
pwritev2 | fd iov_in@2 uint uint uint flags:rwf -> size | Write several buffers, with flags

[file copy]
sendfile | fd fd ptr size -> size | Copy between descriptors
copy_file_range | fd ptr fd ptr size flags:none -> size | Copy part of a file to another
splice | fd ptr fd ptr size flags:splice -> size | Move data to or from a pipe
tee | fd fd size flags:splice -> size | Copy data from pipe to pipe
vmsplice | fd ptr uint flags:splice -> size | Map memory into a pipe

[file create]
mkdir | path mode | Make a directory
mkdirat | dirfd path@0 mode | Make a directory relative to another
mknod | path mode dev | Make a file, pipe or device
mknodat | dirfd path@0 mode dev | Make a file, pipe or device relative to a directory
link | path path | Give a file one more name
linkat | dirfd path@0 dirfd path@2 flags:at_link | Give a file one more name
symlink | text path | Make a symbolic link
symlinkat | text dirfd path@1 | Make a symbolic link relative to a directory

[file remove]
unlink | path | Take a name from a file
unlinkat | dirfd path@0 flags:at_unlink | Take a name from a file, or a directory away
rmdir | path | Take a directory away

[file rename]
rename | path path | Rename a file
renameat | dirfd path@0 dirfd path@2 | Rename a file relative to directories
renameat2 | dirfd path@0 dirfd path@2 flags:rename | Rename or exchange files

[file attributes]
chmod | path mode | Change permissions
fchmod | fd mode | Change permissions of an open file
fchmodat | dirfd path@0 mode | Change permissions relative to a directory
fchmodat2 | dirfd path@0 mode flags:at_file | Change permissions, with flags
chown | path uid gid | Change owner and group
fchown | fd uid gid | Change owner and group of an open file
lchown | path uid gid | Change owner and group, of a symbolic link itself
fchownat | dirfd path@0 uid gid flags:at_file | Change owner and group relative to a directory
utime | path in:utimbuf | Set times of a file (seconds)
utimes | path in:timeval_pair | Set times of a file (microseconds)
futimesat | dirfd path@0 in:timeval_pair | Set times of a file relative to a directory
utimensat | dirfd path@0 in:timespec_pair flags:at_file | Set times of a file (nanoseconds)
umask | mode -> mode | Set the permissions that new files do not get
setxattr | path text in@3 size flags:xattr | Set an extended attribute
lsetxattr | path text in@3 size flags:xattr | Set an extended attribute of a link itself
fsetxattr | fd text in@3 size flags:xattr | Set an extended attribute of an open file
setxattrat | dirfd path@0 flags:at_file text in:xattr_args size | Set an extended attribute
removexattr | path text | Remove an extended attribute
lremovexattr | path text | Remove an extended attribute of a link itself
fremovexattr | fd text | Remove an extended attribute of an open file
removexattrat | dirfd path@0 flags:at_file text | Remove an extended attribute
file_setattr | dirfd path@0 in:file_attr size flags:at_file | Set attributes that file systems have

[file stat]
stat | path out:stat | A file's size, owner, times
lstat | path out:stat | A file's size, owner, times; of a link itself
fstat | fd out:stat | An open file's size, owner, times
newfstatat | dirfd path@0 out:stat flags:at_stat | A file's size, owner, times, by directory
statx | dirfd path@0 flags:at_statx flags:statx out:statx | What is asked for of a file
statfs | path out:statfs | What is known of the file system of a path
fstatfs | fd out:statfs | What is known of the file system of an open file
ustat | dev ptr | What is known of a file system (old)
access | path flags:access | Whether a file may be used
faccessat | dirfd path@0 flags:access | Whether a file may be used, relative to a directory
faccessat2 | dirfd path@0 flags:access flags:at_access | Whether a file may be used, with flags
readlink | path out@2 size -> size | Where a symbolic link leads
readlinkat | dirfd path@0 out@3 size -> size | Where a symbolic link leads
getxattr | path text out@3 size -> size | An extended attribute
lgetxattr | path text out@3 size -> size | An extended attribute of a link itself
fgetxattr | fd text out@3 size -> size | An extended attribute of an open file
getxattrat | dirfd path@0 flags:at_file text in:xattr_args size -> size | An extended attribute
listxattr | path out@2 size -> size | Names of extended attributes
llistxattr | path out@2 size -> size | Names of extended attributes of a link itself
flistxattr | fd out@2 size -> size | Names of extended attributes of an open file
listxattrat | dirfd path@0 flags:at_file out@4 size -> size | Names of extended attributes
file_getattr | dirfd path@0 out:file_attr size flags:at_file | Attributes that file systems have
lookup_dcookie | uint out@2 size -> size | The path of a dcookie (removed in Linux 6.7)

[file directories]
chdir | path | Change the working directory
fchdir | fd | Change the working directory to an open one
getcwd | out@1 size -> size | The working directory
chroot | path | Change the root directory

[mounts file]
mount | text path text flags:mount text | Mount a file system, or change a mount
umount2 | path flags:umount | Unmount a file system
pivot_root | path path | Change the root mount
open_tree | dirfd path@0 flags:open_tree -> fd | Open, or copy, a tree of mounts
open_tree_attr | dirfd path@0 flags:open_tree in:mount_attr size -> fd | Open a tree, changed
move_mount | dirfd path@0 dirfd path@2 flags:move_mount | Attach or move a tree of mounts
mount_setattr | dirfd path@0 flags:mount_tree in:mount_attr size | Change a tree of mounts
fsopen | text flags:fsopen -> fd | Begin to set up a file system
fsconfig | fd enum:fsconfig text ptr int | Set up a file system
fsmount | fd flags:fsmount flags:mount_attr -> fd | Make a mount of a file system
fspick | dirfd path@0 flags:fspick -> fd | Begin to change a mounted file system
statmount | in:mnt_id_req ptr size flags:none | What is known of a mount
listmount | in:mnt_id_req ptr size flags:listmount | The mounts below a mount
swapon | path flags:swap | Use a file or device as swap
swapoff | path | Do not use it any more
quotactl | enum:quotactl path int ptr | Change or ask about quotas
quotactl_fd | fd enum:quotactl int ptr | Change or ask about quotas, by descriptor
sysfs | int ulong ulong | File systems that the kernel knows (old)

[desc events]
poll | in:pollfd uint int | Wait for descriptors
ppoll | in:pollfd uint out:timespec in:sigset size | Wait for descriptors, with a mask of signals
select | int out:fd_set out:fd_set out:fd_set out:timeval | Wait for descriptors
pselect6 | int out:fd_set out:fd_set out:fd_set out:timespec ptr | Wait, with a mask of signals
epoll_create | int -> fd | Make an epoll
epoll_create1 | flags:epoll_create -> fd | Make an epoll, with flags
epoll_ctl | fd enum:epoll_ctl fd in:epoll_event | Change what an epoll waits for
epoll_wait | fd out:epoll_event int int | Wait for an epoll
epoll_pwait | fd out:epoll_event int int in:sigset size | Wait for an epoll, with a mask of signals
epoll_pwait2 | fd out:epoll_event int in:timespec in:sigset size | Wait for an epoll (nanoseconds)
epoll_ctl_old | ulong ulong ulong ulong ulong ulong | Not implemented
epoll_wait_old | ulong ulong ulong ulong ulong ulong | Not implemented
eventfd | uint -> fd | Make a counter to wait for
eventfd2 | uint flags:eventfd -> fd | Make a counter to wait for, with flags
signalfd | int in:sigset size -> fd | Make a descriptor to read signals from
signalfd4 | int in:sigset size flags:signalfd -> fd | The same, with flags
timerfd_create | enum:clock flags:timerfd_create -> fd | Make a timer to wait for
timerfd_settime | fd flags:timerfd_settime in:itimerspec out:itimerspec | Set a timer
timerfd_gettime | fd out:itimerspec | What is left of a timer
inotify_init | -> fd | Begin to watch files
inotify_init1 | flags:inotify_init -> fd | Begin to watch files, with flags
inotify_add_watch | fd path flags:inotify | Watch a file
inotify_rm_watch | fd int | Do not watch it any more
fanotify_init | flags:fanotify_init flags:open -> fd | Begin to watch file systems
fanotify_mark | fd flags:fanotify_mark flags:fanotify dirfd path@3 | Watch a file or more
userfaultfd | flags:userfaultfd -> fd | Handle page faults in user space
pipe | nums@2 | Make a pipe
pipe2 | nums@2 flags:pipe | Make a pipe, with flags

[io_uring desc]
io_uring_setup | uint out:io_uring_params -> fd | Make a ring of requests
io_uring_enter | fd uint uint flags:io_uring_enter ptr size | Submit requests, wait for answers
io_uring_register | fd enum:io_uring_register ptr uint | Register files, buffers, restrictions

[aio]
io_setup | uint ptr | Make a context of asynchronous requests
io_destroy | ulong | Remove it
io_submit | ulong int ptr | Submit requests
io_cancel | ulong ptr ptr | Cancel a request
io_getevents | ulong int int ptr in:timespec | Wait for answers
io_pgetevents | ulong int int ptr in:timespec ptr | Wait for answers, with a mask of signals
"""
