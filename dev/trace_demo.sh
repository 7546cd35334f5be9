#!/bin/sh
# usage: dev/trace_demo.sh SEISMO - live events of a real workload; each command is shown first.
# Where BPF is not permitted seismo says so, and traces the workload from user space.
set -eu
seismo=$1

show() {
    printf '\n$ seismo'
    for word in "$@"; do
        case $word in
            *[\ {]*) printf " '%s'" "$word" ;;
            *) printf ' %s' "$word" ;;
        esac
    done
    printf '\n'
    "$seismo" "$@"
}

cd "$(dirname "$0")/.."
show opensnoop -c dev/workload.sh
show --tree -c dev/workload.sh -e 'tracepoint:raw_syscalls:sys_enter { @calls[comm] = count(); }'
show --tree -c dev/workload.sh \
    -e 'tracepoint:sched:sched_process_exec { printf("%d %s\n", pid, str(args.filename)); }'
