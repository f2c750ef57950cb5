# `make help` lists the targets. Needs Python 3.11 or newer, Node 20 or newer, make and git.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

export UV_PYTHON_DOWNLOADS := never
# Without compiled files, importing dbt or dlt takes every process some seconds.
unexport PYTHONDONTWRITEBYTECODE

# uv from PATH, or our own copy of it in .tools/
UV = $(shell command -v uv || echo .tools/bin/uv)
BIN := .venv/bin

# Test processes: one more than cores, because browsers and locks make them wait. Each takes about 1 GB
# with the dbt it runs; one of them builds the site, which takes 3 GB.
WORKERS ?= 3

.PHONY: help live-demo report quick quick-sample test test-long test-slice chaos setup serve dev metrics freshness freeze lint lint-python lint-sql lint-site format lock clean setup-python setup-node setup-chromium screenshots

help: ## list these targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

report: setup ## install, load the sample (unless your own data is loaded), build and test everything, make the site
	@$(BIN)/spotiflow load sample --if-empty
	@$(BIN)/spotiflow refresh

quick: ## a first answer after a small change: linters, and the sample with all tests of the data
	@$(MAKE) -j2 --output-sync=target lint quick-sample

quick-sample: setup-python
	@SPOTIFLOW_TEST_BUILD=$(CURDIR)/.test-build $(BIN)/python -m pytest tests/models tests/test_sample.py

test: setup setup-chromium ## install, and run every test that is not long; SLICE=n adds one eighth of the long ones
	@$(BIN)/python -m pytest -n $(WORKERS) $(if $(SLICE),-m "" --slice $(SLICE))

test-long: setup setup-chromium ## the long tests, for hours: mutations, random histories, walkthroughs, faults and kills
	@$(BIN)/python -m pytest -n $(WORKERS) -m long

test-slice: setup setup-chromium ## one eighth of the long tests: make test-slice SLICE=3
	@$(BIN)/python -m pytest -n $(WORKERS) -m long --slice $(SLICE)

chaos: setup-python ## all random scenarios of faults and kills while Spotify is polled
	@$(BIN)/python -m pytest tests/chaos -m "" -s

setup: setup-python setup-node ## install the locked dependencies; does nothing if nothing changed

live-demo: setup ## the live path without an account (login, polls, a gap and its repair), against stand-ins on this machine
	@$(BIN)/python -m spotiflow.demo.live_demo

serve: setup ## show the site at http://127.0.0.1:3000
	@$(BIN)/spotiflow serve

dev: setup ## the site with live reload, for changing pages
	@test -f data/published.duckdb || { echo "Nothing is published yet: run “make report” first."; exit 1; }
	@cd reports && npm run sources && npm run dev

metrics: setup-python ## validate the metrics of `mf query` against the warehouse
	@test -f "$${SPOTIFLOW_WAREHOUSE:-data/warehouse.duckdb}" || { echo "Nothing is built yet: run “make report” first."; exit 1; }
	@$(BIN)/dbt parse --quiet
	@# mf asks PyPI for newer versions of itself: nobody listens at this address.
	@https_proxy=http://127.0.0.1:9 $(BIN)/mf validate-configs

freeze: setup-python ## promise the published columns and types as they are now; part of every release
	@$(BIN)/spotiflow contracts freeze

freshness: setup-python ## show the age of the newest load and the newest plays; warn if one is late
	@$(BIN)/dbt source freshness

lint: lint-python lint-sql lint-site ## check formatting, style and types of Python, SQL and the site

lint-python: setup-python
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

lint-sql: setup-python
	@$(BIN)/sqlfluff lint --processes 2 models tests/singular
	@$(BIN)/dbt parse --quiet
	@$(BIN)/dbt-bouncer run --config-file dbt-bouncer.yml
	@$(BIN)/spotiflow contracts check

lint-site: setup-node
	@cd reports && npm run --silent lint
	@! git grep -nIE '"resolved": *"https?:|index[-]url|registry = "https?:' -- reports requirements pyproject.toml || \
		{ echo "A lock file names a package registry: make lock writes them without."; exit 1; }

format: setup ## let ruff, sqlfluff and prettier format everything
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .
	@$(BIN)/sqlfluff fix --processes 2 models tests/singular
	@$(BIN)/spotiflow contracts types
	@cd reports && npm run --silent format

lock: setup-python ## resolve the dependencies of pyproject.toml and reports/package.json again
	@$(UV) pip compile pyproject.toml --extra dev --universal --generate-hashes --upgrade -q \
		--override requirements/overrides.txt --no-header -o requirements/dev.lock
	@$(UV) pip compile requirements/tools.in --universal --generate-hashes --upgrade -q \
		--no-header -o requirements/tools.lock
	@cd reports && npm install --package-lock-only --omit-lockfile-registry-resolved --no-audit --no-fund

clean: ## remove everything that can be rebuilt; your data (data/, .spotiflow/) stays
	@rm -rf target logs reports/build reports/.build-* reports/.evidence .pytest_cache .mypy_cache .ruff_cache .hypothesis .test-build
	@echo "Removed build products. Loaded data in data/ and secrets in .spotiflow/ are still there."

screenshots: setup setup-chromium ## take pictures of every page, for the README
	@$(BIN)/python -m tests.reports.screenshots

# A set-up step runs if its inputs differ from those of its last run, whatever the files' times are.

setup-python:
	@note="$$(cat requirements/*.lock pyproject.toml | cksum) $(CURDIR)"; \
	if [ "$$(cat .venv/.installed 2>/dev/null)" != "$$note" ]; then \
		if ! command -v uv >/dev/null && ! [ -x .tools/bin/uv ]; then \
			echo "Installing uv into .tools/"; \
			python3 -m venv .tools || { echo "python3 cannot make a virtual environment: on Debian, apt-get install python3-venv"; exit 1; }; \
			.tools/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/tools.lock; \
		fi; \
		uv="$$(command -v uv || echo .tools/bin/uv)"; \
		echo "Installing Python packages into .venv/"; \
		"$$uv" venv --quiet --clear --python '>=3.11' .venv || { echo "SpotiFlow needs Python 3.11 or newer on this machine."; exit 1; }; \
		"$$uv" pip sync --quiet --require-hashes --python $(BIN)/python requirements/dev.lock; \
		"$$uv" pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .; \
		printf '%s' "$$note" > .venv/.installed; \
	fi

setup-node:
	@note="$$(cat reports/package-lock.json reports/package.json reports/patches/* | cksum) $$(node --version 2>/dev/null || true)"; \
	if [ "$$(cat reports/node_modules/.installed 2>/dev/null)" != "$$note" ]; then \
		command -v node >/dev/null || { echo "SpotiFlow's site needs Node 20 or newer: https://nodejs.org"; exit 1; }; \
		[ "$$(node -p 'process.versions.node.split(".")[0]')" -ge 20 ] || { echo "SpotiFlow's site needs Node 20 or newer; this is $$(node --version)."; exit 1; }; \
		echo "Installing the site's packages into reports/node_modules/ (about half a minute)"; \
		(cd reports && npm ci --no-audit --no-fund --loglevel=error); \
		printf '%s' "$$note" > reports/node_modules/.installed; \
	fi

setup-chromium: setup-python
	@$(BIN)/python -m tests.chromium
