"""What the arguments of system calls mean that are about sockets and System V and POSIX IPC.

The form is that of `meaning.py`.
"""

from __future__ import annotations

__all__ = ("MEANINGS",)

MEANINGS = """
[network desc]
socket | enum:family flags:socket enum:protocol -> fd | Make a socket
socketpair | enum:family flags:socket enum:protocol nums@2 | Make two connected sockets
bind | fd sa_in@2 size | Give a socket its address
connect | fd sa_in@2 size | Connect a socket
listen | fd int | Take connections
accept | fd sa_out@2 nums@1 -> fd | Take the next connection
accept4 | fd sa_out@2 nums@1 flags:socket_flags -> fd | Take the next connection, with flags
getsockname | fd sa_out@2 nums@1 | A socket's own address
getpeername | fd sa_out@2 nums@1 | The address at the other end
sendto | fd in@2 size flags:msg sa_in@5 size -> size | Send a message to an address
recvfrom | fd out@2 size flags:msg sa_out@5 nums@1 -> size | Receive a message and its sender
sendmsg | fd msg_in flags:msg -> size | Send a message of several parts
recvmsg | fd msg_out flags:msg -> size | Receive a message into several parts
sendmmsg | fd msg_in uint flags:msg | Send several messages (the first is recorded)
recvmmsg | fd msg_out uint flags:msg in:timespec | Receive several messages (the first is recorded)
setsockopt | fd enum:sol enum:sockopt in@4 size | Set a socket's option
getsockopt | fd enum:sol enum:sockopt nums@1 nums@1 | Ask for a socket's option
shutdown | fd enum:shutdown | Close one direction of a connection, or both

[ipc]
msgget | int flags:ipc_get | Get a queue of messages
msgsnd | int ptr size flags:msg_queue | Send a message to a queue
msgrcv | int ptr size int flags:msg_queue -> size | Receive a message of a queue
msgctl | int enum:ipc_ctl ptr | Change or ask about a queue
semget | int int flags:ipc_get | Get semaphores
semop | int in:sembuf uint | Operate on semaphores (the first operation is recorded)
semtimedop | int in:sembuf uint in:timespec | Operate on semaphores, until a time
semctl | int int enum:sem_ctl ulong | Change or ask about semaphores
shmget | int size flags:shm_get | Get shared memory
shmat | int ptr flags:shm_at -> ptr | Map shared memory
shmdt | ptr | Unmap shared memory
shmctl | int enum:shm_ctl ptr | Change or ask about shared memory
mq_open | text flags:open mode in:mq_attr -> fd | Open a queue of messages
mq_unlink | text | Take a queue's name away
mq_timedsend | fd in@2 size uint in:timespec | Send a message to a queue
mq_timedreceive | fd out@2 size ptr in:timespec -> size | Receive a message of a queue
mq_notify | fd ptr | Be told of a message
mq_getsetattr | fd in:mq_attr out:mq_attr | Change or ask about a queue
"""
