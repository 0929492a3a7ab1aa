# make quickstart   environment in .venv, then CoLaDa English -> German on the bundled corpora
# make test         environment, checks, tests
# make up           Prefect server, workers, deployments of the configurations whose files are here, pages of the store

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
STORE  ?= $(or $(CROSSTAG_STORE),store)
export CROSSTAG_STORE := $(STORE)

.PHONY: quickstart test test-all mutations check bench up environment format bundled-encoder

environment: $(READY)

# Torch first: an index that has a CPU build serves it by this exact pin. An old pip (Debian 12 has 23.0) would build packages
# by setup.py in this environment, where seqeval's finds a setuptools that no longer serves it: hence --use-pep517.
# Without bytecode: of 24,000 files a third is ever imported here, and Python makes theirs when it is.
$(READY): constraints.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Crosstag needs Python 3.11 or newer; name one with PYTHON=")'
	@echo "installing into $(VENV): 2.5 GB of packages; it takes some minutes, and pip says nothing meanwhile"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --constraint constraints.txt torch
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --constraint constraints.txt --use-pep517 --editable '.[cpu,align,chinese,japanese,thai,spacy,server,dev]'
	touch $@

quickstart: environment
	$(BIN)/crosstag run configs/quickstart.yaml

check: environment
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Three processes, as they wait for servers half of the time; each loads torch and has a Prefect server of its own.
SIDE_BY_SIDE := --numprocesses 3 --dist loadfile

test: check
	$(BIN)/pytest $(SIDE_BY_SIDE)

test-all: check
	$(BIN)/pytest -m '' $(SIDE_BY_SIDE)
	$(BIN)/python -m tests.mutations --minutes 60

mutations: environment
	$(BIN)/python -m tests.mutations --minutes 60

bench: environment
	$(BIN)/python -m tests.benchmarks

# The encoder that comes along, made again: 15 minutes. Its bytes are frozen; a test says so when they change.
bundled-encoder: environment
	$(BIN)/python -m tasks.encoding.bundled tasks/corpus/sample/encoder

format: environment
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The server keeps its database in PREFECT_HOME; stop everything with ctrl-c. DATA: a folder with corpora of yours.
up: environment
	$(BIN)/python -m flows.commands.up $(if $(DATA),--data "$(DATA)")
