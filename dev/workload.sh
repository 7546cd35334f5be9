#!/bin/sh
# Something real to trace, short and the same everywhere: processes, file opens, directory reads.
set -eu
export LC_ALL=C  # else every program opens a dozen locale files first
cat /etc/hostname >/dev/null
ls -l /etc >/dev/null
find /etc -maxdepth 1 -name '*.conf' >/dev/null
grep -c root /etc/passwd >/dev/null
cat /etc/no-such-file 2>/dev/null || true
