# `make demo` and `make test` are all it takes, from nothing but Python 3.11+ and make.
# Another Python: make PYTHON=python3.13 ... (after `make clean`, if .venv is there already).

PYTHON ?= python3
BIN := .venv/bin
ETC := /etc/watcher
UNITS := /etc/systemd/system
COMPILE := uv pip compile --quiet --universal --python-version 3.11.2 --generate-hashes \
	--no-header --no-annotate --no-emit-index-url --no-emit-find-links

.PHONY: help demo test run install lint types lock clean .venv

help:  ## list the targets
	@sed -n 's/^\([a-z.]*\):[^#]*## /\1	/p' $(firstword $(MAKEFILE_LIST)) | expand -t 8

demo: .venv  ## the whole watcher against a bundled EDGAR: no network, no account
	$(BIN)/watcher demo

test: lint types  ## everything that CI checks
	$(BIN)/pytest -n 2

run: .venv  ## the real daemon; asks for a first configuration if there is none
	@$(BIN)/python -c 'import os, pathlib, sys; from watcher.config import find; \
		sys.exit(not find(None, os.environ, pathlib.Path.cwd()).exists())' || $(BIN)/watcher init
	$(BIN)/watcher run

# Twice does no harm: a configuration that is there stays, and the secrets beside it are handed to the service anew.
install: .venv  ## the system's service, from a clone in /opt/watcher, as root: configuration in /etc/watcher
	@[ "$$(id -u)" = 0 ] || { echo 'make install is for root: sudo make install' >&2; exit 1; }
	@[ "$(CURDIR)" = /opt/watcher ] || { echo 'the service runs /opt/watcher/.venv: clone there, not $(CURDIR)' >&2; exit 1; }
	@[ -e $(ETC)/watcher.toml ] || $(BIN)/watcher init --config $(ETC)/watcher.toml
	chmod 644 $(ETC)/watcher.toml
	@$(BIN)/python -m compileall -q watcher # the service may not write here
	install -D -m 644 systemd/watcher.service $(UNITS)/watcher.service
	@mkdir -p $(UNITS)/watcher.service.d
	@{ echo '[Service]'; for secret in $(ETC)/*.url $(ETC)/*.secret; do \
		if [ -e "$$secret" ]; then echo "LoadCredential=$${secret##*/}:$$secret"; fi; done; } >$(UNITS)/watcher.service.d/secrets.conf
	systemctl daemon-reload
	systemctl enable watcher
	systemctl restart watcher || { journalctl --unit watcher --lines 8 --output cat --no-pager >&2; exit 1; }
	@echo 'It runs. How it is: sudo $(CURDIR)/$(BIN)/watcher status; its log: sudo journalctl -u watcher'

lint: .venv  ## style and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv  ## types, of the tests too
	$(BIN)/mypy

# The runtime's lock is held to the versions of the other, so that what is tested is what runs.
lock:  ## choose the newest versions that pyproject.toml allows (needs uv)
	@command -v uv >/dev/null || { echo 'make lock needs uv: see docs/development.md' >&2; exit 1; }
	$(COMPILE) --upgrade --extra dev -o requirements-dev.lock pyproject.toml
	$(COMPILE) --upgrade --constraint requirements-dev.lock -o requirements.lock pyproject.toml

clean:  ## remove what make and the tools made; configuration and store stay
	rm -rf .venv dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +

.venv: .venv/made

# The stamp is written last: an interrupted installation begins anew.
.venv/made: requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo 'Python 3.11 or newer is needed: "$(PYTHON)" is not. Name one that is: make PYTHON=python3.12 ...' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo '"$(PYTHON)" cannot make virtual environments (on Debian and Ubuntu: apt install python3-venv)' >&2; exit 1; }
	@echo 'making .venv, once: half a minute or so'
	@$(PYTHON) -m venv --clear .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
