# tejax: two commands for a newcomer are `make demo` and `make test`.
PYTHON ?= python3
BIN := .venv/bin
export JAX_COMPILATION_CACHE_DIR ?= $(CURDIR)/.cache/jax
export JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS ?= 0.2

.PHONY: demo claims docs test test-all test-oldest lint clean

.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[all]'
	touch $@

demo: .venv/ready  ## evolve a ternary network on real digits
	$(BIN)/tejax evolve digits --crossover uniform --out runs/demo --overwrite
	$(BIN)/tejax report runs/demo

claims: .venv/ready  ## measure every claim (half an hour) and write experiments/claims/README.md
	$(BIN)/python -m experiments.claims

docs: .venv/ready  ## build the site into .cache/site, strictly: no broken link, no undocumented public name
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: lint  ## lint, types, and the tests that take minutes
	$(BIN)/pytest -n 2 -m 'not long'

test-all: lint  ## the long tests too, compiled as XLA compiles for users
	XLA_FLAGS=--xla_cpu_use_fusion_emitters=true $(BIN)/pytest -n 2

test-oldest: pyproject.toml  ## the same tests on the oldest JAX that pyproject.toml admits
	$(PYTHON) -m venv .venv-oldest
	.venv-oldest/bin/pip install --quiet --disable-pip-version-check jax==0.7.0 jaxlib==0.7.0 --editable '.[dev]'
	JAX_COMPILATION_CACHE_DIR=$(CURDIR)/.cache/jax-oldest .venv-oldest/bin/python -m pytest -n 2 -m 'not long'

clean:
	rm -rf .venv .venv-oldest .cache build dist *.egg-info
