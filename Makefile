# `make demo` and `make test` do all their own set-up; everything else is for people who work here.
SHELL := /bin/bash
.DELETE_ON_ERROR:
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
READERS := tests/readers/node_modules/.ready
SHELLS := $(VENV)/.shells

# Commands are run by the hundred here: without their bytecode each compiles all of us anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test check lint types layers pytest golden schemas docs fuzz soak mutants bench lock clean

demo: $(READY)  ## run the main job against the emulator, in a git repository of its own
	@$(BIN)/reconciler demo

test: check  ## everything that must pass

check: lint types layers pytest

lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(READY)
	$(BIN)/mypy

layers: $(READY)
	$(BIN)/lint-imports

pytest: $(READY) $(READERS) $(SHELLS)
	$(BIN)/python -m pytest -n 2 --dist worksteal --cov --cov-report=term --cov-fail-under=90

golden: $(READY) $(READERS)  ## renew the golden files; read the diff before you commit it
	$(BIN)/python -m pytest -q tests --update-golden

schemas: $(READY)  ## renew schemas/ from the models
	$(BIN)/reconciler schema --write schemas

docs: $(READY)  ## renew the pages made of schemas, and record the tour anew
	$(BIN)/python -m reference

fuzz: $(READY)  ## read changed texts for FUZZ_SECONDS (300), from FUZZ_SEED (1) on
	$(BIN)/python -m tests.fuzz

soak: $(READY)  ## sixty nights; crash points and fleets at random for SOAK_SECONDS (600), from SOAK_SEED (1) on
	$(BIN)/python -m tests.soak

mutants: $(READY)  ## plant bugs in a copy, and see the tests that are named with each fail
	$(BIN)/python -m tests.mutants

bench: $(READY)  ## ratios against floors measured in the same run
	$(BIN)/python -m bench

lock:  ## renew the hashed requirements; needs uv
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -o requirements-dev.txt
	uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -o requirements.txt

$(READY): requirements-dev.txt pyproject.toml setup.sh
	@PYTHON=$(PYTHON) ./setup.sh $(VENV)
	@touch $@

$(READERS): tests/readers/package-lock.json tests/readers/setup.sh
	@tests/readers/setup.sh
	@touch $@

$(SHELLS): tests/cli/shells.sh | $(READY)
	@tests/cli/shells.sh
	@touch $@

clean:
	rm -rf $(VENV) tests/readers/node_modules .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage*
