# The commands of this project. Each makes what it needs first: a virtual environment in .venv, and in
# it this package with the extras that the command uses. The files .venv/installed-* remember what is
# there, so that a second run installs nothing; a change of pyproject.toml installs again.

PYTHON ?= python3
ARGS ?=

PY := .venv/bin/python
BENCHMARKS := $(filter-out benchmarks/timing.py,$(wildcard benchmarks/*.py))
PIP_INSTALL := $(PY) -m pip install --quiet --disable-pip-version-check --editable

.PHONY: help demo test lint bench clean

help:
	@echo "make demo    a network learns to read digits, and writes a page about it"
	@echo "make test    every test (installs TensorFlow and scikit-learn to compare with: 3 GB)"
	@echo "             ARGS='tests/data -x' hands words on to pytest"
	@echo "make lint    the style, the types, and which part may import which"
	@echo "make bench   the same work beside other libraries"
	@echo "make clean   remove .venv and everything else that these commands have made"
	@echo
	@echo "PYTHON=python3.12 chooses the Python that .venv is made from (3.11 or newer)."

demo: .venv/installed-viz
	$(PY) -m tinygrad_edu demo

test: .venv/installed-all
	$(PY) -m pytest $(ARGS)

lint: .venv/installed-all
	$(PY) -m ruff check .
	$(PY) -m mypy
	.venv/bin/lint-imports --config setup.cfg

bench: .venv/installed-all
	@for script in $(BENCHMARKS); do echo "== $$script"; $(PY) $$script || exit 1; done

clean:
	rm -rf .venv build dist *.egg-info .coverage .pytest_cache .mypy_cache .ruff_cache \
	    .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/made: tools/make_venv.py
	$(PYTHON) tools/make_venv.py .venv
	@touch $@

.venv/installed-viz: .venv/made pyproject.toml
	@echo "Installing NumPy, matplotlib and graphviz into .venv: this happens once."
	$(PIP_INSTALL) '.[viz]'
	@touch $@

.venv/installed-all: .venv/made pyproject.toml
	@echo "Installing everything, TensorFlow included, into .venv: this happens once."
	$(PIP_INSTALL) '.[viz,compare,dev]'
	@touch .venv/installed-viz $@
