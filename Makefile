# The commands of this project. Each makes what it needs first: a virtual environment in .venv, and in
# it this package with the extras that the command uses. The files .venv/installed-* remember what is
# there, so that a second run installs nothing; a change of pyproject.toml installs again.

PYTHON ?= python3
ARGS ?=

PY := .venv/bin/python
TRY := build/try/bin/python
# Beside the comparison: scripts that are run one by one.
BENCHMARKS := $(filter-out $(addprefix benchmarks/,compare.py page.py works.py cold_jobs.py timing.py estimators.py), \
    $(wildcard benchmarks/*.py))
PIP_INSTALL := $(PY) -m pip install --quiet --disable-pip-version-check --editable
PAGE_TOOLS := tests/viz/page/node_modules/.package-lock.json

# One process per core. `worksteal` gives each a stretch of neighboring tests, which share what they need
# (a browser, a model in Keras), and evens out at the end. With TensorFlow a process takes 1 to 2 GB.
PARALLEL := -n auto --maxprocesses 8 --dist worksteal

.PHONY: help demo test lessons tutorials docs lint lint-page hooks wheel test-numpy bench bench-all clean

help:
	@echo "make demo        a network learns to read digits, and writes a page about it"
	@echo "make test        every test but the lessons (installs TensorFlow and scikit-learn: 3 GB)"
	@echo "                 ARGS='tests/data -x' hands words on to pytest, ARGS='-n 0' runs one by one"
	@echo "make tutorials   the lessons run, and show what they show"
	@echo "make lessons     the notebooks made anew from their sources; ARGS='6 17' makes two of them"
	@echo "make docs        the site in build/docs: lessons, guides, gallery, reference; needs no network"
	@echo "make lint        the style, the types, and which part may import which"
	@echo "make lint-page   the same for the script of the step page; needs npm, and is part of make lint"
	@echo "make hooks       let git run the linters before each commit"
	@echo "make wheel       build the wheel in dist, and try it in an empty environment"
	@echo "make test-numpy  the fast tests with the oldest and the newest NumPy"
	@echo "make bench       the same work beside other libraries: writes the page and the README's table of speed"
	@echo "                 ARGS=--quick is a try of a minute"
	@echo "make bench-all   every other measurement: layers, optimizers, graphs, classical models"
	@echo "make clean       remove .venv and everything else that these commands have made"
	@echo
	@echo "PYTHON=python3.12 chooses the Python that .venv is made from (3.11 or newer)."

demo: .venv/installed-viz
	$(PY) -m tinygrad_edu demo

test: .venv/installed-all
	$(PY) -m pytest $(PARALLEL) --ignore=tests/tutorials $(ARGS)

lessons: .venv/installed-all
	$(PY) tools/make_lessons.py $(ARGS)

tutorials: .venv/installed-all
	$(PY) -m pytest $(PARALLEL) tests/tutorials $(ARGS)

docs: .venv/installed-docs
	$(PY) docs/build.py $(ARGS)

lint: .venv/installed-all lint-page
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	.venv/bin/lint-imports --config setup.cfg
	$(PY) tools/check_notebooks.py

# eslint, and the types that comments give to JavaScript. The tools are npm's, kept beside the tests.
lint-page:
	@if command -v npm > /dev/null; then \
	    $(MAKE) --no-print-directory $(PAGE_TOOLS) && \
	    npm run --silent --prefix tests/viz/page lint && npm run --silent --prefix tests/viz/page types; \
	else echo "The script of the step page is not checked: there is no npm on this machine."; fi

$(PAGE_TOOLS): tests/viz/page/package-lock.json
	cd tests/viz/page && npm ci --silent --no-fund --no-audit
	@touch $@

hooks: .venv/installed-all
	.venv/bin/pre-commit install

# What an older build has left in build/lib would get into the wheel.
wheel: .venv/made
	rm -rf build/lib build/bdist.* build/try dist
	$(PY) -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir dist .
	$(PYTHON) tools/make_venv.py build/try
	$(TRY) -m pip install --quiet --disable-pip-version-check dist/*.whl
	$(TRY) -I tools/smoke_test.py
	$(TRY) -m pip install --quiet --disable-pip-version-check "$$(ls dist/*.whl)[viz]"
	$(TRY) -I tools/smoke_test.py

test-numpy: .venv/made
	$(PY) tools/test_numpy.py $(ARGS)

# Works with what is installed: of the other libraries, those of the extra `bench`.
bench: .venv/installed-bench
	$(PY) benchmarks/compare.py $(ARGS)

bench-all: .venv/installed-all
	@for script in $(BENCHMARKS); do echo "== $$script"; $(PY) $$script || exit 1; done

clean:
	rm -rf .venv build dist *.egg-info .coverage .pytest_cache .mypy_cache .ruff_cache \
	    tests/viz/page/node_modules \
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

.venv/installed-bench: .venv/made pyproject.toml
	@echo "Installing the libraries to compare with into .venv: this happens once."
	$(PIP_INSTALL) '.[viz,compare,bench]'
	@touch .venv/installed-viz $@

.venv/installed-docs: .venv/made pyproject.toml
	@echo "Installing Sphinx and what the site needs into .venv: this happens once."
	$(PIP_INSTALL) '.[viz,docs]'
	@touch .venv/installed-viz $@
