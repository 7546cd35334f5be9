"""A generated corpus of programs, and how far our verifier and the kernel's agree on it."""
