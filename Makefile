# Every target does its own set-up. The first run of one takes about a minute, the next starts at once.
.DEFAULT_GOAL := help
.NOTPARALLEL:
# Kept bytecode saves each of the hundreds of processes that tests start from compiling all modules anew.
unexport PYTHONDONTWRITEBYTECODE
.PHONY: help run test test-peers long lint scenarios bench guards failovers lock chromium postgres redistls

VENV := .venv
BIN := $(VENV)/bin
# A name on PATH is not enough: version managers put names there that fail, and Debian's python3 may lack venv.
PYTHONS := python3.12 python3.11 python3
USABLE := import sys, venv, ensurepip; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))
PIP_COMPILE := build/lock/bin/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --upgrade \
	--build-deps-for editable --annotation-style line --no-header \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host

help:  ## say what each target does
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(VENV)/run.stamp  ## start everything on this machine; Ctrl-C stops it (PERSEUS_PORT, PERSEUS_HOME)
	@$(BIN)/perseus up

test: lint chromium postgres redistls  ## prove it: style, types, layers, then all tests
	$(BIN)/pytest -n 4 --dist loadfile

long: $(VENV)/dev.stamp  ## the tests that wait for minutes, and the longer simulations
	$(BIN)/pytest -n 3 --dist loadfile -m long

failovers: $(VENV)/dev.stamp  ## 200 failovers of stores under load, judged one by one; about half an hour
	$(BIN)/python -m tests.failover.staged

test-peers: $(VENV)/dev.stamp  ## clients that others wrote, from PyPI into build/peers, read the simulator: all that they read is true
	$(BIN)/pytest -m peers tests/peers

lint: $(VENV)/dev.stamp  ## style, types and layers only
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

scenarios: $(VENV)/dev.stamp  ## 1,000 scenarios of faults drawn by seeds, against the ingest engine; half an hour
	$(BIN)/python -m tests.simulated.thousand

bench: $(VENV)/dev.stamp  ## measure speed and memory against their limits
	$(BIN)/python -m bench

guards: $(VENV)/dev.stamp  ## take each guard out of the code in turn: its test must fail
	$(BIN)/python tests/guards.py

lock: build/lock/bin/pip-compile  ## make requirements/*.txt anew from setup.cfg
	$(PIP_COMPILE) --output-file requirements/run.txt --extra postgres setup.cfg
	$(PIP_COMPILE) --output-file requirements/dev.txt --extra dev --extra postgres setup.cfg

$(BIN)/python:
	@for name in $(PYTHONS); do \
	  if "$$name" -c "$(USABLE)" 2>/dev/null; then exec "$$name" -m venv --clear $(VENV); fi; \
	done; \
	echo "Perseus needs Python 3.11 or 3.12 with its venv module; none of these on PATH is: $(PYTHONS)." >&2; \
	echo "On Debian and Ubuntu: apt-get install python3 python3-venv" >&2; exit 1

$(VENV)/%.stamp: requirements/%.txt setup.cfg pyproject.toml | $(BIN)/python
	@echo "Installing requirements/$*.txt into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/$*.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

build/lock/bin/pip-compile: | $(BIN)/python
	$(BIN)/python -m venv build/lock
	build/lock/bin/pip install --quiet pip-tools==7.6.2

# The shell is the same engine without the windows of a browser: a page costs it a quarter of the processor time.
chromium:
	@has() { for name in "$$@"; do command -v $$name >/dev/null && return 0; done; return 1; }; \
	any="chromium chromium-browser google-chrome"; \
	has chromium-headless-shell && exit 0; \
	if [ "$$(id -u)" = 0 ] && has apt-get; then \
	  echo "Installing Chromium for the browser test ..."; \
	  has $$any || apt-get update -qq; \
	  apt-get install -y -qq chromium-headless-shell >/dev/null 2>&1 && exit 0; \
	  has $$any || apt-get install -y -qq chromium >/dev/null && exit 0; \
	fi; \
	has $$any && exit 0; \
	echo "No Chromium: the browser test will fail. Install it: sudo apt-get install chromium" >&2

# Debian's package would start a server of its own; the tests start theirs.
postgres:
	@ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 && exit 0; command -v initdb >/dev/null && exit 0; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "Installing PostgreSQL for the database tests ..."; \
	  apt-get update -qq && apt-get install -y -qq postgresql-common >/dev/null && \
	  sed -i 's/^#\?create_main_cluster.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf && \
	  apt-get install -y -qq postgresql >/dev/null && exit 0; \
	fi; \
	echo "No PostgreSQL: the database tests will fail. Install it: sudo apt-get install postgresql" >&2

# The redis-server of the wheel has no TLS. That of Debian is in this package, which starts no server.
redistls:
	@command -v redis-check-rdb >/dev/null && exit 0; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "Installing a Redis with TLS for its tests ..."; \
	  apt-get update -qq && apt-get install -y -qq redis-tools >/dev/null && exit 0; \
	fi; \
	echo "No Redis with TLS: its tests will fail. Install it: sudo apt-get install redis-tools" >&2
