# Gatehouse. `make` alone lists what there is to do. Needs Python 3.11 or newer and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
MANAGE := $(BIN)/python manage.py
UV := 0.13.9
PORT ?= 5000
ARGS ?=
RUNTIME := requirements.txt requirements-fakes.txt
# What `check --deploy` is asked about: a production installation, with secrets made for the check.
PRODUCTION = env -u DEMO -u DEBUG -u PACE STATE_DIR=$(abspath $(VENV))/check DATABASE_URL= \
	BASE_URL=https://gatehouse.example.com ALLOWED_HOSTS=gatehouse.example.com \
	EMAIL_BACKEND=django.core.mail.backends.smtp.EmailBackend METRICS_TOKEN= \
	SECRET_KEY=$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(64))') \
	ENCRYPTION_KEYS=$$($(BIN)/python -c \
		'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())')

.DEFAULT_GOAL := help
.PHONY: help install demo test mutants smoke chaos check bench fake-aws lock clean FORCE

help: ## list these targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | \
		while IFS="$$(printf '\t')" read -r name words; do printf '  %-10s %s\n' "$$name" "$$words"; done

install: FORCE $(VENV)/.python ## make the environment .venv anew, everything that tests need included
	@$(call install,requirements-dev.txt)
	@touch $(VENV)/.runtime $(VENV)/.dev

demo: $(VENV)/.runtime ## a whole company on this machine: DEMO_PORT=8000 DEMO_INFO=FILE; Ctrl-C ends it
	@exec $(MANAGE) demo

test: $(VENV)/.dev ## every test that can run here; ARGS= goes to pytest
	$(BIN)/python -m pytest -n auto --dist loadfile $(ARGS)

mutants: $(VENV)/.dev ## seeded defects: each must make its tests fail; ARGS='part of a name' --jobs 2
	@exec $(BIN)/python -m tests.mutants $(ARGS)

smoke: $(VENV)/.runtime ## the main job end to end without a browser (manage.py smoke --help)
	@exec $(MANAGE) smoke $(ARGS)

chaos: $(VENV)/.runtime ## real processes under every fault at once; ARGS=--small is for CI (docs/chaos.md)
	@exec $(BIN)/python -m tests.chaos $(ARGS)

check: $(VENV)/.dev ## lint, format, types, import contracts, migrations, deployment settings
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(MANAGE) makemigrations --check --dry-run
	$(BIN)/python -m tests.migration_rules
	$(PRODUCTION) $(MANAGE) check --deploy --fail-level WARNING

bench: $(VENV)/.dev ## what the engine costs, against what it must: ARGS="--json FILE --only NAME --quick"
	@exec $(BIN)/python -m tests.bench $(ARGS)

fake-aws: $(VENV)/.runtime ## the fake AWS and its ConfigMap server on PORT=5000; Ctrl-C ends them
	@exec $(BIN)/python -m tests.fakes --port $(PORT) --human --watch

lock: $(VENV)/.dev ## compile the hashed requirements files anew
	@for name in requirements requirements-fakes requirements-dev; do \
		$(BIN)/uv pip compile --quiet --generate-hashes --python-version 3.11 --no-emit-find-links \
			--no-emit-index-url --custom-compile-command 'make lock' $(ARGS) \
			$$name.in -o $$name.txt || exit 1; done

clean: ## remove the environment, the demo's data and every cache
	rm -rf $(VENV) .state/demo staticfiles .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The environment: made once, filled again only when a requirements file changes.

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "Gatehouse needs Python 3.11 or newer; \`$(PYTHON)\` is not. Try: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 1; }
	@echo "Making the environment $(VENV) …"
	@$(PYTHON) -m venv $(VENV) || \
		{ rm -rf $(VENV); echo "Python cannot make environments here. On Debian: apt-get install python3-venv"; exit 1; }
	@touch $@

$(VENV)/.runtime: $(VENV)/.python $(RUNTIME)
	@$(call install,$(RUNTIME))
	@touch $@

$(VENV)/.dev: $(VENV)/.python requirements-dev.txt
	@$(call install,requirements-dev.txt)
	@touch $(VENV)/.runtime $@

# uv is about ten times as fast; where it cannot be had, pip reads the same hashed files.
define install
echo "Installing $(1) …"; \
if [ -x $(BIN)/uv ] || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV); then \
	VIRTUAL_ENV=$(abspath $(VENV)) $(BIN)/uv pip install --quiet --compile-bytecode --require-hashes \
		$(addprefix -r ,$(1)) && exit 0; \
	echo "uv could not; trying pip."; \
fi; \
$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes \
	$(addprefix -r ,$(1)) || exit 1
endef
