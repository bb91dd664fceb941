# Set-up, the demo road and the checks. On Windows or without make: see the README for the plain lines.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PRESET ?= digits4
PORT ?= 8501
FUZZ_INPUTS ?= 50000
WORKERS ?= 2
SAMPLE ?= 0

.DEFAULT_GOAL := help
.PHONY: help run pipeline quick test long-test mutants fuzz audit licences wheel docs docs-check notebooks image-check screenshots lint types format clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

run: $(VENV)/.installed ## Train and promote a first model if there is none, then serve the dashboard; PORT=0: any free
	$(BIN)/captchalab pipeline --preset $(PRESET) --if-missing
	$(BIN)/captchalab dashboard --port $(PORT)

pipeline: $(VENV)/.installed ## Generate, train, evaluate, register and promote; PRESET=digits4
	$(BIN)/captchalab pipeline --preset $(PRESET)

lint: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.installed
	$(BIN)/mypy

quick: lint types ## Lint, types and the tests that start no process, server or training: under two minutes
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile -m 'not slow'

test: lint types ## Lint, types and the whole test suite, a file at a time in each of WORKERS=2 processes
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

long-test: $(VENV)/.installed ## The long tests as well: kills, soaks, big data
	$(BIN)/python -m pytest -m 'long or not long'

mutants: $(VENV)/.installed ## Change twelve core modules in one place at a time: do their tests notice? SAMPLE=15 of each
	SAMPLE=$(SAMPLE) $(BIN)/python -m tests.mutate

fuzz: $(VENV)/.installed ## Damaged inputs at every entrance, FUZZ_INPUTS=50000 each; prints the figures
	FUZZ_INPUTS=$(FUZZ_INPUTS) $(BIN)/python -m pytest -s -m long --timeout=14400 tests/faults/test_fuzz.py

audit: $(VENV)/.installed ## Ask the advisory database about every pinned package; fails where it cannot be asked
	$(BIN)/pip-audit --strict --no-deps --disable-pip -r constraints.txt

licences: $(VENV)/.installed ## Write down whose licence is what
	$(BIN)/python -m experiments.tools.licences > docs/licences.md

wheel: $(VENV)/.installed ## Build sdist and wheel into dist/, install the wheel alone, and try it
	$(BIN)/python -m build
	$(BIN)/python -m pytest -m long tests/test_wheel.py

docs: $(VENV)/.installed ## Build the documentation into site/; every warning is an error
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

notebooks: $(VENV)/.installed ## Run the notebooks in docs/notebooks, and keep what they print
	$(BIN)/python -m experiments.tools.notebooks

image-check: $(VENV)/.installed ## Build the container images without Docker, and run them and compose.yaml's services
	$(BIN)/python -m experiments.tools.images

docs-check: $(VENV)/.installed ## Is every command, option, path and link in the documents there?
	$(BIN)/python -m pytest -q tests/test_docs.py

screenshots: $(VENV)/.installed ## Take a picture of every page of the dashboard, from what was trained here
	$(BIN)/python -m experiments.tools.screenshots

format: $(VENV)/.installed ## Let ruff format and fix what it can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean: ## Remove the environment and caches; data, runs and models stay
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache build *.egg-info
