# Two commands matter: `make run` and `make test`. Each installs what it needs first, once.
.DEFAULT_GOAL := help
SHELL := /bin/sh

VENV := .venv
BIN := $(VENV)/bin
# The first Python found that TensorFlow has wheels for
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
	"$$p" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1 && echo "$$p" && break; done)
# Named after what is installed: a changed requirements.txt installs again, anything else does not
STAMP := $(VENV)/installed-$(shell cksum < requirements.txt | tr ' ' '-')
# The same for the tools that look at JavaScript and CSS. Only `make lint` and `make format` need Node.
NODE_STAMP := node_modules/installed-$(shell cksum < package-lock.json | tr ' ' '-')
UV ?= uv
# One more than this needs on two cores: tests wait for the servers and browsers that they start, and of both cores 71 % are used
JOBS ?= 3
TESTS ?= tests
PYTEST_ON = $(BIN)/python -m pytest -n $(JOBS) --dist worksteal
PYTEST = $(PYTEST_ON) $(PYTEST_OPTIONS) $(TESTS)
# Pictures, answers, rows, the choice of drawings, the gate, and what documentation says: most mistakes are seen here
QUICK = tests/test_architecture.py tests/infra/test_docs.py $(addprefix tests/recognizer/,imaging inference models review) \
	$(addprefix tests/training/,curation evaluation)

.PHONY: help run install quick test test-sqlite test-postgres test-js lint format messages bench chaos mutants material requirements sbom clean

help:  ## Say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

run: $(STAMP)  ## Set up and start on 127.0.0.1:8000 (PORT=8001 for another port)
	@exec $(BIN)/python -m digitre_site.launcher

install: $(STAMP)  ## Set up alone

quick: $(STAMP)  ## What takes under a minute: style, and the tests of what is pure
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(PYTEST_ON) -q -m "not (tensorflow or processes or browser or mnist or node or docker or slow)" $(QUICK)

test: test-sqlite test-postgres  ## Set up and test, on SQLite and on PostgreSQL

test-sqlite: $(STAMP)
	$(PYTEST) -m "not postgres"

# What touches rows alone (tests/support/two_databases.py); the pages in a browser ask the same API: once is enough for them
test-postgres: $(STAMP)
	$(BIN)/python tests/support/postgres_server.py $(PYTEST) -m "not sqlite and not browser"

test-js:  ## The pages' modules alone, in Node (make test runs them too, where there is one)
	node --test tests/js/*.test.js

lint: $(STAMP) $(NODE_STAMP)  ## Style, types, templates and the images' recipe (needs npm)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/djlint templates --lint --quiet
	DEBUG=on DIGITRE_VAR_DIR=$(CURDIR)/$(VENV)/test-var $(BIN)/mypy
	$(BIN)/hadolint docker/Dockerfile
	node_modules/.bin/biome check --error-on-warnings static tests/js *.json *.jsonc
	node_modules/.bin/tsc -p jsconfig.json
	node_modules/.bin/tsc -p jsconfig.worker.json
	node_modules/.bin/tsc -p tests/js/jsconfig.json

format: $(STAMP) $(NODE_STAMP)  ## Rewrite the code in the house style (needs npm)
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .
	node_modules/.bin/biome check --write static tests/js *.json *.jsonc

messages: $(STAMP)  ## Bring the catalogues of other languages up to date, and compile them
	DEBUG=on DIGITRE_VAR_DIR=$(CURDIR)/$(VENV)/test-var PYTHONPATH=. $(BIN)/python -m tests.support.catalogues

bench: $(STAMP)  ## Measure: accuracy on the exams; what calls cost, into docs/benchmarks.md
	DEBUG=on $(BIN)/python -m bench

chaos: $(STAMP)  ## Kill, freeze, fill and cut everything under load for a quarter of an hour, and write docs/faults.md
	$(BIN)/python -m bench.chaos --write

mutants: $(STAMP)  ## See whether tests notice small changes of the pure modules (MODULE=gate for one)
	nice -n 19 $(BIN)/python -m tests.mutants $(MODULE)

material:  ## Fetch the handwriting fonts and icons that train_baseline draws from (needs npm)
	for kind in fonts icons; do npm install --no-save --no-package-lock --no-audit --no-fund \
		--prefix var/data/$$kind $$(cat training/data/sources/$$kind.txt) || exit 1; done

requirements:  ## Pin again what requirements*.in ask for, each file of a package with its hash
	@command -v $(UV) >/dev/null || { echo "This needs uv: https://docs.astral.sh/uv/"; exit 1; }
	for part in -web -tracing -worker ""; do $(UV) pip compile -q --universal --python-version 3.11 --no-header --generate-hashes \
		requirements$$part.in -o requirements$$part.txt || exit 1; done

sbom: $(STAMP)  ## List what the images carry, in CycloneDX: var/sbom-web.json, var/sbom-worker.json
	@mkdir -p var
	for image in web worker; do $(BIN)/cyclonedx-py requirements requirements-$$image.txt \
		--output-reproducible --of JSON -o var/sbom-$$image.json || exit 1; done

clean:  ## Remove the virtual environment and caches; var/ and its drawings stay
	rm -rf $(VENV) node_modules .pytest_cache .ruff_cache .mypy_cache .hypothesis

# Nothing is compiled ahead: it took half of the time, and most of it is never loaded
$(STAMP): requirements.txt
	@test -n "$(PYTHON)" || { echo "Digitre needs Python 3.11, 3.12 or 3.13 (TensorFlow has no wheels for others yet)."; \
		echo "Install one, or name it: make run PYTHON=/path/to/python3.12"; exit 1; }
	@echo "Setting up .venv with $(PYTHON), once: 850 MB to download, 3 GB on disk, a few minutes."
	@test -x $(BIN)/python || "$(PYTHON)" -m venv $(VENV) || { rm -rf $(VENV); \
		echo "Making .venv failed. On Debian and Ubuntu: apt install python3-venv, then try again."; exit 1; }
	@$(BIN)/python -m pip install --disable-pip-version-check --no-compile --require-hashes -r requirements.txt || { \
		echo "Installing failed; the lines above say where. Check the network and the disk, then run the same command again:"; \
		echo "what was downloaded is kept."; exit 1; }
	@rm -f $(VENV)/installed-*
	@touch $@

$(NODE_STAMP): package-lock.json
	@command -v npm >/dev/null || { echo "Linting JavaScript and CSS needs npm, which comes with Node 18 or newer"; \
		echo "(https://nodejs.org; on Debian and Ubuntu: apt install npm). Running and testing Digitre does not."; exit 1; }
	@npm ci --no-audit --no-fund --loglevel=error
	@touch $@
