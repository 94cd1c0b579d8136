# Two commands do everything: `make demo` and `make test`. `make help` lists the others.
PYTHON := $(shell command -v python3.11)
CENTRE ?= kedougou
SETUP = $(PYTHON) -m provisioner.setup
TERANGA = .venv/bin/teranga
PYTEST = .venv/bin/python -m pytest
export PYTHONDONTWRITEBYTECODE ?= 1
.DEFAULT_GOAL := help
.PHONY: help setup demo test test-long check bench clean-lab image lock python

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

python:
	@test -n "$(PYTHON)" || { echo "make: python3.11 is missing (hint: apt-get install python3.11 on Debian 12)"; exit 3; }

demo: python ## Stand a centre up in the lab and verify it: make demo [CENTRE=kedougou]
	@$(SETUP) --for demo
	@$(TERANGA) demo $(CENTRE)

test: python ## Run every test: unit, golden, roles, lab
	@$(SETUP) --for test
	@$(PYTEST)

test-long: python ## Run the tests that take minutes: runs killed at every moment, authorities replaced in real guests
	@$(SETUP) --for test
	@$(PYTEST) -m long

check: python ## Check style, types, contracts and spelling
	@$(SETUP) --for check
	@$(PYTHON) -m provisioner.setup.checks

bench: python ## Measure: make bench [ONLY=name]; writes build/bench.json
	@$(SETUP) --for test
	@.venv/bin/python -m tests.bench.run $(ONLY)

image: python ## Build the guests' image
	@$(SETUP) --for demo

clean-lab: python ## Remove the lab: namespaces, mounts, processes, files
	@$(PYTHON) -m provisioner.setup.clean

lock: ## Write requirements.lock anew from pyproject.toml
	@$(PYTHON) -m provisioner.setup.lock
