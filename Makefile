# What a person types before `pulse` is there; everything else is `.venv/bin/pulse --help`.
# ARGS goes to the command behind a target: make demo ARGS="--users 5 --no-serve", make test ARGS="-k zones".

VENV ?= .venv
ARGS ?=
PIP := $(VENV)/bin/python -m pip --disable-pip-version-check --quiet --quiet
LOCKED := --no-deps --require-hashes -r
SQL := assets pipelines serve warehouse
# Among processes, one more than cores because tests wait; what a file has made is used by its tests alone. Slow ones
# wait more, for servers, kills and disks: with two more than cores they take a quarter less time on two cores. The
# order is that of tests/conftest.py, the longest first: by itself xdist begins with the files of the most tests.
BY_FILE := --dist loadfile --no-loadscope-reorder
SHARED := -n $(shell getconf _NPROCESSORS_ONLN | awk '{print $$1 < 3 ? $$1 + 1 : 4}') $(BY_FILE)
SHARED_SLOW := -n $(shell getconf _NPROCESSORS_ONLN | awk '{print $$1 < 3 ? $$1 + 2 : 5}') $(BY_FILE)

# The newest Python that the lock is made for, else whatever python3 is; 3.11 is the oldest that will do.
PYTHON ?= $(shell for python in python3.13 python3.12 python3.11 python3; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)

.PHONY: demo test test-slow test-thorough torture histories bench bench-full docs install
.PHONY: lint format lock audit licences checks applications dictionary ci clean
.DEFAULT_GOAL := install

demo: $(VENV)/.installed
	$(VENV)/bin/pulse demo $(ARGS)

test: $(VENV)/.installed
	$(VENV)/bin/python -m pytest $(SHARED) $(ARGS)

# What takes long, by itself or because there are many: faults, histories, more than one database, the UI.
test-slow: $(VENV)/.installed
	$(VENV)/bin/python -m pytest $(SHARED_SLOW) -m "slow and not thorough" $(ARGS)

# More of what these show: every kill and damage, every change of every zone since 1900, more histories, 200 random
# worlds on SQLite and on PostgreSQL, every benchmark in its smallest size. Worth it before a release, after new zone
# data, and after a change of histories, of benchmarks or of what the oracle says; some two hours.
test-thorough: $(VENV)/.installed-bench
	$(VENV)/bin/python -m pytest $(SHARED_SLOW) -m thorough $(ARGS)

# What it costs beside what people would use instead: scaled, under ten minutes; in full, an hour and 60 GB of disk.
# Writes docs/BENCHMARKS.md. PostgreSQL comes with the lock file, or is the one that PULSE_BENCH_POSTGRES names.
bench: $(VENV)/.installed-bench
	$(VENV)/bin/python -m tests.benchmarks $(ARGS)

bench-full: $(VENV)/.installed-bench
	$(VENV)/bin/python -m tests.benchmarks --full $(ARGS)

# Kills nights by the hundred and writes the figures into docs/RELIABILITY.md: half an hour, or as long as it is let.
torture: $(VENV)/.installed
	$(VENV)/bin/python -m tests.faults $(ARGS)

# Random histories against the oracle, for as long as one likes: ARGS="--count 1000 --jobs 4", or "--database URL".
histories: $(VENV)/.installed
	$(VENV)/bin/python -m tests.histories $(ARGS)

install: $(VENV)/.installed

# The stamp is older than the lock file, or is not there: the environment is brought to what the lock file says.
$(VENV)/.installed: requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "make: Python 3.11 or newer is needed and none was found;" \
		"install one, or name it: make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "make: $(PYTHON) has no venv module;" \
		"on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@echo "Preparing $(VENV) with $$($(PYTHON) --version) from requirements.lock: a minute or two, once."
	@test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	@$(PIP) install $(LOCKED) requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.installed-bench: $(VENV)/.installed requirements-bench.lock
	@$(PIP) install $(LOCKED) requirements-bench.lock
	@touch $@

$(VENV)/.installed-docs: $(VENV)/.installed requirements-docs.lock
	@$(PIP) install $(LOCKED) requirements-docs.lock
	@touch $@

# The site of docs/, into site/; a link to a page or a section that does not exist ends it.
docs: $(VENV)/.installed-docs
	$(VENV)/bin/zensical build --config-file .zensical.toml --clean --strict

lint: $(VENV)/.installed
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports --no-logo
	$(VENV)/bin/sqlfluff lint --nocolor $(SQL)

format: $(VENV)/.installed
	$(VENV)/bin/ruff check --fix
	$(VENV)/bin/ruff format
	$(VENV)/bin/sqlfluff fix --nocolor $(SQL)

# Asks the package registry, so it needs a network: raises every version that pyproject.toml and constraints.txt allow.
lock:
	test -x .venv-lock/bin/uv || { $(PYTHON) -m venv .venv-lock && .venv-lock/bin/pip install --quiet uv; }
	.venv-lock/bin/uv pip compile $(UV) --all-extras --group dev --group build -c constraints.txt \
		-o requirements.lock pyproject.toml
	.venv-lock/bin/uv pip compile $(UV) --group duckdb2 -o requirements-duckdb2.lock
	.venv-lock/bin/uv pip compile $(UV) --group bench -c requirements.lock -o requirements-bench.lock
	.venv-lock/bin/uv pip compile $(UV) --group docs -c requirements.lock -o requirements-docs.lock
UV := --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --upgrade \
	--custom-compile-command "make lock"

# What is known of the locked versions' faults, and of those that the browser tests use; asks the package registries.
audit: $(VENV)/.installed
	test -x .venv-audit/bin/pip-audit || { $(PYTHON) -m venv .venv-audit && .venv-audit/bin/pip install --quiet pip-audit; }
	.venv-audit/bin/pip-audit --strict --progress-spinner off --disable-pip --require-hashes -r requirements.lock
	cd tests/browser && npm audit

licences: $(VENV)/.installed
	$(VENV)/bin/python -m tests.documents.licences

checks: $(VENV)/.installed
	$(VENV)/bin/python -c 'from assets.step6_check.check_list import page; print(page(), end="")' \
		> docs/reference/checks.md

applications: $(VENV)/.installed
	$(VENV)/bin/python -m tests.documents.applications

dictionary: $(VENV)/.installed
	$(VENV)/bin/python -c 'from warehouse.versions import schema; print(schema.dictionary(), end="")' \
		> docs/reference/tables.md

ci:
	.ci/run

clean:
	rm -rf $(VENV) site .cache .venv-lock .venv-audit .venv-duckdb2 .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
