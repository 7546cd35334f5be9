"""What seismo costs, side by side with bpftrace: `make bench`, results in docs/performance.md."""
