# One line a target where possible; `make help` lists them.
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
SIZE ?= ci

.PHONY: help dev check lint types layers test test-python-tier test-all demo cases update-cases bench bench-compare mutants clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

.venv/base: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

.venv/test: pyproject.toml .venv/base
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[arrow,test]'
	@touch $@

dev: .venv/test ## editable install with everything the tests use

check: lint types layers ## lint, types, layers

lint: .venv/test ## ruff check and format
	$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: .venv/test ## mypy, strict
	$(BIN)/mypy

layers: .venv/test ## which room may import which
	$(BIN)/lint-imports

test: .venv/test ## the everyday suite, under three minutes
	$(BIN)/python -m pytest -m "not slow" -n 2

test-python-tier: .venv/test ## the everyday suite in the python tier only
	CEP_TEST_TIERS=python $(BIN)/python -m pytest -m "not slow" -n 2

test-all: .venv/test ## long property, fuzz and seeded runs (SIZE=ci or SIZE=full)
	CEP_TEST_SIZE=$(SIZE) $(BIN)/python -m pytest -m slow -n 2

cases: .venv/test ## only the .test files
	$(BIN)/python -m pytest tests/cases

update-cases: .venv/test ## rewrite the plan sections of the .test files (never rows)
	CEP_UPDATE_CASES=1 $(BIN)/python -m pytest tests/cases -k plan

demo: .venv/base ## the fire story, end to end
	$(BIN)/cep demo

bench: .venv/test ## W1-W6 against the C reference
	$(BIN)/python -m benchmarks.run

bench-compare: .venv/test ## table against a saved run
	$(BIN)/python -m benchmarks.compare

mutants: .venv/test ## seeded faults in the engine, each must be found by the suite
	$(BIN)/python -m tests.mutants

clean: ## remove the virtual environment and caches
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist
