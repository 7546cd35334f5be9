#!/bin/sh
# Installs the tools that tests call and pip cannot bring; without root it only names them.
set -eu

missing=""
command -v gcc >/dev/null || missing="$missing gcc libc6-dev"
command -v g++ >/dev/null || missing="$missing g++"
command -v readelf >/dev/null || missing="$missing binutils"
command -v mkfs.ext4 >/dev/null || missing="$missing e2fsprogs"
command -v mkfs.xfs >/dev/null || missing="$missing xfsprogs"
command -v qemu-system-x86_64 >/dev/null || missing="$missing qemu-system-x86"
command -v tcpdump >/dev/null || missing="$missing tcpdump"
command -v strace >/dev/null || missing="$missing strace"
command -v bpftool >/dev/null || missing="$missing bpftool"
[ -e /usr/include/bpf/libbpf.h ] || missing="$missing libbpf-dev"
command -v apt-get >/dev/null || { [ -z "$missing" ] || echo "not installed:$missing"; exit 0; }

if [ "$(id -u)" -ne 0 ]; then
    [ -z "$missing" ] || echo "not installed, tests that need them are skipped:$missing"
    exit 0
fi
# The lab asks apt for kernels: without package lists there are none.
if [ -n "$missing" ] || [ -z "$(apt-cache search --names-only '^linux-image-6')" ]; then
    apt-get update -qq
fi
# Objects are compiled by an old clang and a new one, as far as this release has them.
for clang in clang-14 clang-19; do
    command -v "$clang" >/dev/null && continue
    [ -z "$(apt-cache search --names-only "^$clang\$")" ] || missing="$missing $clang"
done
if [ -n "$missing" ]; then
    # shellcheck disable=SC2086 # one word per package
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $missing
fi
