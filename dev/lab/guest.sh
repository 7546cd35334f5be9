#!/bin/sh
# The second stage: the guest's own kernel file systems over the host's, then the job.
# The host puts `job` beside this file and reads `booted`, `output` and `status` there.

# Whatever happens, the machine must end: sysrq-b resets it and QEMU runs with -no-reboot.
trap 'echo b >/proc/sysrq-trigger' EXIT
set -eu

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs shm /dev/shm
mount -t debugfs debugfs /sys/kernel/debug
mount -t tracefs tracefs /sys/kernel/tracing
mount -t securityfs securityfs /sys/kernel/security
mount -t bpf bpf /sys/fs/bpf
mount -t cgroup2 cgroup2 /sys/fs/cgroup

mkdir -p /boot
cp /.lab/config-* /boot/

cut -d' ' -f1 /proc/uptime >/.lab/booted
status=0
/bin/sh /.lab/job >/.lab/output 2>&1 || status=$?
echo "$status" >/.lab/status
