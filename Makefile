# Every target sets up what it needs: a virtual environment in .venv, and as root on a Debian-like
# machine the packages that are missing. PYTHON chooses the interpreter (3.11 or newer).

PYTHON ?= python3
VENV := .venv

.PHONY: help setup trace test lab bench clean

help:
	@echo "make trace                        live events of a real workload, for a few seconds"
	@echo "make test                         every check and test, on this kernel and in guests"
	@echo "make lab [KERNEL=6.12] [ARGS=...] the kernel tests in guests; ARGS go to pytest"
	@echo "make bench                        measure"
	@echo "make setup                        only the virtual environment, with the tools"
	@echo "make clean                        remove what was built or downloaded; .venv stays"

$(VENV)/bin/python:
	dev/venv.sh "$(PYTHON)" $(VENV)

$(VENV)/.ready: pyproject.toml | $(VENV)/bin/python
	$(VENV)/bin/pip install --quiet --editable .
	@touch $@

$(VENV)/.ready-dev: pyproject.toml | $(VENV)/bin/python
	$(VENV)/bin/pip install --quiet --editable '.[dev]'
	@touch $@ $(VENV)/.ready

setup: $(VENV)/.ready-dev

trace: $(VENV)/.ready
	dev/trace_demo.sh "$(CURDIR)/$(VENV)/bin/seismo"

test: setup
	dev/packages.sh
	./check
	./check kernel
	./check lab --optional

lab: setup
	dev/packages.sh
	./check lab $(KERNEL) -- $(ARGS)

bench: setup
	$(VENV)/bin/python -m bench $(ARGS)

clean:
	rm -rf .lab .bench build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find src dev tests -name __pycache__ -type d -prune -exec rm -rf {} +
