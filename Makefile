# Everything runs in .venv, which the first target that needs it sets up.

SHELL := /bin/sh
PYTHON := .venv/bin/python
BIN := .venv/bin
WHEELS ?= wheels
# Each file stays in one process, where what its tests share is started once.
PARALLEL := -n 2 --dist loadfile
# Most of the browser's tests are one file: each process begins with a half of all.
HALVES := -n 2 --dist worksteal
PYTEST := $(PYTHON) -m pytest
# Where processes that tests start find the pages that another one has compiled.
PAGES := $(CURDIR)/var/pages
# Tests end processes, never the machine's power: PostgreSQL need not wait for the disk. What asks for more has a server
# of its own.
QUICKLY := CHAMELEON_CACHE=$(PAGES) MPAY_TEST_FSYNC=off
# Folders of tests that exist, so that a part of the checkout can be tested by itself.
UNIT := $(wildcard tests/unit tests/conformance plugins/*/*/tests counterparts/*/tests)
FUNCTIONAL := $(wildcard tests/functional tests/simulation)
DISTRIBUTIONS := $(patsubst %/pyproject.toml,./%,$(wildcard plugins/*/*/pyproject.toml counterparts/*/pyproject.toml))
CODE := $(wildcard src setup.py conftest.py plugins counterparts tests scripts bench)

.DEFAULT_GOAL := help
.PHONY: help setup setup-test catalogues demo test lint format types test-architecture test-unit \
        test-functional test-proofs test-browser screenshots coverage wheels check-wheels simulate mutants conformance chaos broken-chaos \
        crashpoints failover races bench bench-recovery bench-books bench-drain soak docs clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## make .venv ready to run the gateway
	@scripts/setup_environment.sh run
	@$(PYTHON) scripts/compile_catalogues.py

setup-test: ## make .venv and the machine ready for the tests
	@scripts/setup_environment.sh test
	@$(PYTHON) scripts/compile_catalogues.py

catalogues: setup ## compile changed message catalogues

demo: setup ## start the whole scenario on loopback and print where to click
	@$(PYTHON) counterparts/demo/start.py

test: lint types test-architecture test-unit test-functional test-proofs test-browser ## everything that must pass

lint: setup-test ## check style and formatting
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)

format: setup-test ## rewrite the code in the agreed format
	$(BIN)/ruff check --fix $(CODE)
	$(BIN)/ruff format $(CODE)

types: setup-test ## check types, strictly
	$(BIN)/mypy

test-architecture: setup-test ## check who imports whom, and the rules on code
	$(PYTEST) tests/architecture

test-unit: setup-test ## test every distribution by itself
	@mkdir -p $(PAGES)
	$(QUICKLY) $(PYTEST) $(PARALLEL) $(UNIT)

test-functional: setup-test ## test the payer's journeys, on SQLite and PostgreSQL
	@mkdir -p $(PAGES)
	$(if $(FUNCTIONAL),$(QUICKLY) $(PYTEST) $(PARALLEL) $(FUNCTIONAL),@echo "no functional tests yet")

test-proofs: setup-test ## play a share of the crash points
	@mkdir -p $(PAGES)
	$(QUICKLY) $(PYTEST) -n 2 --dist load tests/proofs

test-browser: setup-test ## test the pages in Chromium
	@mkdir -p $(PAGES)
	$(QUICKLY) $(PYTEST) $(HALVES) tests/browser

screenshots: setup-test ## photograph every page, state, language and size into var/screenshots
	$(PYTHON) tests/browser/screenshots.py var/screenshots

coverage: setup-test ## measure which lines the tests reach
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest $(UNIT) $(FUNCTIONAL)
	$(BIN)/coverage combine -q
	$(BIN)/coverage report

wheels: setup-test ## build the wheels of all distributions
	rm -rf $(WHEELS) build plugins/*/*/build counterparts/*/build
	$(PYTHON) -m pip wheel -q --no-deps --no-build-isolation --wheel-dir $(WHEELS) . $(DISTRIBUTIONS)
	@ls $(WHEELS)

check-wheels: wheels ## install wheels into a fresh environment and use them
	$(PYTHON) scripts/check_wheels.py $(WHEELS)

simulate: setup-test ## play seeded worlds of faults: SECONDS=300 of them, or one with SEED=; COMPLETE=1 NEVER=1 FRESH=1 IN_ORDER=1
	$(PYTHON) -m tests.simulation.run --seconds $(or $(SECONDS),300) $(if $(SEED),--seed $(SEED)) \
	    $(if $(COMPLETE),--complete) $(if $(NEVER),--never) $(if $(FRESH),--fresh) $(if $(IN_ORDER),--in-order)

mutants: setup-test ## break every guard on purpose: the simulator must find each out
	$(PYTHON) -m tests.simulation.mutation $(if $(FRESH),--fresh)

bench: setup-test ## measure speed
	$(PYTHON) bench/run.py

chaos: setup-test ## kill everybody at random under load, compare the books of all: SECONDS=600 SEED=… RATE=4 REPORT=…
	$(PYTHON) -m tests.proofs.chaos $(if $(SECONDS),--seconds $(SECONDS)) $(if $(SEED),--seed $(SEED)) \
	    $(if $(RATE),--rate $(RATE)) $(if $(REPORT),--report $(REPORT))

broken-chaos: setup-test ## break a guard in the programs: chaos must find it out: GUARD='reverse on timeout' SECONDS=15 SEED=… CONTROL=1
	$(PYTHON) -m tests.proofs.broken_chaos $(if $(GUARD),--guard '$(GUARD)') $(if $(CONTROL),--control) \
	    $(if $(SECONDS),--seconds $(SECONDS)) $(if $(SEED),--seed $(SEED))

failover: setup-test ## kill the database's primary under load, promote its standby, compare the books: PAYERS=40 SEED=… REPORT=…
	$(PYTHON) -m tests.proofs.failover $(if $(PAYERS),--payers $(PAYERS)) $(if $(SEED),--seed $(SEED)) \
	    $(if $(RATE),--rate $(RATE)) $(if $(REPORT),--report $(REPORT))

races: setup-test ## two at once, thousands of times: ROUNDS=10000 (PostgreSQL) SQLITE_ROUNDS=1000 SEED=… REPORT=…
	$(PYTHON) -m tests.proofs.races $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(SEED),--seed $(SEED)) \
	    $(if $(SQLITE_ROUNDS),--sqlite-rounds $(SQLITE_ROUNDS)) $(if $(REPORT),--report $(REPORT))

conformance: setup-test ## break a service in every way that the conformance kit knows: each check finds its own: REPORT=…
	$(PYTHON) -m tests.conformance.matrix $(if $(REPORT),--report $(REPORT))

crashpoints: setup-test ## kill a process at each crash point, on both databases, and report: PROCESSES=2 REPORT=…
	@mkdir -p $(PAGES)
	$(QUICKLY) MPAY_CRASHPOINTS_REPORT=$(or $(REPORT),docs/proofs/crashpoints.md) \
	    timeout 90m $(PYTEST) -n $(or $(PROCESSES),2) --dist load tests/proofs

soak: setup-test ## hold a rate of payments for MINUTES=30, see times and memory (RATE=, DATABASE=, PROCESSES=, FIND=1)
	$(PYTHON) bench/soak.py

bench-books: setup-test ## check the books over ROWS=1000000 ledger rows (DATABASE=)
	$(PYTHON) bench/books.py

bench-drain: setup-test ## tell a healed service of COUNT=100000 payments, see how fast that goes
	$(PYTHON) bench/drain.py

bench-recovery: setup-test ## seconds until what broke is mended: killed programs, lost payers, money taken twice
	$(PYTHON) bench/recovery.py

docs: setup ## generate the references of hooks and states
	$(BIN)/mpay hooks --markdown > docs/hooks.md
	$(BIN)/mpay states --markdown > docs/states.md
	$(BIN)/mpay states --dot > docs/states.dot
	@command -v dot > /dev/null || { echo "docs/states.svg is drawn by Graphviz: apt-get install graphviz"; exit 1; }
	dot -Tsvg docs/states.dot > docs/states.svg

clean: ## remove what was built, but not .venv
	rm -rf build dist $(WHEELS) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache htmlcov
	rm -f .coverage .coverage.*
