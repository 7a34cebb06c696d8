# Targets for people and for CI. `make` alone explains itself.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# What `o2c criteria` tells of the last run.
REPORT := .o2c/tests.xml
# Compiled once beside the libraries, not in the tree: else each of six services compiles every library at every start.
unexport PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX := $(CURDIR)/$(VENV)/pycache
.DEFAULT_GOAL := help

help: ## Say what each target does
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

$(VENV)/.uv: requirements/uv.txt
	@$(PYTHON) -m venv $(VENV) && $(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements/uv.txt && touch $@

$(VENV)/.demo: $(VENV)/.uv requirements/demo.txt
	@echo "Preparando el entorno ..." && $(BIN)/uv pip install -q -p $(VENV) --require-hashes -r requirements/demo.txt && touch $@

$(VENV)/.dev: $(VENV)/.demo requirements/dev.txt
	@$(BIN)/uv pip install -q -p $(VENV) --require-hashes -r requirements/dev.txt && touch $@

setup: $(VENV)/.dev ## Build the environment with everything, tests and checks included

demo: $(VENV)/.demo ## Carry one order (ORDER=file.json) from Salesforce to confirmed billing
	@$(BIN)/python -m o2c demo $(if $(ORDER),--order $(ORDER))

dev: $(VENV)/.demo ## Keep the whole stack up for a person to use
	@$(BIN)/python -m o2c dev

check: $(VENV)/.dev ## The fast gate: format, lint, types, import contracts, generated files, unit tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m o2c contracts generate --check
	$(BIN)/python -m pytest -q tests/unit tests/architecture tests/contract tests/model -m "not kafka" --junit-xml=$(REPORT)

faults: $(VENV)/.dev ## Kills, outages and missing safeties, told over and over with other faults each time
	O2C_FAULT_ROUNDS=$(or $(ROUNDS),6) $(BIN)/python -m pytest -q -m faults tests

test: $(VENV)/.dev ## All tests, on real Kafka and Postgres
	$(BIN)/python -m pytest -q --junit-xml=$(REPORT)

bench: $(VENV)/.dev ## Whole lifecycles through the real services, beside the bare deciders (ORDERS=12)
	@$(BIN)/python -m benchmarks.lifecycles $(if $(ORDERS),--orders $(ORDERS))

bench-ladder: $(VENV)/.dev ## What each layer of the core adds to a message
	@$(BIN)/python -m benchmarks.ladder

fmt: $(VENV)/.dev ## Format and repair what can be repaired
	$(BIN)/ruff format . && $(BIN)/ruff check --fix .

contracts: $(VENV)/.dev ## Generate schemas and AsyncAPI from the models
	$(BIN)/python -m o2c contracts generate

criteria: $(VENV)/.dev ## Generate the page of the acceptance criteria
	$(BIN)/python -m o2c criteria --write

clean: ## Forget the environment and the local stack
	rm -rf $(VENV) .o2c

.PHONY: help setup demo dev check faults test bench bench-ladder fmt contracts criteria clean
