.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv pip
# Locked versions with hashes; uv refuses a download whose hash differs.
INSTALL := $(UV) install --quiet --python $(BIN)/python --constraint requirements.lock

# Dozens of processes start in a run of the tests; without bytecode each would compile all anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help run test check crash bench lock clean

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

$(VENV)/run.stamp: pyproject.toml requirements.lock
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv==0.13.9
	$(INSTALL) --editable .
	@touch $@

$(VENV)/test.stamp: $(VENV)/run.stamp
	$(INSTALL) --editable '.[test]'
	@touch $@

run: $(VENV)/run.stamp ## start everything on 127.0.0.1 (PORT=8000; DEMO=0: without the demo story)
	@$(if $(PORT),TIWIZI_PORT=$(PORT) )$(BIN)/tiwizi up --first-run $(if $(filter 0,$(DEMO)),--no-demo)

test: $(VENV)/test.stamp ## the whole test suite, on all cores (ARGS="-n 0 tests/ussd": on one, and a part)
	@sh tests/tools.sh
	$(BIN)/python -m pytest -n auto --dist worksteal $(ARGS)

check: $(VENV)/test.stamp ## lint, types, layers, tests: all that must be green
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(MAKE) test

crash: $(VENV)/test.stamp ## kill it everywhere, compare (KILLS=500 SEED=1 DATABASE=postgresql PLANT=…; RESTARTS=200: SIGTERM)
	@$(BIN)/python -m tests.crash --kills $(or $(KILLS),500) --seed $(or $(SEED),1) --database $(or $(DATABASE),sqlite) \
		$(if $(PLANT),--plant $(PLANT)) $(if $(RESTARTS),--restarts $(RESTARTS)) $(ARGS)

bench: $(VENV)/test.stamp ## measure; writes build/bench.json
	@mkdir -p build
	$(BIN)/python benchmarks/run.py $(ARGS)

lock: $(VENV)/run.stamp ## renew requirements.lock from pyproject.toml
	$(UV) compile --quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-header \
		--upgrade --extra test --python-version 3.11 pyproject.toml --output-file requirements.lock

clean: ## remove what was made here (not your data in var/)
	rm -rf $(VENV) build *.egg-info
