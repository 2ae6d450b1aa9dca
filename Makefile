# Everything a developer does, from a clean clone. `make` alone says what there is.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON ?= python3
PORTS ?= 0
WORKERS ?= 2
VENV := .venv
BIN := $(VENV)/bin
PACKAGES := libs/common libs/nlp libs/documents services/ingest services/summarize services/feedback services/trainer
EDITABLE := $(foreach package,$(PACKAGES),-e $(package)$(if $(filter %/trainer,$(package)),[mlflow-server]))
NEURAL := -e "libs/neural[ctranslate2,training]"
# Bytecode is made as modules are first imported: most of it never is, and it would be a fifth of the installation.
unexport PYTHONDONTWRITEBYTECODE
PIP_OPTIONS := --quiet --disable-pip-version-check --no-compile
BENCHES := engine stage pipeline start feedback store drift swap gate loop neural scale footprint hostile reliability reading

help: ## This list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | sort | awk -F'\t' '{printf "  make %-14s %s\n", $$1, $$2}'

setup: $(VENV)/.installed .brevity/jars/.pom.sha256 ## Install: environment in .venv, jars under .brevity

$(VENV)/.installed: constraints.txt $(PACKAGES:%=%/pyproject.toml)
	@PYTHON=$(PYTHON) sh deploy/local/prerequisites.sh
	@test -e $@ || sh deploy/local/room.sh "the services" 2500
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing into $(VENV) (some two minutes the first time)"
	@$(BIN)/python -m pip install $(PIP_OPTIONS) --upgrade "pip>=25.1"
	@$(BIN)/python -m pip install $(PIP_OPTIONS) --constraint constraints.txt $(EDITABLE)
	@touch $@

$(VENV)/.neural: $(VENV)/.installed libs/neural/pyproject.toml
	@test -e $@ || sh deploy/local/room.sh "the neural engines" 7500
	@echo "installing the neural engines (5 GB)"
	@$(BIN)/python -m pip install $(PIP_OPTIONS) --constraint constraints.txt $(NEURAL)
	@touch $@

$(VENV)/.dev: $(VENV)/.neural pyproject.toml
	@echo "installing what tests and benchmarks need"
	@$(BIN)/python -m pip install $(PIP_OPTIONS) --constraint constraints.txt --group dev
	@touch $@

.brevity/jars/.pom.sha256: deploy/local/pom.xml | $(VENV)/.installed
	@echo "fetching the jars of the local stack"
	@$(BIN)/python -m deploy.local.java

run: setup ## Start everything, summarize the bundled documents, stay up until Ctrl-C (PORTS=100 moves all ports)
	@$(BIN)/python -m deploy.local.run --ports $(PORTS) $(ARGS)

demo-drift: setup ## Show the learning loop: drift, training, gate, a better model in service (ARGS=--stay keeps it up)
	@$(BIN)/python -m deploy.local.demo --ports $(PORTS) $(ARGS)

neural: setup $(VENV)/.neural ## Install the neural engines too: BART, PEGASUS, Llama and friends (5 GB)

dev: setup $(VENV)/.dev

check: dev ## Lint, formatting, types, import rules, generated files
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/pyright
	@$(BIN)/lint-imports
	@$(BIN)/python -m tools.generate --check

test: check ## All checks and all tests, by two workers (half an hour)
	@$(BIN)/python -m pytest -m "not chaos_large" -n $(WORKERS) --dist loadfile $(ARGS)

unit: dev ## Only the tests that need no server
	@$(BIN)/python -m pytest tests/unit $(ARGS)

chaos: dev ## What takes minutes each: 5,000 documents and 24 kills, three brokers, the learning loop, a drill
	@$(BIN)/python -m pytest -m chaos_large -s $(ARGS)

$(BENCHES:%=bench-%): bench-%: dev ## One benchmark (QUICK=1: under a minute)
	@$(BIN)/python -m bench.$*

bench: $(BENCHES:%=bench-%) ## All benchmarks

docs: dev ## Write the generated files again: schemas, AsyncAPI, settings tables
	@$(BIN)/python -m tools.generate

format: dev ## Format and fix what can be fixed
	@$(BIN)/ruff check --fix --quiet .
	@$(BIN)/ruff format --quiet .

constraints: dev ## Pin what is installed now
	@$(BIN)/python -m tools.constraints

clean: ## Remove data, environment and jars
	rm -rf .brevity $(VENV)

.PHONY: help setup run demo-drift neural dev check test unit chaos bench docs format constraints clean $(BENCHES:%=bench-%)
