#!/bin/busybox sh
# The first process of a guest: from the initramfs to the host's root, which it must not change.
set -eu
bb=/bin/busybox

for module in /modules/*.ko; do
    $bb insmod "$module"
done
$bb hostname seismo-lab
$bb ip link set lo up

options=trans=virtio,version=9p2000.L,msize=512000
$bb mount -t 9p -o ro,cache=loose,$options host /lower
$bb mount -t tmpfs scratch /scratch
$bb mkdir /scratch/upper /scratch/work
$bb mount -t overlay -o lowerdir=/lower,upperdir=/scratch/upper,workdir=/scratch/work root /new

# The host sees what is written here; no cache, so that it sees it at once.
$bb mkdir /new/.lab
$bb mount -t 9p -o cache=none,$options out /new/.lab

exec $bb switch_root /new /bin/sh /.lab/guest.sh
