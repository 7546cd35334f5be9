"""The lab: runs the kernel tests on other kernels, in QEMU, with this machine's own root files.

A guest is Debian's kernel package, a small initramfs and the host's `/`, mounted read-only by 9p
below an overlay, so that it runs this repository with this virtual environment. Nothing is
installed; downloads and results stay in `.lab/`.

>>> python -m lab 6.1 6.12 -- -k ringbuf
"""
