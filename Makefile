# Fresh machine, two commands: `make demo` and `make test`. Both build a virtual environment first.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Where the demo keeps its database, clips and secrets. Delete the folder to start anew.
DEMO_DATA ?= demo-data
# Tests that watch the clock (a browser's, a camera's, a worker's): they are not run beside others, and what fails is
# run once more, for a machine that was busy. What failed stands in the output: look into it, it was a real race before.
TIMED := tests/live tests/system tests/web tests/worker

.DEFAULT_GOAL := help
.PHONY: help demo test test-slow check bench constraints clean

help: ## What can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: $(VENV)/.run ## Simulated cameras, real detection, the web application: ends at a printed URL
	$(BIN)/camsvc demo --data $(DEMO_DATA)

test: $(VENV)/.dev ## The tests that a commit must pass (minutes)
	$(BIN)/pytest -n 2 --dist loadfile $(addprefix --ignore=,$(TIMED))
	$(BIN)/pytest $(TIMED) || { test $$? -eq 1 && $(BIN)/pytest --last-failed --last-failed-no-failures none $(TIMED); }

test-slow: $(VENV)/.dev ## The tests that take longer: kill -9 rounds, soak
	$(BIN)/pytest -m slow --timeout 5400

check: $(VENV)/.dev ## Lint, types, import directions
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

bench: $(VENV)/.dev ## Speed and memory, each beside its bare limit
	$(BIN)/python -m tests.bench.bench_receive
	$(BIN)/python -m tests.bench.bench_transcode
	$(BIN)/pytest -m bench -s tests/bench/bench_*.py

constraints: $(VENV)/.dev ## Write down the versions that are installed now
	$(BIN)/pip freeze --exclude-editable --exclude camsvc | sort -f > constraints.txt

clean: ## Remove what was built here, the demo's data included
	rm -rf $(VENV) $(DEMO_DATA) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

$(VENV)/.run: pyproject.toml constraints.txt docker/system-packages.sh
	sh docker/system-packages.sh run
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --progress-bar off -c constraints.txt -e .
	touch $@

$(VENV)/.dev: $(VENV)/.run
	sh docker/system-packages.sh test
	$(BIN)/python -m pip install --quiet --progress-bar off -c constraints.txt -e '.[dev]'
	touch $@
