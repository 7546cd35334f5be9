"""The house rules as functions over the source tree; `tests/test_architecture.py` runs them all."""
