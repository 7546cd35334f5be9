#!/bin/sh
# usage: dev/trace_demo.sh SEISMO - live events of a real workload; each command is shown first.
set -eu
seismo=$1

if [ "$(id -u)" -ne 0 ]; then
    echo "tracing the kernel needs root: sudo make trace" >&2
    exit 1
fi

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
show -e 'tracepoint:syscalls:sys_enter_openat { @opens[comm] = count(); }' -c dev/workload.sh
show -e 'tracepoint:raw_syscalls:sys_exit { @results = hist(args.ret); }' -c dev/workload.sh
